"""
A key of several parts as one text, and back. Pure.

A ``|`` stands between the parts; a ``|`` or ``\\`` that is in one has a ``\\`` before it, so that
no two keys make one text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_MARKS = re.compile(r"[\\|]")


def joined(parts: Sequence[str]) -> str:
    """Return the key of *parts*; one alone is the key as it stands."""
    if len(parts) == 1:
        return parts[0]
    return "|".join(_MARKS.sub(r"\\\g<0>", part) for part in parts)


def parted(key: str) -> tuple[str, ...]:
    """Return the parts of a *key* that ``joined`` made of several."""
    parts = [""]
    letters = iter(key)
    for letter in letters:
        if letter == "|":
            parts.append("")
        else:
            parts[-1] += next(letters, letter) if letter == "\\" else letter
    return tuple(parts)
