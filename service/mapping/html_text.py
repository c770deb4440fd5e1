"""HTML for CMS fields that hold plain text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Any, Final

from marshmallow import fields

_BLOCKS: Final = frozenset(
    {"address", "article", "aside", "blockquote", "br", "caption", "dd", "div", "dl", "dt",
     "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6",
     "header", "hr", "li", "main", "nav", "ol", "option", "p", "pre", "section", "table", "td",
     "th", "tr", "ul"}
)  # fmt: skip
_SILENT: Final = frozenset(["script", "style", "template", "title"])
_BLANKS: Final = re.compile(r"[ \t\r\n\f\v\xa0]+")
# No part of it reaches beyond the next "<", so that the time is linear in the text; the parser of
# the standard library needs 99 s for 75,000 characters of "<a <a <a".
_TAG: Final = re.compile(r"""<!--|<[!?]|</?([a-zA-Z][^\s<>/"'=]*)(?:[^<>"']|"[^"<]*"|'[^'<]*')*>""")


class PlainText(fields.String):
    """
    Accepts text with HTML. Value: its text as a browser shows it, without scripts and styles, with
    entities decoded; paragraphs, list items and the like each on a line of their own. Compared:
    exactly.

    Args:
        one_line: Spaces instead of line breaks, for a CMS field of one line.
    """

    def __init__(self, *, one_line: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.between = " " if one_line else "\n"

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        return self.between.join(lines_of(text))


def lines_of(html: str) -> list[str]:
    """Return the lines of the text of *html*, without empty ones."""
    text = "".join(_parts(html.replace("\0", " ")))
    lines = (_BLANKS.sub(" ", unescape(line)).strip() for line in text.split("\0"))
    return [line for line in lines if line]


def _parts(html: str) -> Iterator[str]:
    """Yield the text between the tags of *html*, and NUL where a line ends."""
    place = 0
    while match := _TAG.search(html, place):
        yield html[place : match.start()]
        place = match.end()
        name = (match.group(1) or "").lower()
        if name in _BLOCKS:
            yield "\0"
        elif name in _SILENT and match.group()[1] != "/":
            ends = re.compile(rf"</{name}\s*>", re.IGNORECASE).search(html, place)
            place = ends.end() if ends else len(html)
        elif not name:
            closing = "-->" if match.group() == "<!--" else ">"
            found = html.find(closing, place)
            place = found + len(closing) if found >= 0 else len(html)
    yield html[place:]
