"""Times and time zones in ``instep.toml``."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def moment(value: Any) -> datetime | None:
    """
    Return the instant in *value*, a text or TOML datetime; None if invalid or without an offset.
    """
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    return value if isinstance(value, datetime) and value.tzinfo is not None else None


def is_zone(value: Any) -> bool:
    if not isinstance(value, str) or not value:
        return False
    try:
        ZoneInfo(value)
    # OSError: the name of a directory of zones, such as "Europe".
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
