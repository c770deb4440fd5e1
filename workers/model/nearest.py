"""The known name that a mistyped one most likely means."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the name in *known* that is most like *word*; None: none is like it."""
    names: dict[str, str] = {}
    for name in known:
        names.setdefault(_folded(name), name)
    near = get_close_matches(_folded(word), names, n=1)
    return names[near[0]] if near else None


def _folded(name: str) -> str:
    # Case and the mark between words are what people mistake most; difflib sees another letter.
    return name.strip().casefold().replace("_", "-").replace(" ", "-")
