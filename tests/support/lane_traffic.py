"""Who comes for slots of one budget, in which lane, and what they get: minutes within a second."""

import heapq
import random

from workers.config.settings import Destination
from workers.store.rate_limiter import Limiter
from workers.store.scripts import Steps

MINUTE = 60.0


class Caller:
    """
    Somebody who takes slots in one lane, by a destination of its own.

    Args:
        gaps: Yields the seconds between two moments at which it wants a slot; 0: always.
    """

    def __init__(self, lane, limit, gaps):
        self.lane = lane
        self.destination = Destination(f"by-{lane}", "v2", "t", requests_per_minute=limit)
        self._gaps = gaps
        self.wanted = 0.0
        self.slots, self.waits = [], []

    def take(self, limiter, now):
        """Return the second at which it comes next."""
        if wait := limiter.take(self.destination, self.lane):
            return now + wait
        self.slots.append(now)
        self.waits.append(now - self.wanted)
        self.wanted = max(now, self.wanted + next(self._gaps))
        return self.wanted


def always():
    while True:
        yield 0.0


def now_and_then(mean, *, seed=7):
    chance = random.Random(seed)  # noqa: S311
    while True:
        yield chance.expovariate(1 / mean)


def drive(store, limit, seconds, **lanes):
    """Let a caller per lane take slots for so many *seconds*; return them by lane."""
    steps = Steps(store)
    limiter, callers = Limiter(steps), {}
    for lane, gaps in lanes.items():
        callers[lane] = Caller(lane, limit, gaps)
    coming = [(0.0, lane) for lane in sorted(callers)]
    base = clock(store)
    while True:
        at, lane = heapq.heappop(coming)
        if at > seconds:
            return callers
        # The store's clock runs on by itself; what it lacks is added.
        steps.clock_offset_ms += max(0, round(at * 1000 - clock(store, steps) + base))
        now = (clock(store, steps) - base) / 1000
        heapq.heappush(coming, (callers[lane].take(limiter, now), lane))


def clock(store, steps=None):
    seconds, micros = store.time()
    return seconds * 1000 + micros / 1000 + (steps.clock_offset_ms if steps else 0)


def fewest_in_a_minute(slots, *, since, till):
    """Return the fewest of *slots* in any whole minute between the two seconds."""
    starts = [since, *(s + 0.001 for s in slots if since < s < till - MINUTE)]
    return min(sum(1 for s in slots if start <= s < start + MINUTE) for start in starts)


def most_in_a_minute(slots):
    return max(
        sum(1 for later in slots[i:] if later < slot + MINUTE) for i, slot in enumerate(slots)
    )
