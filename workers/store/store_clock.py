"""
The store's clock, told by a process that cannot ask it just now.

Never later than it is, and never earlier than any time at which the store is known to have answered
this process: so what comes stands behind what was accepted before, however the two clocks differ.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class StoreClock:
    """
    Safe to share between threads.

    Args:
        monotonic: Seconds that only rise; the clock of the machine may be set anew meanwhile.
        wall: Seconds since 1970.
    """

    def __init__(
        self,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._monotonic = monotonic
        self._wall = wall
        self._lock = threading.Lock()
        self._ahead: int | None = None  # µs, of the monotonic clock, at least

    def begin(self) -> int:
        """Return the time to hand to `observe` once the store has answered."""
        return self._now()

    def observe(self, began: int, store_us: int) -> None:
        """The store, asked at *began*, said just now that it was *store_us*."""
        with self._lock:
            least, most = store_us - self._now(), store_us - began
            # Above *most* it has been set back since, or is another store's.
            known = self._ahead is not None and self._ahead <= most
            self._ahead = max(self._ahead or least, least) if known else least

    def now_us(self) -> int | None:
        """Return µs since 1970 by the store's clock; None: it never answered this process."""
        with self._lock:
            return None if self._ahead is None else self._now() + self._ahead

    def at(self, wall_us: int) -> int:
        """Return what it was by the store's clock when it was *wall_us* by that of this machine."""
        now = self.now_us()
        return wall_us if now is None else now - (int(self._wall() * 1e6) - wall_us)

    def _now(self) -> int:
        return int(self._monotonic() * 1e6)
