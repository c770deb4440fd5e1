"""Parses the times of sources."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any, Final

EXPECTED: Final = "a time: RFC 3339 with an offset, or Unix seconds, milliseconds or microseconds"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# https://www.rfc-editor.org/rfc/rfc3339#section-5.6; datetime.fromisoformat accepts much more, such
# as week numbers and times without an offset.
_RFC_3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_NAIVE = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?", re.ASCII)
_UNIX = re.compile(r"\d{1,17}(\.\d{1,9})?", re.ASCII)
# Seconds reach 10^11 in the year 5138, milliseconds passed it in 1973.
_UNITS: Final = ((10**11, 1_000_000), (10**14, 1_000), (10**17, 1))


def moment(value: Any) -> datetime:
    """
    Return the time *value*, truncated to microseconds; raises ValueError if it is no time. The
    range 1970 to 2286 is not checked.
    """
    if isinstance(value, str):
        return _of_text(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _unix(Decimal(str(value)) if isinstance(value, float) else Decimal(value))
    raise ValueError(f"not {EXPECTED}")


def in_zone(value: Any, zone: tzinfo | None) -> Any:
    """
    Return *value*; a time without an offset gets that of *zone*.

    The repeated hour in autumn is read as its first pass: as the second, a change could lie an hour
    in the future, and block all that follow. A time in the skipped hour of spring is moved forward
    by the gap.
    """
    if zone is None or not isinstance(value, str) or not _NAIVE.fullmatch(value):
        return value
    try:
        offset = (
            datetime.fromisoformat(value[:19].replace("t", "T")).replace(tzinfo=zone).utcoffset()
        )
    except ValueError:
        return value  # not a valid date: the caller reports it
    seconds = int((offset or timedelta()).total_seconds())
    sign, minutes = "-" if seconds < 0 else "+", abs(seconds) // 60
    return f"{value}{sign}{minutes // 60:02d}:{minutes % 60:02d}"


def _of_text(text: str) -> datetime:
    if _RFC_3339.fullmatch(text):
        return datetime.fromisoformat(text.upper())
    if _UNIX.fullmatch(text):
        return _unix(Decimal(text))
    raise ValueError(f"not {EXPECTED}")


def _unix(number: Decimal) -> datetime:
    for below, micros in _UNITS:
        if number.is_finite() and 0 <= number < below:  # NaN compares with nothing
            return _EPOCH + timedelta(microseconds=int(number * micros))
    raise ValueError(f"not {EXPECTED}")
