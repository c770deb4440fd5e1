"""The stand-in's own clock: a source of time, and how far the stand-in is off it."""

from __future__ import annotations

from collections.abc import Callable

FARTHEST = 50 * 365 * 86_400  # seconds of an offset: dates, headers and signatures can still say it
LONGEST = 30 * 86_400  # seconds of a wait, far below what a lock can time


class Clock:
    """
    Seconds since 1970, as the stand-in sees them.

    Args:
        source: The true time. Faults and counts go by it, so that none ends by a jump.
        offset: Seconds that the stand-in is ahead, or, below 0, behind.
    """

    def __init__(self, source: Callable[[], float], offset: float = 0.0) -> None:
        self.source = source
        self.offset = offset

    def __call__(self) -> float:
        return self.source() + self.offset
