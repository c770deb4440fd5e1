"""
JSON without spaces, of what goes to the store and comes from its steps.

orjson writes the text that the standard library would, in a tenth of the time; only numbers with a
fraction may have another form of the same value. Of finite numbers alone: it writes others as null.
"""

from __future__ import annotations

import json
from typing import Any, Final

import orjson

_OPTIONS: Final = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
# Made once: json.dumps makes a new encoder for every call that has an option.
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def encoded(value: Any) -> str:
    """
    Return *value* as JSON.

    Raises:
        TypeError: *value* holds what JSON has not.
        RecursionError: It is nested too deep.
    """
    try:
        return orjson.dumps(value, option=_OPTIONS).decode()
    # An integer beyond 64 bits, half a surrogate pair, a key that is no text, or deep nesting.
    except TypeError:
        return _encode(value)


def decoded(text: str) -> Any:
    """
    Return the value of the JSON *text*.

    Raises:
        ValueError: It is none.
    """
    return orjson.loads(text)
