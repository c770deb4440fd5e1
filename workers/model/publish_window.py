"""When a destination may publish: a window of the day, in its time zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo


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
    opens, closes = window.split("-")
    local = datetime.fromtimestamp(now, UTC).astimezone(ZoneInfo(zone))
    at = f"{local:%H:%M}"
    inside = opens <= at < closes if opens < closes else at >= opens or at < closes
    if inside:
        return 0.0
    hour, minute = map(int, opens.split(":"))
    first = local.replace(hour=hour, minute=minute, second=0, microsecond=0)
    if first <= local:
        first += timedelta(days=1)
    # In UTC: of two times of one zone, what clocks show is subtracted, whatever changes between.
    return (first.astimezone(UTC) - local.astimezone(UTC)).total_seconds()
