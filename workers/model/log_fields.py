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
# "found -1, expected no number below 0": the words of our own messages. Kinds of values may stay.
_FOUND: Final = re.compile(
    r"\bfound (?!(?:null|true|false|no|none|nothing|an?)\b).*?(?=, expected|; |$)"
)
_SHORTEST: Final = 4  # characters of a value that is looked for; a shorter one is in any sentence


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


def without_values(message: str, slugs: Iterable[str] = (), values: Iterable[str] = ()) -> str:
    """
    Return *message* of a CMS or a mapping without what it quotes: a value of a payload.

    Args:
        slugs: Names of fields, which stay.
        values: What was sent, as JSON: it goes also where it is not quoted.
    """
    known = frozenset(slugs)
    for value in values:
        text = value[1:-1] if value.startswith('"') else value
        if len(text) >= _SHORTEST:
            message = message.replace(text, "…")
    message = _FOUND.sub("found …", message)

    def shown(quoted: re.Match[str]) -> str:
        return quoted[0] if quoted[0][1:-1] in known else f"{quoted[0][0]}…{quoted[0][-1]}"

    return _QUOTED.sub(shown, message)[:WORDS]
