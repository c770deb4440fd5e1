"""
Counts of refused requests, by source and reason, and the list of them.

Counted in the hash of the source (`keys.source`): ``refused:<reason>``, and ``refused`` for bad
signatures. A thread writes both, so that no answer waits for the store, and the end of the process
the rest; a kill loses what is not written yet.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from multiprocessing.util import Finalize
from types import MappingProxyType
from typing import Any, Final

import redis

from workers.errors import StoreUnavailable
from workers.store import keys, refusal_list
from workers.store.complaint import Complaint
from workers.store.counts_writer import Counts, CountsWriter
from workers.store.refusal_list import RefusalList, Refused

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
_TURN = 5.0  # s between attempts to write what waits for the rate of the list
_AWAY = 1.0  # s between attempts while the store is unavailable

_log = logging.getLogger(__name__)


class Refusals:
    """The refusals of one process. Only its thread uses *client*."""

    def __init__(self, client: redis.Redis) -> None:
        self._writer = CountsWriter(client, self._take)
        self._counts: Counter[tuple[str, str]] = Counter()
        self._list = RefusalList()
        self._lock = threading.Lock()
        self._some = threading.Event()
        self._thread: threading.Thread | None = None
        self._away = Complaint(_log, "refusals not counted yet")

    def count(self, source: str, reason: str) -> None:
        """Count one refusal without waiting; *source* is one of instep.toml, or UNKNOWN."""
        with self._lock:
            self._counts[source, reason] += 1
            self._start()
        self._some.set()

    def list(
        self,
        source: str,
        refused: Refused,
        checked: Callable[[], Mapping[str, Any]] = dict,
    ) -> None:
        """
        List one refusal without waiting.

        *checked*: Returns what was looked at; called only if the refusal is listed by itself, so
        that a flood costs little.
        """
        with self._lock:
            new = self._list.is_new(source, refused)
        found = checked() if new else {}
        with self._lock:
            self._list.add(source, refused, found)
            self._start()
        self._some.set()

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="refusals", daemon=True)
            self._thread.start()
            # Not atexit: processes that granian starts itself end by os._exit, after these.
            Finalize(self, self._finish, exitpriority=1)

    def _finish(self) -> None:
        try:
            self.flush()
        except StoreUnavailable as error:
            _log.warning("refusals lost", extra={"reason": str(error)})

    def _run(self) -> None:
        rest = threading.Event()
        # What may not be written yet waits for its turn, not for the next refusal.
        while self._some.wait(_TURN if self._list.waits else None) or self._list.waits:
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
        """Write what is new; if that raises StoreUnavailable, it is kept."""
        self._writer.flush()

    def _take(self) -> Counts:
        with self._lock:
            refused, self._counts = self._counts, Counter()
            causes, unlisted = self._list.take()
        counts: Counter[tuple[str, str]] = Counter()
        for (source, reason), times in refused.items():
            counts[keys.source(source), f"refused:{reason}"] += times
            if reason == "refused":
                counts[keys.source(source), "refused"] += times
        for source, times in unlisted.items():
            counts[keys.source(source), refusal_list.UNLISTED] += times
        return Counts(counts, [refusal_list.entry(cause) for cause in causes])


def by_reason(held: dict[str, str]) -> dict[str, int]:
    """Return reason → refusals, from the hash of a source."""
    return {
        reason: int(held[f"refused:{reason}"]) for reason in REASONS if f"refused:{reason}" in held
    }
