"""Times in parameters."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from marshmallow import ValidationError, fields

from service.operate.durations import EXPECTED as EXPECTED_DURATION
from service.operate.durations import FORM, seconds_of
from service.operate.moments import since_of

EXPECTED: Final = "Not a time with its offset, such as 2026-05-12T09:30:00Z, and not 30m, 2h or 3d."


class Since(fields.Field[datetime]):
    """A time with its offset, or a duration before now."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        moment = since_of(value) if isinstance(value, str) else None
        if moment is None:
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
