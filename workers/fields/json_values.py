"""Values as JSON, for requests and for messages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

LONGEST = 200  # characters shown of a value

_encode = json.JSONEncoder(check_circular=False, allow_nan=False, separators=(",", ":")).encode


def dumps(value: Any) -> str:
    """
    Return *value* as JSON in ASCII; a Decimal keeps its digits.

    Raises:
        ValueError: *value* contains NaN or an infinity.
        TypeError: *value* contains something that is not JSON.
    """
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError(f"{value} is not a number of JSON")
        # Not an encoder's default=…: it could turn a Decimal only into a float or a text.
        return str(value)
    try:
        return _encode(value)
    except TypeError:  # a Decimal in it, most likely
        if isinstance(value, Mapping):
            return "{" + ",".join(f"{_encode(str(k))}:{dumps(v)}" for k, v in value.items()) + "}"
        if isinstance(value, list | tuple):
            return "[" + ",".join(map(dumps, value)) + "]"
        raise


def as_text(value: Any) -> str:
    """Return *value* as JSON, truncated for display."""
    try:
        text = dumps(value)
    except (TypeError, ValueError, RecursionError):
        text = "something that is not JSON"
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
