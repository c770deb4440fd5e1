"""
The form of a loaded value in the outbox: its field type, and its JSON value as canonical text.

A date is UTC with milliseconds. A number has one JSON text per value (``5.0`` is ``5``), with all
its digits; the CMS stores doubles, so it may round a number with more than 15.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from marshmallow import fields

from service.mapping import fields as ours
from service.mapping.display import reason
from service.mapping.lookup import Lookup
from workers.model.changes import canonical

PLAIN = 10**21  # smaller whole numbers are written without an exponent, as the CMS does
MOST_DIGITS = 40  # of a number that is no double

Write = Callable[[Any], Any]

# The nearest class counts, so a user's subclass has the type of its base.
TYPES: dict[type[Any], str] = {
    ours.RichText: "richtext",
    ours.Color: "color",
    ours.Link: "link",
    ours.Phone: "phone",
    ours.VideoLink: "video",
    ours.Option: "option",
    ours.Reference: "reference",
    ours.MultiReference: "references",
    ours.Image: "image",
    ours.MultiImage: "images",
    ours.File: "file",
    fields.Email: "email",
    fields.Url: "link",
    fields.Number: "number",
    fields.TimeDelta: "number",
    fields.DateTime: "date",
    fields.Date: "date",
    fields.Field: "plain",
}

REFUSED: dict[type[Any], str] = {
    fields.Nested: "read its parts with paths, one field each",
    fields.Mapping: "read its parts with paths, one field each",
    fields.Tuple: "use MultiReference or MultiImage of service.mapping",
    fields.Constant: 'write the constant as data_key, e.g. data_key="`true`"',
    fields.NaiveDateTime: "use AwareDateTime, perhaps with default_timezone",
}


def refusal(field: fields.Field[Any]) -> str | None:
    """Return what to use instead of *field*; None: it fits a CMS field."""
    if isinstance(field, Lookup):
        return refusal(field.inner)
    if isinstance(field, fields.List) and type_of(field.inner) == "reference-key":
        return None if isinstance(field, ours.MultiReference) else "use MultiReference(to=…)"
    if isinstance(field, fields.List) and (inner := refusal(field.inner)):
        return inner
    return next((do for base, do in REFUSED.items() if isinstance(field, base)), None)


def type_of(field: fields.Field[Any]) -> str:
    """Return the name of the type in workers.fields.types."""
    if isinstance(field, Lookup):
        return type_of(field.inner)
    if getattr(field, "as_string", False):
        return "plain"
    if referred(field) is not None:
        return "references-key" if isinstance(field, fields.List) else "reference-key"
    name = next(TYPES[base] for base in type(field).__mro__ if base in TYPES)
    return f"{name}-no-query" if getattr(field, "ignore_query", False) else name


def referred(field: fields.Field[Any]) -> str | None:
    """Return the collection whose keys *field* takes; None: it takes ids, or is no reference."""
    if isinstance(field, Lookup):
        return referred(field.inner)
    return field.to if isinstance(field, ours.Reference | ours.MultiReference) else None


def writer(field: fields.Field[Any]) -> Write:
    """Return the function from a loaded value to its JSON value; it may raise ValueError."""
    if isinstance(field, Lookup):
        return writer(field.inner)
    if isinstance(field, fields.DateTime):
        # A Unix time is loaded without an offset; it is UTC.
        return _unix if str(field.format).startswith("timestamp") else instant
    if isinstance(field, fields.Date):
        return lambda day: f"{day.isoformat()}T00:00:00.000Z"
    if (to := referred(field)) is not None:
        name = "keys" if isinstance(field, fields.List) else "key"
        return lambda value: {name: value, "to": to}
    if isinstance(field, fields.List):
        each = writer(field.inner)
        return lambda values: [None if value is None else each(value) for value in values]
    if not field._CHECK_ATTRIBUTE or isinstance(field, _AS_LOADED):
        return lambda value: value
    serialize = _serializer(field)
    return _numeric(field, serialize) if type_of(field) == "number" else serialize


def _numeric(field: fields.Field[Any], serialize: Write) -> Write:
    own = _NUMBERS.get(type(field))

    def write(value: Any) -> Any:
        # An Integer would truncate the 19.99 that a hook made of 1999.
        as_is = type(value) is own or fractional(value)
        return number(value if as_is else serialize(value))

    return write


# What they serialize as it is.
_NUMBERS: dict[type[Any], type[Any]] = {fields.Integer: int, fields.Float: float}
_AS_LOADED = (fields.String, fields.Boolean, fields.Raw, ours.Image, ours.File)


def text(value: Any) -> str:
    """
    Return *value* as canonical JSON text.

    Raises:
        ValueError: JSON or UTF-8 cannot represent it.
    """
    if isinstance(value, Decimal):
        return format(value, "f").rstrip("0")
    try:
        written = canonical(value)
        written.encode()
    except UnicodeEncodeError:
        raise ValueError("is not valid Unicode: half of a surrogate pair") from None
    except Exception as error:  # a Raw or a user's field may hold anything
        raise ValueError(f"has no JSON value: {reason(error)}") from error
    return written


def number(value: int | float | Decimal) -> int | float | Decimal:
    """
    Return *value* as an int or float if one is exact, else as the Decimal; raises ValueError if it
    is no number, beyond a double's range, or has more than 40 digits.
    """
    # Most are one of these, and a Decimal takes a multiple of this.
    if type(value) is int and abs(value) < PLAIN:
        return value
    if type(value) is float and math.isfinite(value) and not value.is_integer():
        return value
    exact = Decimal(repr(value) if isinstance(value, float) else value)
    try:
        double = float(value)
    except OverflowError:
        double = math.inf
    if not math.isfinite(double) or (double == 0 and exact != 0):
        raise ValueError("is not a finite number between 5e-324 and 1.8e308")
    whole = exact == exact.to_integral_value()
    if whole and abs(exact) < PLAIN:
        return int(exact)
    if Decimal(repr(double)) == exact:
        return double
    if len(exact.as_tuple().digits) > MOST_DIGITS:
        raise ValueError(f"has more than {MOST_DIGITS} digits; map it as text")
    return int(exact) if whole else exact


def instant(value: datetime) -> str:
    """
    Return *value* as UTC, truncated to milliseconds; raises ValueError if it has no offset, or is
    outside the years 1 to 9999 in UTC.
    """
    if value.utcoffset() is None:
        raise ValueError("needs an offset, as in 2025-02-03T09:10:11Z or …+01:00")
    try:
        moment = value.astimezone(UTC)
    except OverflowError:
        raise ValueError("is outside the years 1 to 9999") from None
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _unix(value: datetime) -> str:
    return instant(value if value.tzinfo else value.replace(tzinfo=UTC))


def _serializer(field: fields.Field[Any]) -> Write:
    def serialize(value: Any) -> Any:
        return field.serialize("", value, accessor=lambda loaded, _name, _default: loaded)

    return serialize


def fractional(value: Any) -> bool:
    """Tell whether *value* is a number with a fraction, or not finite."""
    if isinstance(value, Decimal):
        return value != value.to_integral_value()
    return isinstance(value, float) and not value.is_integer()
