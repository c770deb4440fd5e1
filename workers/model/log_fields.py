"""What a line of the log may hold: keys and event ids, bounded; foreign words without values."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

MOST: Final = 100  # names in one line: as many as one request carries items
LONGEST: Final = 200  # characters of each
TOTAL: Final = 6_000  # characters of all
WORDS: Final = 300  # characters of a foreign message
# A quotation is a value; the apostrophe of "can't" opens none.
_QUOTED: Final = re.compile(r"(?<!\w)'[^']*'(?!\w)|\"[^\"]*\"|`[^`]*`|“[^”]*”|«[^»]*»")


def bounded_names(names: Iterable[str]) -> tuple[str, ...]:
    """Return the first of *names*, each once."""
    found: dict[str, None] = {}
    left = TOTAL
    for name in names:
        short = name[:LONGEST]
        if short in found:
            continue
        left -= len(short)
        if len(found) == MOST or left < 0:
            break
        found[short] = None
    return tuple(found)


def without_values(message: str, slugs: Iterable[str] = ()) -> str:
    """
    Return *message* of a CMS or a mapping without what it quotes: a value of a payload.

    *slugs*: names of fields, which stay.
    """
    known = frozenset(slugs)

    def shown(quoted: re.Match[str]) -> str:
        return quoted[0] if quoted[0][1:-1] in known else f"{quoted[0][0]}…{quoted[0][-1]}"

    return _QUOTED.sub(shown, message)[:WORDS]
