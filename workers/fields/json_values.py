"""Values as JSON: for a request, and for people. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

LONGEST = 200  # characters of a value in a message


def dumps(value: Any) -> str:
    """
    Return *value* as JSON in ASCII, a Decimal as the number it is.

    Raises:
        ValueError: *value* holds NaN or an infinity.
        TypeError: *value* holds something that JSON has not.
    """
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{json.dumps(str(k))}:{dumps(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(dumps, value)) + "]"
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError(f"{value} is not a number of JSON")
        # Not the encoder's "default": it could only turn a Decimal into a float or a text.
        return str(value)
    return json.dumps(value, allow_nan=False)


def as_text(value: Any) -> str:
    """Return *value* as JSON, cut to a length for people."""
    try:
        text = dumps(value)
    except (TypeError, ValueError, RecursionError):
        text = "something that is not JSON"
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
