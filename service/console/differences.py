"""Two values of one field beside each other, with what differs marked."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final

AROUND: Final = 60  # characters shown before and after what differs, where the value is long
MOST: Final = 200  # characters shown of what differs
LONGEST: Final = MOST + AROUND  # characters of a value that is shown whole
_TOKENS: Final = re.compile(r"\s+|[^\s<>]+|[<>]")


@dataclass(frozen=True, slots=True)
class Pieces:
    """
    A value as text; *changed* is what the other one has not.

    Args:
        whole: All of it, where the pieces show a part; else "".
    """

    before: str
    changed: str = ""
    after: str = ""
    whole: str = ""


def as_text(value: Any) -> str:
    """Return *value*, as JSON holds it: texts as they are, nothing reformatted."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def one(value: Any) -> Pieces:
    """Return a value that there is nothing to compare with."""
    text = as_text(value)
    return Pieces(text) if len(text) <= LONGEST else Pieces(f"{text[:MOST]}…", whole=text)


def differing(wanted: Any, held: Any) -> tuple[Pieces, Pieces]:
    """Return both values; marked is what is between their common beginning and end."""
    if wanted == held:
        return one(wanted), one(held)
    ours, theirs = (_TOKENS.findall(as_text(value)) for value in (wanted, held))
    begin = _common(ours, theirs)
    end = _common(ours[begin:][::-1], theirs[begin:][::-1])
    return _pieces(ours, begin, end), _pieces(theirs, begin, end)


def _common(ours: list[str], theirs: list[str]) -> int:
    pairs = zip(ours, theirs, strict=False)
    return next((n for n, (one, other) in enumerate(pairs) if one != other), _shorter(ours, theirs))


def _shorter(ours: list[str], theirs: list[str]) -> int:
    return min(len(ours), len(theirs))


def _pieces(tokens: list[str], begin: int, end: int) -> Pieces:
    till = len(tokens) - end
    parts = ("".join(each) for each in (tokens[:begin], tokens[begin:till], tokens[till:]))
    return _cut(*parts)


def _cut(before: str, changed: str, after: str) -> Pieces:
    """Return the pieces, of what is long those around what differs."""
    whole = before + changed + after
    if len(whole) <= LONGEST:
        return Pieces(before, changed, after)
    return Pieces(
        f"…{before[-AROUND:]}" if len(before) > AROUND else before,
        f"{changed[:MOST]}…" if len(changed) > MOST else changed,
        f"{after[:AROUND]}…" if len(after) > AROUND else after,
        whole,
    )
