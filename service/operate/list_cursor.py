"""Cursors of lists that go on behind an entry: their parts as one text that fits an address."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any, Final

from service.operate.page import FilterInvalid

# Characters of a cursor. It may hold a key of 256 characters, each of 4 bytes or escaped, and what
# the search keeps of it.
LONGEST: Final = 4000
FORM: Final = r"^[A-Za-z0-9_-]+\Z"


def as_cursor(*parts: str | int | None) -> str:
    text = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def parts_of(cursor: str | None, *kinds: type | tuple[type, ...]) -> tuple[Any, ...] | None:
    """
    Return the parts of *cursor*; None: there is none.

    Raises:
        FilterInvalid: It is no cursor of this list, whose parts are of *kinds*.
    """
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        parts = json.loads(base64.urlsafe_b64decode(padded))
        as_cursor(parts)  # half a surrogate pair is a text that neither store nor URL takes
    except (ValueError, RecursionError, binascii.Error):
        parts = None
    if (
        not isinstance(parts, list)
        or len(parts) != len(kinds)
        or not all(
            type(part) in (kind if isinstance(kind, tuple) else (kind,))
            for part, kind in zip(parts, kinds, strict=True)
        )
    ):
        raise FilterInvalid(repr(cursor), "the `next` of a page of this list", "begin without it")
    return tuple(parts)
