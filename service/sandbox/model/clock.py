"""The stand-in's own clock: a source of time, and an offset."""

from __future__ import annotations

from collections.abc import Callable

FARTHEST = 50 * 365 * 86_400  # seconds of offset: dates, headers and signatures still work
LONGEST = 30 * 86_400  # seconds of a wait, far below the largest timeout of a lock


class Clock:
    """
    The stand-in's time, in seconds since 1970.

    Args:
        source: The true time. Faults and counts use it, so that a jump ends none of them.
        offset: Seconds that the stand-in is ahead, or, below 0, behind.
    """

    def __init__(self, source: Callable[[], float], offset: float = 0.0) -> None:
        self.source = source
        self.offset = offset

    def __call__(self) -> float:
        return self.source() + self.offset
