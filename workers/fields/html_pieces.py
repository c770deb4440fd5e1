"""HTML cut into its tags and the text between them, in linear time, as browsers cut it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Final, NamedTuple

_RAW: Final = frozenset({"script", "style"})
# Quotes count only after "=", and an unclosed tag swallows the rest. The quantifiers are
# possessive, so it is linear; html.parser takes minutes for 20 KB of "<a <a <a".
_MARKUP: Final = re.compile(
    r"""<(?:!--.*?(?:-->|\Z)|(/?)([A-Za-z][^\s/>]*+)((?>[^>=]+|=\s*+(?:"[^"]*"|'[^']*')?+)*+)(?:>|\Z)"""
    r"""|[!?/][^>]*+(?:>|\Z))""",
    re.DOTALL,
)
_ATTRIBUTE: Final = re.compile(
    r"""([^\s=/>"']+)(?:\s*+=\s*+(?:"([^"]*)"|'([^']*)'|([^\s>"']*)))?""", re.DOTALL
)
_END_OF: Final = {tag: re.compile(f"</{tag}", re.IGNORECASE) for tag in _RAW}


class Piece(NamedTuple):
    """Text as written, or a tag; neither is a comment, or the content of a script or style."""

    start: int
    end: int
    text: str = ""
    tag: str = ""  # in lower case
    closes: bool = False
    attributes: str = ""


def pieces(html: str) -> Iterator[Piece]:
    """Yield the pieces of *html* in order; comments and raw content are passed over."""
    place = 0
    while place < len(html):
        found = _MARKUP.search(html, place)
        start = found.start() if found else len(html)
        if start > place:
            yield Piece(place, start, html[place:start])
        if found is None:
            return
        place = found.end()
        if not found[2]:
            continue  # a comment
        tag = found[2].lower()
        yield Piece(start, place, tag=tag, closes=bool(found[1]), attributes=found[3])
        if tag in _RAW and not found[1]:
            end = _END_OF[tag].search(html, place)
            place = end.start() if end else len(html)


def attribute(attributes: str, name: str) -> str:
    """Return the first attribute called *name*, stripped; "": there is none."""
    for one in _ATTRIBUTE.finditer(attributes):
        if one[1].lower() == name:
            return unescape(one[2] or one[3] or one[4] or "").strip()
    return ""
