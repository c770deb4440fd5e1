"""Times and time zones as they stand in ``instep.toml``."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def moment(value: Any) -> datetime | None:
    """Return the instant that *value* names, as text or as TOML's own; None: none, or no offset."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    return value if isinstance(value, datetime) and value.tzinfo is not None else None


def is_zone(value: Any) -> bool:
    """Tell whether *value* names a time zone that this system knows."""
    if not isinstance(value, str) or not value:
        return False
    try:
        ZoneInfo(value)
    # An OSError: the name of a folder of zones, such as "Europe".
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
