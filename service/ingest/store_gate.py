"""
Limits the calls that wait for the store: none while it is known to be away or stops answering.

Otherwise a store that hangs would block every thread for a whole timeout. Deliveries that may not
wait go to the spool.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import count
from threading import Condition
from typing import Final

from workers.errors import StoreUnavailable

AT_ONCE: Final = 16  # calls of one process; concurrent ones share a round trip
SOON: Final = 0.5  # s after which a call without an answer gives up; it may have taken effect
SILENT: Final = 0.25  # s without an answered call, after which no other may begin. A store that is
# only slow, as on a busy machine or disk, is not called silent: the detour costs more than a wait.


class StoreGate:
    """Admits calls to the store; safe to share between threads."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._changed = Condition()
        self._tickets = count()
        self._inside: dict[int, float] = {}  # ticket → since when
        self._answered = float("-inf")
        self._reason: StoreUnavailable | None = None

    @property
    def reason(self) -> StoreUnavailable | None:
        """Why it is shut; None: it is open."""
        return self._reason

    def enter(self) -> int | None:
        """Return a ticket for one call of the store; None: the caller must not wait for it."""
        with self._changed:
            while not self._reason and not self._is_silent():
                if len(self._inside) < AT_ONCE:
                    ticket = next(self._tickets)
                    self._inside[ticket] = self._monotonic()
                    return ticket
                self._changed.wait(0.05)
            return None

    def leave(self, ticket: int) -> None:
        with self._changed:
            del self._inside[ticket]
            self._answered = self._monotonic()
            self._changed.notify()

    def shut(self, reason: StoreUnavailable) -> None:
        with self._changed:
            self._reason = reason
            self._changed.notify_all()

    def open(self) -> None:
        with self._changed:
            self._reason = None
            self._changed.notify_all()

    def _is_silent(self) -> bool:
        oldest = min(self._inside.values(), default=None)
        if oldest is None:
            return False
        return self._monotonic() - max(oldest, self._answered) > SILENT
