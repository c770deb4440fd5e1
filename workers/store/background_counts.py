"""
Counts that a thread writes to the store, so that no answer waits for them.

It writes at once, then once a second. At a normal stop the rest is written; a kill loses a second's
worth at most, and a store that is away at the stop all that came since it went. Nothing is counted
twice (``counts_writer.py``).
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from multiprocessing.util import Finalize

import redis

from workers.errors import StoreUnavailable
from workers.store.complaint import Complaint
from workers.store.counts_writer import Counts, CountsWriter

_PAUSE = 1.0  # s between writes

_log = logging.getLogger(__name__)


class BackgroundCounts:
    """The counts of one process. Only its thread, and the end of the process, use *client*."""

    def __init__(self, client: redis.Redis, *, pause: float = _PAUSE) -> None:
        self._writer = CountsWriter(client, self._take)
        self._pause = pause
        self._counts: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()
        self._some = threading.Event()
        self._thread: threading.Thread | None = None
        self._away = Complaint(_log, "counts not written yet")

    def add(self, *counts: tuple[str, str, int]) -> None:
        """Add to fields of hashes, (key, field, number) each, without waiting."""
        with self._lock:
            for key, field, number in counts:
                self._counts[key, field] += number
            if self._thread is None:
                self._start()
        if not self._some.is_set():
            self._some.set()

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="counts", daemon=True)
        self._thread.start()
        # Not atexit: processes that granian starts itself end by os._exit, after these.
        Finalize(self, self._finish, exitpriority=1)

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
            rest.wait(self._pause)

    def _finish(self) -> None:
        try:
            self.flush()
        except StoreUnavailable as error:
            _log.warning("counts lost", extra={"reason": str(error)})

    def flush(self) -> None:
        """Write the counts; if that raises StoreUnavailable, they are kept."""
        self._writer.flush()

    def _take(self) -> Counts:
        with self._lock:
            counts, self._counts = self._counts, Counter()
        return Counts(counts)
