"""
An estimate of the store's clock while the store cannot be asked.

Never ahead of it, and never behind any time at which the store has answered this process: new
deliveries get a later time than all that were accepted before, however the clocks differ.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class StoreClock:
    """
    Safe to share between threads.

    Args:
        monotonic: Monotonic seconds; the wall clock may be set meanwhile.
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
        self._ahead: int | None = None  # lower bound, µs ahead of the monotonic clock

    def begin(self) -> int:
        """Return the time for `observe`, before asking the store."""
        return self._now()

    def observe(self, began: int, store_us: int) -> None:
        """Record that the store, asked at *began*, has just answered *store_us*."""
        with self._lock:
            least, most = store_us - self._now(), store_us - began
            # Above *most*: its clock was set back, or it is another store.
            known = self._ahead is not None and self._ahead <= most
            self._ahead = max(self._ahead or least, least) if known else least

    def now_us(self) -> int | None:
        """Return the store's time, µs since 1970; None: it has never answered this process."""
        with self._lock:
            return None if self._ahead is None else self._now() + self._ahead

    def at(self, wall_us: int) -> int:
        """Convert *wall_us*, of this machine's clock, to the store's clock."""
        now = self.now_us()
        return wall_us if now is None else now - (int(self._wall() * 1e6) - wall_us)

    def _now(self) -> int:
        return int(self._monotonic() * 1e6)
