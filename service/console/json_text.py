"""JSON with a line for each value. Nothing but the space between them changes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

# A text, a bracket or comma or colon, or anything else up to the next of these.
_TOKENS: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+', re.DOTALL)
_CLOSES: Final = {"{": "}", "[": "]"}
_INDENT: Final = "  "


def pretty(text: str) -> str | None:
    """
    Return *text* with a line for each value; None: it is not JSON, or no list or object.

    Numbers and texts stay as they were sent: reading and writing them again would change 1.10.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return "".join(_lines(text)) if isinstance(found, (dict, list)) and found else None


def _lines(text: str) -> Iterator[str]:
    depth, before = 0, ""
    for piece in _TOKENS.findall(text):
        if piece in ("}", "]"):
            depth -= 1
            yield piece if _CLOSES.get(before) == piece else f"\n{_INDENT * depth}{piece}"
        else:
            is_first = before in _CLOSES
            yield f"\n{_INDENT * depth}{piece}" if is_first or before == "," else piece
            if piece == ":":
                yield " "
        if piece in _CLOSES:
            depth += 1
        before = piece
