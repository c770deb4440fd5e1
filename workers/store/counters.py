"""
The counters that only rise, and what else metrics show beside the status.

The hash `keys.METRICS` has them all; the steps add to it as they move the state:

- ``values:<source>:<collection>:<fate>``: field values that came to that fate (``items.lua``)
- ``deliveries:<source>:<outcome>``: those that were not simply kept (``delivery.lua``)
- ``attempts:<collection>:<action>``: items in requests (``item_attempts.lua``)
- ``published:<collection>:<outcome>``: items (``settle_publish.lua``)
- ``writebacks:<name>:<outcome>``: what was told elsewhere (``settle_writebacks.lua``)
- ``pulls:<source>:<state>``: runs (``past_runs.py``)
- ``calls:<destination>:<kind>:<status>``: requests (``destination_health.lua``)
- ``fresh:<collection>:<copy>:<bound>`` (``freshness.lua``), ``ack:<source>:<bound>``
  (``histograms.py``): times

It has as many fields as the names of instep.toml make, and one without a name (``freshness.lua``);
none is of a key or of a payload.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import redis

from workers.store import keys
from workers.store.connection import guarded


@dataclass(frozen=True, slots=True)
class Counters:
    """One reading of all."""

    counts: Mapping[str, int] = field(default_factory=dict)  # `keys.METRICS`
    letters: Mapping[tuple[str, str], int] = field(default_factory=dict)  # (collection, kind) →
    workers: int = 0  # alive

    def of(self, kind: str) -> Iterator[tuple[list[str], int]]:
        """Yield the labels and the number of each counter of *kind*."""
        for name, number in sorted(self.counts.items()):
            first, _, rest = name.partition(":")
            if first == kind:
                yield rest.split(":"), number

    def histograms(self, kind: str) -> dict[tuple[str, ...], dict[str, int]]:
        """Return labels → bound → number, for each histogram of *kind*."""
        found: dict[tuple[str, ...], dict[str, int]] = {}
        for (*labels, bound), number in self.of(kind):
            found.setdefault(tuple(labels), {})[bound] = number
        return found


class CountersReader:
    """
    Reads the store at every scrape. In any thread.

    Args:
        workers: Returns the number of live workers.
    """

    def __init__(self, client: redis.Redis, workers: Callable[[], int]) -> None:
        self._client = client
        self._workers = workers
        self._letters: dict[str, tuple[str, str]] = {}  # open ones: they never change their kind

    def read(self) -> Counters:
        """Return the counters of now; StoreUnavailable if the store does not answer."""
        with guarded(), self._client.pipeline(transaction=True) as pipeline:
            pipeline.hgetall(keys.METRICS)
            pipeline.zrange(keys.LETTERS, 0, -1)
            counts, letters = pipeline.execute()
        return Counters(
            counts={name: int(number) for name, number in counts.items() if name},
            letters=self._kinds(letters),
            workers=self._workers(),
        )

    def _kinds(self, open_letters: list[str]) -> Counter[tuple[str, str]]:
        """Count *open_letters*; each is read once only, since there may be very many."""
        known = {id: self._letters[id] for id in open_letters if id in self._letters}
        new = [id for id in open_letters if id not in known]
        with guarded(), self._client.pipeline(transaction=False) as pipeline:
            for id in new:
                pipeline.hmget(keys.letter(id), "collection", "kind")
            for id, (collection, kind) in zip(new, pipeline.execute(), strict=True):
                if kind is not None:  # closed and dropped meanwhile
                    known[id] = (collection or "", kind)
        self._letters = known
        return Counter(known.values())
