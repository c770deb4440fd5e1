"""Formats of times and days that senders use and marshmallow does not read."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo

from marshmallow import ValidationError, fields

from service.senders.timestamps import moment

EXPECTED: Final = "a time: RFC 3339, Unix seconds, milliseconds or microseconds, or /Date(ms)/"

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# The offset after the milliseconds is the zone for display; the milliseconds are UTC in any case:
# https://learn.microsoft.com/en-us/dotnet/standard/datetime/system-text-json-support
_DOT_NET: Final = re.compile(r"/Date\((-?\d{1,15})(?:[+-]\d{4})?\)/", re.ASCII)
_LOCAL: Final = re.compile(r"\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)?", re.ASCII)
_WHOLE: Final = re.compile(r"\s*[+-]?\d{1,9}\s*", re.ASCII)


class Timestamp(fields.DateTime):
    """
    Accepts a time: RFC 3339 with offset, Unix seconds, milliseconds or microseconds (recognised by
    magnitude), ``/Date(ms)/``; with *timezone* also a local time without offset, or a day for its
    midnight there; with *format* what ``strptime`` reads with it. Value: UTC with milliseconds.
    Compared: by instant.

    The repeated hour in autumn is read as summer time; a time in the skipped hour of spring is
    moved forward by the gap: 02:30 is 03:30.

    Args:
        timezone: Of times without offset: a name of the IANA database such as ``Europe/Berlin``.
    """

    def __init__(
        self, format: str | None = None, *, timezone: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(format, **kwargs)
        self.zone: tzinfo | None = None if timezone is None else _zone(timezone)
        self.pattern = format

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> datetime:
        if self.pattern is None:
            time = self._read(value)
        else:
            time = super()._deserialize(value, attr, data, **kwargs)
            if self.pattern.startswith("timestamp"):
                time = time.replace(tzinfo=UTC)
        if time.tzinfo is not None:
            return time
        if self.zone is None:
            raise ValidationError("A time without offset: give the field its timezone.")
        return time.replace(tzinfo=self.zone)

    def _read(self, value: Any) -> datetime:
        try:
            if isinstance(value, str) and (match := _DOT_NET.fullmatch(value)):
                return _EPOCH + timedelta(milliseconds=int(match.group(1)))
            if isinstance(value, str) and _LOCAL.fullmatch(value):
                return _local(value)
            return moment(value)
        except (ValueError, OverflowError):
            raise ValidationError(f"Not {EXPECTED}.") from None


class EpochDays(fields.Date):
    """
    Accepts the number of days since 1970-01-01 (Debezium's DATE), or text of it.
    Value: that day at midnight, UTC. Compared: by instant.
    """

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> date:
        if isinstance(value, str) and _WHOLE.fullmatch(value):
            value = int(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValidationError("Not a number of days since 1970-01-01.")
        try:
            return date(1970, 1, 1) + timedelta(days=value)
        except OverflowError:
            raise ValidationError("Not a day of the years 1 to 9999.") from None


def _local(text: str) -> datetime:
    day, _, clock = text.replace("t", "T").replace(" ", "T").partition("T")
    whole, _, fraction = clock.partition(".")
    time = datetime.fromisoformat(f"{day}T{whole or '00:00'}")
    return time.replace(microsecond=int(fraction[:6].ljust(6, "0")) if fraction else 0)


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except Exception:  # beside its own error ValueError and OSError, by the form of the name
        expected = "expected a name of the IANA database, such as Europe/Berlin"
        raise ValueError(f"timezone {name!r}; {expected}") from None
