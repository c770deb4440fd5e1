"""Times and days as senders write them that marshmallow does not read."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo

from marshmallow import ValidationError, fields

from service.senders.timestamps import moment

EXPECTED: Final = "a time: RFC 3339, Unix seconds, milliseconds or microseconds, or /Date(ms)/"

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# https://learn.microsoft.com/en-us/dotnet/standard/datetime/system-text-json-support: what stands
# behind the milliseconds is the zone that they were shown in; they are of UTC in any case.
_DOT_NET: Final = re.compile(r"/Date\((-?\d{1,15})(?:[+-]\d{4})?\)/", re.ASCII)
_LOCAL: Final = re.compile(r"\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)?", re.ASCII)
_WHOLE: Final = re.compile(r"\s*[+-]?\d{1,9}\s*", re.ASCII)


class Timestamp(fields.DateTime):
    """
    Accepts a time: RFC 3339 with offset, Unix seconds, milliseconds or microseconds (told apart by
    magnitude), ``/Date(ms)/``; with *timezone* a local time without offset, or a day, which is its
    midnight there; with *format* what ``strptime`` reads by it. Value: UTC with milliseconds.
    Compared: by instant.

    The hour that comes twice in autumn is read as its first pass, in summer time; a time that the
    clock skipped in spring is as far behind the gap as it says: 02:30 is 03:30.

    Args:
        timezone: Of times without offset, by its name in the IANA database: ``Europe/Berlin``.
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
    Accepts the number of days since 1970-01-01 (Debezium writes a DATE so), or text of it.
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
    except Exception:  # besides its own error ValueError and OSError, by the form of the name
        expected = "expected a name of the IANA database, such as Europe/Berlin"
        raise ValueError(f"timezone {name!r}; {expected}") from None
