"""Times as sources write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any, Final

EXPECTED: Final = "a time: RFC 3339 with an offset, or Unix seconds, milliseconds or microseconds"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# https://www.rfc-editor.org/rfc/rfc3339#section-5.6; datetime.fromisoformat takes much more,
# week numbers and times without an offset among it.
_RFC_3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(\.\d+)?(?:([Zz])|([+-]\d\d:\d\d))", re.ASCII
)
_NAIVE = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?", re.ASCII)
_UNIX = re.compile(r"\d{1,17}(\.\d{1,9})?", re.ASCII)
# Seconds reach 10^11 in the year 5138, milliseconds leave it behind in 1973.
_UNITS: Final = ((10**11, 1_000_000), (10**14, 1_000), (10**17, 1))


def moment(value: Any) -> datetime:
    """
    Return the instant that *value* names, to the microsecond; finer digits are cut off.

    Raises:
        ValueError: It names none. Whether it lies between 1970 and 2286 is not looked at.
    """
    if isinstance(value, str):
        return _of_text(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _unix(Decimal(str(value)) if isinstance(value, float) else Decimal(value))
    raise ValueError(f"not {EXPECTED}")


def in_zone(value: Any, zone: tzinfo | None) -> Any:
    """
    Return *value* with the offset that *zone* had then, where it is a time without one.

    The hour that comes twice in autumn is read as its first pass: as the second, a change could lie
    an hour ahead, and keep out all that follow it. What a clock skipped in spring is as far behind
    the gap as it says.
    """
    if zone is None or not isinstance(value, str) or not _NAIVE.fullmatch(value):
        return value
    try:
        offset = (
            datetime.fromisoformat(value[:19].replace("t", "T")).replace(tzinfo=zone).utcoffset()
        )
    except ValueError:
        return value  # no day of any month: whoever reads it says so
    seconds = int((offset or timedelta()).total_seconds())
    sign, minutes = "-" if seconds < 0 else "+", abs(seconds) // 60
    return f"{value}{sign}{minutes // 60:02d}:{minutes % 60:02d}"


def _of_text(text: str) -> datetime:
    if _UNIX.fullmatch(text):
        return _unix(Decimal(text))
    parts = _RFC_3339.fullmatch(text)
    if not parts:
        raise ValueError(f"not {EXPECTED}")
    date, time, fraction, _, offset = parts.groups()
    return datetime.fromisoformat(f"{date}T{time}{(fraction or '')[:7]}{offset or '+00:00'}")


def _unix(number: Decimal) -> datetime:
    for below, micros in _UNITS:
        if number.is_finite() and 0 <= number < below:  # NaN compares with nothing
            return _EPOCH + timedelta(microseconds=int(number * micros))
    raise ValueError(f"not {EXPECTED}")
