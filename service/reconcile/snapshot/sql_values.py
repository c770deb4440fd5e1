"""Values of a database as values of a payload: as JSON has them, with no digit lost."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Any, Final
from uuid import UUID

from service.reconcile.snapshot.sql_columns import Unreadable


def payload_value(value: Any) -> Any:
    """Return *value* as a payload has it; raises ValueError if JSON cannot represent it."""
    if value is None or isinstance(value, str | int | float):  # bool is an int
        return value
    if isinstance(value, Unreadable):
        raise ValueError(f"{value.text}, which is out of the range of times")
    convert = next((CONVERT[base] for base in type(value).__mro__ if base in CONVERT), None)
    if convert is None:
        raise ValueError(f"a {type(value).__name__}")
    return convert(value)


def _number(value: Decimal) -> int | float | Decimal:
    """
    Return *value* as an int or float if one is exact, as in JSON; else unchanged.

    JMESPath and the fields of marshmallow accept a Decimal as a number.
    """
    if not value.is_finite():
        return value  # the CMS accepts none, but this one may not be mapped
    if value == value.to_integral_value():
        return int(value)
    double = float(value)
    return double if Decimal(repr(double)) == value else value


def _instant(value: datetime) -> str:
    # In UTC: offsets from before 1900 may have seconds, which RFC 3339 does not allow.
    return (value.astimezone(UTC) if value.utcoffset() is not None else value).isoformat()


def _seconds(value: timedelta) -> int | float:
    seconds = value.total_seconds()
    return int(seconds) if seconds.is_integer() else seconds


def _list(value: list[Any] | tuple[Any, ...]) -> list[Any]:
    return [payload_value(each) for each in value]


def _object(value: dict[Any, Any]) -> dict[str, Any]:
    return {str(name): payload_value(each) for name, each in value.items()}


def _base64(value: bytes | bytearray | memoryview) -> str:
    return base64.b64encode(value).decode()


# The nearest class counts: a datetime is a date too.
CONVERT: Final[dict[type[Any], Callable[[Any], Any]]] = {
    Decimal: _number,
    datetime: _instant,  # without an offset if the column has none
    date: date.isoformat,
    time: time.isoformat,
    timedelta: _seconds,
    UUID: str,
    bytes: _base64,
    bytearray: _base64,
    memoryview: _base64,
    list: _list,
    tuple: _list,
    dict: _object,
    IPv4Address: str,
    IPv6Address: str,
    IPv4Network: str,
    IPv6Network: str,
}
