"""
The content of a piece of HTML: its text, links and pictures, in order.

The CMS rewrites markup: it adds ids, turns ``<b>`` into ``<strong>``, drops white space between
blocks, imports pictures and empties code blocks. The content stays the same.

https://developers.webflow.com/data/reference/field-types-item-values
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from typing import Final

from workers.fields.addresses import is_same_source, link, name_of
from workers.fields.html_pieces import attribute, pieces
from workers.model.letters import nfc

_TAG: Final = "\0"  # stands for any run of tags and white space
_OBJECT: Final = "\ufffc"  # stands for a picture or video in the text
_GAP: Final = re.compile(r"[\s\0]+")
# Editors fill empty elements with these, so that a caret can be placed there.
_INVISIBLE: Final = re.compile(r"[\s\u200b-\u200d\ufeff]*")
_MEDIA: Final = frozenset({"img", "iframe", "video", "audio", "source", "embed"})


@dataclass(frozen=True, slots=True)
class Content:
    text: str  # without white space; a picture is one character
    gaps: dict[int, str]  # position in *text* → what precedes it: white space or a tag
    links: tuple[tuple[str, int, int], ...]  # address, start and end in *text*
    sources: tuple[str, ...]  # of pictures and videos
    code: bool  # a code block has content
    rules: bool  # it has an <hr>

    @property
    def shows(self) -> bool:
        return bool(self.text) or self.rules

    def as_text(self) -> str:
        """Return one text for all HTML with this content."""
        return json.dumps([self.text, self.links, [name_of(one) for one in self.sources]])


def content(html: str, *, code: bool = True) -> Content:
    """Parse *html*; *code*: include code blocks."""
    reader = _Reader(code=code)
    for _, _, text, tag, closes, attributes in pieces(html):
        if text:
            reader.read(unescape(text))
        elif closes:
            reader.close(tag)
        else:
            reader.open(tag, attributes)
    return reader.found()


@lru_cache(1)  # called twice per value: whether it is shown, and in what form
def is_same(sent: str, answer: str) -> bool:
    """Tell whether both pieces of HTML have the same content."""
    if sent == answer:
        return True
    wanted, held = content(sent), content(answer)
    # The CMS empties code blocks, as documented.
    if wanted.code and not held.code:
        wanted = content(sent, code=False)
    return (
        wanted.shows == held.shows
        and wanted.text == held.text
        and wanted.links == held.links
        and _have_same_gaps(wanted.gaps, held.gaps)
        and len(wanted.sources) == len(held.sources)
        and all(map(is_same_source, wanted.sources, held.sources))
    )


def _have_same_gaps(one: dict[int, str], other: dict[int, str]) -> bool:
    """Compare white space, except beside a tag, where the CMS adds and drops it."""
    return all(
        one.get(place, "") == other.get(place, "") or _TAG in (one.get(place), other.get(place))
        for place in one.keys() | other.keys()
    )


class _Reader:
    def __init__(self, *, code: bool) -> None:
        self._wants_code = code
        self._parts: list[str] = []
        self._length = 0  # of the text so far, without white space
        self._links: list[tuple[str, int, int]] = []
        self._open: list[tuple[str, int]] = []  # addresses, and where each begins
        self._sources: list[str] = []
        self._blocks = 0
        self._code = self._rules = False

    def open(self, tag: str, attributes: str) -> None:
        self._parts.append(_TAG)
        if tag == "a":
            if address := attribute(attributes, "href"):
                self._open.append((link(address), self._length))
        elif tag in _MEDIA:
            if source := attribute(attributes, "src"):
                self._sources.append(source)
                self._add(_OBJECT)
        elif tag == "pre":
            self._blocks += 1
        elif tag == "hr":
            self._rules = True

    def close(self, tag: str) -> None:
        self._parts.append(_TAG)
        if tag == "a" and self._open:
            self._close_link()
        elif tag == "pre":
            self._blocks = max(0, self._blocks - 1)

    def read(self, text: str) -> None:
        if _INVISIBLE.fullmatch(text):
            self._parts.append(" ")
            return
        if self._blocks:
            self._code = True
            if not self._wants_code:
                return
        self._add(nfc(text.replace(_TAG, " ").replace(_OBJECT, " ")))

    def found(self) -> Content:
        while self._open:
            self._close_link()
        gaps: dict[int, str] = {}
        text, place = [], 0
        pieces = re.split(f"({_GAP.pattern})", "".join(self._parts))
        for index, piece in enumerate(pieces):
            if index % 2:
                gaps[place] = _TAG if _TAG in piece else " "
            else:
                text.append(piece)
                place += len(piece)
        # White space around the whole is ignored.
        gaps.pop(0, None)
        gaps.pop(place, None)
        links = tuple(sorted(self._links, key=lambda one: one[1:]))
        return Content(
            "".join(text), gaps, links, tuple(self._sources), code=self._code, rules=self._rules
        )

    def _add(self, text: str) -> None:
        self._parts.append(text)
        self._length += len(_GAP.sub("", text))

    def _close_link(self) -> None:
        address, first = self._open.pop()
        if first == self._length:
            return  # an empty link
        before = self._links[-1] if self._links else None
        # The CMS splits a link where the markup inside it changes.
        if before and (before[0], before[2]) == (address, first):
            self._links[-1] = (address, before[1], self._length)
        else:
            self._links.append((address, first, self._length))
