"""
The record of a change and its version: key, item id and ``Meta.version`` as text.

Each function takes what a path found, ``missing`` for nothing. Its ValueError says what was found
and what was expected.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from marshmallow import missing

from service.mapping.display import found
from workers.model.changes import sequence_version, time_version
from workers.webflow.item_keys import joined, normal

LONGEST_KEY = 256  # characters; the CMS allows as many in a name or slug
MOST_OBJECTS = 100  # per notice; the notice is stored with each until that is fetched
EXACT = 2**53  # a JSON number with fraction or exponent is exact for whole numbers up to here
ITEM_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")  # opaque: so far 24 hexadecimal digits
TIME = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?P<offset>[Zz]|[+-]\d\d:\d\d)?", re.ASCII
)


def key(value: Any) -> str:
    """
    Return the key in its compared form: ``12``, ``12.0``, ``"12"`` and ``"12  "`` are one key.

    Raises:
        ValueError: It is absent, blank, no text or whole number, or longer than 256 characters.
    """
    text = _text(value)
    return _checked(value, None if text is None else normal(text))


def as_it_came(value: Any) -> str:
    """Return the key as text for display; raises as ``key`` does."""
    key(value)
    return str(_text(value))


def _checked(value: Any, text: str | None) -> str:
    """Return *text*, the text of *value*, if it can be a key; else raise ValueError."""
    expected = f"expected text of 1 to {LONGEST_KEY} characters, or a whole number"
    if text is None or not 0 < len(text) <= LONGEST_KEY:
        raise ValueError(f"{_what(value)}; {expected}")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"found {found(value)}, which is not valid Unicode; {expected}") from None
    return text


def composite(values: Sequence[Any]) -> str:
    """
    Return the key with the parts *values*, joined as in ``workers.webflow.item_keys``; raises
    ValueError if a part is no ``key``, or the whole is longer than 256 characters.
    """
    text = joined([key(value) for value in values])
    if len(text) > LONGEST_KEY:
        raise ValueError(f"found a key of {len(text)} characters; expected {LONGEST_KEY} at most")
    return text


def objects(value: Any) -> list[str]:
    """
    Return the objects to fetch as text: *value*, or its elements if it is a list; raises ValueError
    if there is none, one is no ``key``, or there are more than `MOST_OBJECTS`.
    """
    if not isinstance(value, list):
        return [_object(value)]
    if not 0 < len(value) <= MOST_OBJECTS:
        expected = f"expected 1 to {MOST_OBJECTS} objects to fetch"
        raise ValueError(f"found a list of {len(value)}; {expected}")
    return [_object(each) for each in value]


def _object(value: Any) -> str:
    # As it came: it is sent back to the system that named it.
    return _checked(value, _text(value))


def item(value: Any) -> str:
    """
    Return the CMS item id; raises ValueError if it is absent, or not 1 to 64 letters, digits, ``_``
    and ``-``.
    """
    text = _text(value)
    if text is None or ITEM_ID.fullmatch(text) is None:
        expected = "expected an item id: 1 to 64 letters, digits, _ and -"
        raise ValueError(f"{_what(value)}; {expected}")
    return text


def version(value: Any) -> str:
    """
    Return the version: a sequence for an integer, a time for RFC 3339 text with offset.

    Raises:
        ValueError: It is absent, anything else, or out of range.

    https://www.rfc-editor.org/rfc/rfc3339#section-5.6
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return _ranged(lambda: sequence_version(value), value)
    match = TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        expected = "expected a whole number (a sequence) or a time such as 2025-02-03T09:10:11Z"
        raise ValueError(f"{_what(value)}; {expected}")
    if match["offset"] is None:
        raise ValueError(f"found {found(value)}, a time without offset; expected Z or +01:00")
    return _ranged(lambda: time_version(datetime.fromisoformat(value.upper())), value)


def _ranged(make: Any, value: Any) -> str:
    try:
        return str(make())
    except (ValueError, OverflowError) as error:
        text = str(error) if len(str(error)) < 80 else "out of range"
        raise ValueError(f"found {found(value)}: {text}") from error


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) <= EXACT:
        return str(int(value))
    # Longer than any key, and Python refuses to convert more than 4300 digits.
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() < 1024:
        return str(value)
    return None


def _what(value: Any) -> str:
    return "absent" if value is missing else f"found {found(value)}"
