"""
Conversion of values that senders write in another type: numbers for text, ``""`` for null, a time
for a day.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final

from marshmallow import ValidationError, fields

from service.mapping import fields as ours
from service.mapping import html_text
from service.mapping.lookup import Lookup
from service.mapping.serializers import fractional, type_of

_ZEROS: Final = re.compile(r"\s*([+-]?[0-9]+)\.0*\s*", re.ASCII)

# A day and a time, with or without an offset.
_TIMED: Final = re.compile(r"\s*(\d{4}-\d{2}-\d{2})[T ]\d{2}:\d{2}\S*\s*", re.ASCII | re.IGNORECASE)

_OURS: Final = (fields.__name__, ours.__name__, html_text.__name__)


def adapt(field: fields.Field[Any]) -> None:
    """
    Make *field* (bound, so of one schema) accept what senders write, after its own ``pre_load``.

    A String takes numbers. An Integer takes text of a whole number, and refuses 1.5 instead of
    truncating it. ``""`` is null except for text.
    """
    own = type(field)._deserialize.__module__  # a user's class gets the raw value
    texts = isinstance(field, fields.String) and not isinstance(field, ours.Reference)
    if texts and own in _OURS:
        field.pre_load = [*field.pre_load, as_text]
    if type(field) is fields.Date and field.format in (None, "iso"):
        field.pre_load = [*field.pre_load, _day]
    if isinstance(field, fields.AwareDateTime) and field.default_timezone is None:
        _tell_zone(field)
    if isinstance(field, fields.Integer):
        field.pre_load = [*field.pre_load, _as_sent if field.strict else _whole]
    if not _takes_empty(field):
        field.pre_load = [*field.pre_load, _nullable if field.allow_none else _never_null]
    if isinstance(field, fields.List | Lookup):
        adapt(field.inner)


def _takes_empty(field: fields.Field[Any]) -> bool:
    """Whether ``""`` is a value for *field*: it is for text, and for fields of any type."""
    if isinstance(field, fields.String):
        return type_of(field) in ("plain", "richtext")
    if isinstance(field, Lookup):
        return field.takes_empty
    anything = (fields.Raw, fields.Function, fields.Method)
    return isinstance(field, anything) or type(field) is fields.Field


def as_text(value: Any) -> Any:
    """Return a number as text without exponent; other values unchanged."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return value
    if isinstance(value, int):
        # Longer ones are refused later: Python converts at most 4300 digits.
        return str(value) if value.bit_length() < 1024 else value
    exact = Decimal(repr(value)) if isinstance(value, float) else value
    if not exact.is_finite():
        return value
    text = format(exact, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _day(value: Any) -> Any:
    """Return the day of a time as written: 22:00-05:00 is not converted to the next day."""
    match = _TIMED.fullmatch(value) if isinstance(value, str) else None
    return match.group(1) if match else value


def _tell_zone(field: fields.AwareDateTime) -> None:
    name = "invalid_awareness"
    if field.error_messages[name] == fields.DateTime.default_error_messages[name]:
        field.error_messages[name] = (
            "Not a valid aware datetime: it has no offset; give the field default_timezone."
        )


def _whole(value: Any) -> Any:
    if type(value) is int:
        return value
    if isinstance(value, str) and (match := _ZEROS.fullmatch(value)):
        return match.group(1)
    return _as_sent(value)


def _as_sent(value: Any) -> Any:
    if fractional(value):
        raise ValidationError("Not a valid integer.")
    return value


def _nullable(value: Any) -> Any:
    return None if value == "" else value


def _never_null(value: Any) -> Any:
    if value == "":
        raise ValidationError("Empty text is null here; allow_none=True lets it clear the field.")
    return value
