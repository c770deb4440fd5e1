"""Times and time zones in ``instep.toml``."""

from __future__ import annotations

import re
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


_TIME = r"(?:[01]\d|2[0-3]):[0-5]\d"


def is_window(value: Any) -> bool:
    """Tell whether *value* is ``"HH:MM-HH:MM"``, of two times, or empty: always."""
    if value == "":
        return True
    found = re.fullmatch(f"({_TIME})-({_TIME})", value) if isinstance(value, str) else None
    return found is not None and found[1] != found[2]
