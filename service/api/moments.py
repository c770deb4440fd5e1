"""Times in parameters."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from marshmallow import ValidationError, fields

from service.operate.durations import EXPECTED as EXPECTED_DURATION
from service.operate.durations import FORM, seconds_of

_DURATION: Final = re.compile(r"([0-9]{1,6})([mhd])")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}
EXPECTED: Final = "Not a time with its offset, such as 2026-05-12T09:30:00Z, and not 30m, 2h or 3d."


class Since(fields.Field[datetime]):
    """A time with its offset, or a duration before now."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        if not isinstance(value, str):
            raise ValidationError(EXPECTED)
        try:
            if found := _DURATION.fullmatch(value):
                ago = timedelta(**{_UNITS[found[2]]: int(found[1])})
                return datetime.now(UTC) - ago
            # A + that was not percent-encoded comes as a blank.
            moment = datetime.fromisoformat(value.replace(" ", "+"))
            moment.timestamp()
        except (ValueError, OverflowError):
            raise ValidationError(EXPECTED) from None
        if moment.tzinfo is None:
            raise ValidationError(EXPECTED)
        return moment


def since() -> Since:
    """Return the parameter ``since``."""
    told = "A time with its offset, or how long ago: 30m, 2h, 3d."
    return Since(
        load_default=None, metadata={"type": "string", "format": "date-time", "description": told}
    )


class Duration(fields.String):
    """Seconds, as 90s, 30m, 2h or 3d."""

    def __init__(self, *, metadata: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(metadata={"pattern": FORM, **metadata}, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        seconds = seconds_of(super()._deserialize(value, attr, data, **kwargs))
        if seconds is None:
            raise ValidationError(f"Not {EXPECTED_DURATION}.")
        return seconds
