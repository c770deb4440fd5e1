"""
Counts of refused requests, by source and reason.

Stored in the hash of the source (`keys.source`): ``refused:<reason>``, and ``refused`` for bad
signatures. A thread writes them, so that no answer waits for the store; counts not yet written when
the process ends are lost.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from types import MappingProxyType
from typing import Final

import redis

from workers.errors import StoreUnavailable
from workers.store import keys
from workers.store.complaint import Complaint
from workers.store.connection import guarded

UNKNOWN: Final = "(unknown)"  # requests that name no source; not a valid name
REASONS: Final = MappingProxyType(
    {
        "refused": "the proof is bad or missing",
        "not-found": "no such source, or a wrong path token",
        "method": "another method",
        "too-large": "larger than max_body",
        "late": "not whole in time",
        "incomplete": "cut off, or its framing is malformed",
        "malformed": "no request that could be a delivery",
        "busy": "no room for its body, or no thread in time",
    }
)
_PAUSE = 0.1  # s between writes, so that a flood of refusals is a few commands
_AWAY = 1.0  # s between attempts while the store is unavailable

_log = logging.getLogger(__name__)


class Refusals:
    """The counts of one process. Only its thread uses *client*."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._counts: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()
        self._some = threading.Event()
        self._thread: threading.Thread | None = None
        self._away = Complaint(_log, "refusals not counted yet")

    def count(self, source: str, reason: str) -> None:
        """Count one refusal without waiting; *source* is one of instep.toml, or UNKNOWN."""
        with self._lock:
            self._counts[source, reason] += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="refusals", daemon=True)
                self._thread.start()
        self._some.set()

    def _run(self) -> None:
        rest = threading.Event()
        while self._some.wait():
            self._some.clear()
            try:
                self.flush()
                self._away.over()
            except StoreUnavailable as error:
                self._away.tell(str(error))
                self._some.set()
                rest.wait(_AWAY)
            rest.wait(_PAUSE)

    def flush(self) -> None:
        """Write the counts; if that raises StoreUnavailable, they are kept."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        try:
            with guarded(), self._client.pipeline(transaction=True) as pipeline:
                for (source, reason), times in counts.items():
                    pipeline.hincrby(keys.source(source), f"refused:{reason}", times)
                    if reason == "refused":
                        pipeline.hincrby(keys.source(source), "refused", times)
                pipeline.execute()
        except StoreUnavailable:
            with self._lock:
                self._counts.update(counts)
            raise


def by_reason(held: dict[str, str]) -> dict[str, int]:
    """Return reason → refusals, from the hash of a source."""
    return {
        reason: int(held[f"refused:{reason}"]) for reason in REASONS if f"refused:{reason}" in held
    }
