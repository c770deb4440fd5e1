"""
Holds back calls of the store while it is known to be away, or stops answering.

Otherwise a store that hangs would block every thread for a whole timeout. Deliveries that may not
wait go to the spool.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import count
from threading import Lock
from typing import Final

from workers.errors import StoreUnavailable

SOON: Final = 0.5  # s after which a call without an answer gives up; it may have taken effect
SILENT: Final = 0.25  # s without an answered call, after which no other may begin. A store that is
# only slow, as on a busy machine or disk, is not called silent: the detour costs more than a wait.


class StoreGate:
    """Admits calls to the store; safe to share between threads."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = Lock()
        self._tickets = count()
        self._inside: dict[int, float] = {}  # ticket → since when; the oldest first
        self._answered = float("-inf")
        self._reason: StoreUnavailable | None = None

    @property
    def reason(self) -> StoreUnavailable | None:
        """Why it is shut; None: it is open."""
        return self._reason

    def enter(self) -> int | None:
        """Return a ticket for one call of the store; None: the caller must not wait for it."""
        with self._lock:
            if self._reason or self._is_silent():
                return None
            ticket = next(self._tickets)
            self._inside[ticket] = self._monotonic()
            return ticket

    def leave(self, ticket: int) -> None:
        with self._lock:
            del self._inside[ticket]
            self._answered = self._monotonic()

    def shut(self, reason: StoreUnavailable) -> None:
        with self._lock:
            self._reason = reason

    def open(self) -> None:
        with self._lock:
            self._reason = None

    def _is_silent(self) -> bool:
        oldest = next(iter(self._inside.values()), None)
        if oldest is None:
            return False
        return self._monotonic() - max(oldest, self._answered) > SILENT
