"""
Who may wait for the store: nobody, while it is known to be away or does not answer those who do.

A store that hangs would else hold every thread for as long as a call may take; its deliveries are
for the spool.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import count
from threading import Condition
from typing import Final

from workers.errors import StoreUnavailable

AT_ONCE: Final = 8  # calls of one process; concurrency is what lets writes share an fsync
SOON: Final = 0.25  # s after which a call that has no answer gives up; it may have been carried out
SILENT: Final = 0.1  # s in which no call was answered, so that nobody else begins one; or, where
USUAL: Final = 3  # times as long as calls take is longer, as on a slow disk or a busy machine, that
FADES: Final = 0.9  # of what a call took, with each one that took less


class StoreGate:
    """
    Safe to share between threads.

    Args:
        monotonic: Seconds that only rise.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._changed = Condition()
        self._tickets = count()
        self._inside: dict[int, float] = {}  # ticket → since when
        self._answered = float("-inf")
        self._usual = 0.0  # s that calls take
        self._reason: StoreUnavailable | None = None

    @property
    def reason(self) -> StoreUnavailable | None:
        """Why it is shut; None: it is open."""
        return self._reason

    def enter(self) -> int | None:
        """Return a ticket for one call of the store; None: it is not to be waited for."""
        with self._changed:
            while not self._reason and not self._is_silent():
                if len(self._inside) < AT_ONCE:
                    ticket = next(self._tickets)
                    self._inside[ticket] = self._monotonic()
                    return ticket
                self._changed.wait(0.05)
            return None

    def leave(self, ticket: int) -> None:
        """The call of *ticket* has ended."""
        with self._changed:
            now = self._monotonic()
            took = now - self._inside.pop(ticket)
            if self._reason is None:  # else it has failed, and says nothing of those that do not
                self._usual = max(took, FADES * self._usual)
            self._answered = now
            self._changed.notify()

    def shut(self, reason: StoreUnavailable) -> None:
        """Let nobody in until it is opened."""
        with self._changed:
            self._reason = reason
            self._changed.notify_all()

    def open(self) -> None:
        """Let calls in."""
        with self._changed:
            self._reason = None
            self._changed.notify_all()

    def _is_silent(self) -> bool:
        oldest = min(self._inside.values(), default=None)
        if oldest is None:
            return False
        bound = min(SOON, max(SILENT, USUAL * self._usual))
        return self._monotonic() - max(oldest, self._answered) > bound
