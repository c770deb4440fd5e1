"""
When a scheduled reconcile is due: by its interval or time of day, and again after a failed or
killed run. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

WAITS = (60.0, 300.0, 900.0, 3600.0)  # s before a failed run is tried again, by the number of tries
TRIES = len(WAITS) + 1  # for one due time; then the next one applies
_SKEW = timedelta(minutes=5)  # allowed between the clocks of two machines; more: one was set


class Times(Protocol):
    """When something is due: a reconcile of instep.toml, or a pull."""

    @property
    def every(self) -> float | None:
        """Seconds between two starts."""

    @property
    def at(self) -> str | None:
        """Time of day, ``HH:MM``."""

    @property
    def timezone(self) -> str:
        """Of `at`."""


@dataclass(frozen=True, slots=True)
class LastRun:
    """
    The known runs of a collection.

    Args:
        seen: When the schedule first saw the collection.
        turn: When it last started a run.
        tries: Number of starts for the same due time.
        began, ended: Of the last run that took its lock, scheduled or not.
        scheduled: That run was started by the schedule.
        asked: When an operator approved what it was held for: it goes on at once.
        state: "done", "held" or "failed"; empty: it has not ended.
    """

    seen: datetime | None = None
    turn: datetime | None = None
    tries: int = 0
    began: datetime | None = None
    ended: datetime | None = None
    scheduled: bool = False
    state: str = ""
    asked: datetime | None = None

    @property
    def is_asked_for(self) -> bool:
        """Whether no run began since an operator asked for one."""
        return self.asked is not None and (self.began is None or self.began < self.asked)


def due_at(settings: Times, last: LastRun, now: datetime) -> datetime | None:
    """
    Return when the next run is due; None: never by itself.

    A due time that passed while nothing ran is made up for once.
    """
    regular = regular_at(settings, last, now)
    if regular is None:
        return None
    if last.is_asked_for:
        return min(now, regular)
    again = again_at(last)
    return regular if again is None else min(regular, again)


def regular_at(settings: Times, last: LastRun, now: datetime) -> datetime | None:
    """Return when the next run is due by ``every`` or ``at``; None: it has neither."""
    # A manual run counts if it completed, or if no other is known.
    whole = last.ended is not None and last.state != "failed"
    counts = last.turn is None or (whole and not last.scheduled)
    runs = [each for each in (last.turn, last.began if counts else None) if each is not None]
    if settings.every is not None:
        if not runs or max(runs) > now + _SKEW:  # by a clock that was set since
            return now
        return max(runs) + timedelta(seconds=settings.every)
    if settings.at is None:
        return None
    known = [*runs, *([last.seen] if last.seen else [])]
    # Without those by a clock that was set since: behind them no time of day would ever be due.
    sane = [each for each in known if each <= now + _SKEW]
    if known and not sane:
        return now
    after = min(now, max(sane, default=now))
    return _next_day_time(settings.at, after.astimezone(ZoneInfo(settings.timezone)))


def _next_day_time(at: str, after: datetime) -> datetime:
    """Return the next time *at* after *after*, by the clocks on the wall there."""
    hour, _, minute = at.partition(":")
    due = after.replace(hour=int(hour), minute=int(minute), second=0, microsecond=0)
    due = due if due > after else due + timedelta(days=1)
    return due.astimezone(UTC)


def again_at(last: LastRun) -> datetime | None:
    """Return when to retry the last run; None: it completed, or was tried often enough."""
    turn, began, ended = last.turn, last.began, last.ended
    by_hand = not last.scheduled and began is not None and turn is not None and began > turn
    if turn is None or by_hand or last.tries >= TRIES:
        return None
    if ended is None or ended < turn:  # killed: the first time at once
        return turn + timedelta(seconds=WAITS[last.tries - 2] if last.tries > 1 else 0.0)
    return ended + timedelta(seconds=WAITS[last.tries - 1]) if last.state == "failed" else None
