"""
When a source that usually sends has fallen silent.

The counters of each source are sampled about once a minute. Of each of the last days the longest
time without a delivery is kept; so a night is usual for a source that rests at night, and a
weekend for one that rests at weekends. A source is silent once it has sent nothing for clearly
longer than ever in that time. Days are those of UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

EVERY: Final = 60.0  # s between two samples
HOLE: Final = 300.0  # s without a sample, after which counting begins anew
DAYS: Final = 8  # that are kept: a weekend is in them until the next one is over
ENOUGH_DAYS: Final = 8.0  # of observation, before anything is said
SENDING_DAYS: Final = 4  # of those that are kept, on which it must have sent something
TIMES: Final = 1.5  # as long as the longest time is not usual
LEAST: Final = 1800.0  # s: shorter times are never called silence


@dataclass(frozen=True, slots=True)
class Habit:
    """
    What is known of one source. Times are seconds since 1970.

    Args:
        count: Its deliveries at the last sample.
        sampled: When that was; *begun*: when the first was.
        last: When it was last seen to send; a sample is up to a minute late.
        longest: Day → the longest seconds without a delivery that ended on it.
    """

    count: int
    sampled: float
    begun: float
    last: float
    longest: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Silence:
    """A source that has sent nothing *since*; *usual*: its longest time until then, in seconds."""

    since: float
    usual: float


Habits = Mapping[str, Habit]


def sampled(habits: Habits, received: Mapping[str, int], now: float) -> Habits:
    """Return *habits* with a sample of *now*; sources that are no longer there are forgotten."""
    return {name: _sampled(habits.get(name), count, now) for name, count in received.items()}


def silence_of(habit: Habit, now: float) -> Silence | None:
    """Return the silence of a source at *now*, if any."""
    limit = _limit(habit, now)
    if limit is None or now - habit.last <= limit:
        return None
    return Silence(habit.last, max(habit.longest.values()))


def _sampled(habit: Habit | None, count: int, now: float) -> Habit:
    if habit is None or now < habit.sampled:
        return Habit(count, now, now, now)
    if now - habit.sampled > HOLE:
        # Nobody has looked: neither is what came meanwhile known, nor when.
        return replace(habit, count=count, sampled=now, last=now)
    if count == habit.count:
        return replace(habit, sampled=now)
    # A silence that was reported is not what is usual from now on.
    gap, limit = now - habit.last, _limit(habit, now)
    gap = gap if limit is None else min(gap, limit)
    today, oldest = _day(now), _day(now - timedelta(days=DAYS - 1).total_seconds())
    longest = {day: each for day, each in habit.longest.items() if day >= oldest}
    longest[today] = max(gap, longest.get(today, 0.0))
    return replace(habit, count=count, sampled=now, last=now, longest=longest)


def _limit(habit: Habit, now: float) -> float | None:
    """Return the seconds of silence that are still usual; None: not enough is known."""
    days = timedelta(days=ENOUGH_DAYS).total_seconds()
    if now - habit.begun < days or len(habit.longest) < SENDING_DAYS:
        return None
    return max(LEAST, TIMES * max(habit.longest.values()))


def _day(now: float) -> str:
    return datetime.fromtimestamp(now, UTC).date().isoformat()
