"""Times as JSON shows them, and as people write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

SINCE: Final = "a time with its offset, such as 2026-05-12T09:30:00Z, or 30m, 2h, 3d"
_AGO: Final = re.compile(r"([0-9]{1,6})([mhd])")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}


def moment(ms: float | None) -> str | None:
    """Return *ms* since 1970 as text in UTC, to the second; None: None."""
    if ms is None:
        return None
    return at(datetime.fromtimestamp(ms / 1000, UTC))


def at(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def since_of(text: str, *, now: datetime | None = None) -> datetime | None:
    """
    Return the time that *text* names, or so long ago; None: it is neither (`SINCE`).

    Args:
        now: Before which a duration counts; None: the time of this machine.
    """
    try:
        if found := _AGO.fullmatch(text):
            return (now or datetime.now(UTC)) - timedelta(**{_UNITS[found[2]]: int(found[1])})
        # A + that was not percent-encoded comes as a blank.
        moment = datetime.fromisoformat(text.replace(" ", "+"))
        moment.timestamp()
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else None
