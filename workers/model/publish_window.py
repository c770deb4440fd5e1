"""When a destination may publish: a window of the day, in its time zone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAYS = 3  # a window that the clocks leave out opens on the next day, and that may be tomorrow


def closed_for(window: str, zone: str, now: float) -> float:
    """
    Return the seconds until *window* opens; 0.0: it is open.

    Args:
        window: ``"06:00-22:00"``, or over midnight ``"22:00-06:00"``; "": always.
        zone: Name of the time zone that it means.
        now: Seconds since 1970.
    """
    if not window:
        return 0.0
    local = datetime.fromtimestamp(now, UTC).astimezone(ZoneInfo(zone))
    if _is_open(window, local):
        return 0.0
    # In UTC: of two times of one zone, what clocks show is subtracted, whatever changes between.
    since = (first.timestamp() - now for first in _openings(window, local))
    return min(seconds for seconds in since if seconds > 0)


def _is_open(window: str, local: datetime) -> bool:
    opens, closes = window.split("-")
    at = f"{local:%H:%M}"
    return opens <= at < closes if opens < closes else at >= opens or at < closes


def _openings(window: str, local: datetime) -> Iterator[datetime]:
    """Yield when *window* opens from the day of *local* on; in a doubled hour both times."""
    hour, minute = map(int, window.split("-")[0].split(":"))
    for day in range(DAYS):
        for fold in (0, 1):
            at = time(hour, minute, fold=fold)
            shown = datetime.combine(local + timedelta(days=day), at, local.tzinfo)
            # Of a time that is left out it is what clocks show instead.
            first = shown.astimezone(UTC).astimezone(local.tzinfo)
            if _is_open(window, first):
                yield first
