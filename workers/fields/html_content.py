"""
What a piece of HTML says: its text, its links, its pictures, in their order. Pure.

The CMS rewrites markup: it adds ids, turns ``<b>`` into ``<strong>``, drops white space between
blocks, imports pictures and empties code blocks. What it says stays the same.

https://developers.webflow.com/data/reference/field-types-item-values
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from typing import Final

from workers.fields.addresses import is_same_source, link, name_of
from workers.model.letters import nfc

_TAG: Final = "\0"  # stands for any number of tags, with or without white space
_OBJECT: Final = "\ufffc"  # a picture or a video, in its place in the text
_GAP: Final = re.compile(r"[\s\0]+")
# What an editor's program puts where there is nothing, so that a caret can stand there.
_INVISIBLE: Final = re.compile(r"[\s\u200b-\u200d\ufeff]*")
_MEDIA: Final = frozenset({"img", "iframe", "video", "audio", "source", "embed"})
_UNSEEN: Final = frozenset({"script", "style"})
# As browsers read it: a quote counts behind "=" alone, and what no ">" ends is no text. No piece of
# these is tried twice, whatever stands there: html.parser takes minutes for 20 KB of "<a <a <a".
_MARKUP: Final = re.compile(
    r"""<(?:!--.*?(?:-->|\Z)|(/?)([A-Za-z][^\s/>]*+)((?>[^>=]+|=\s*+(?:"[^"]*"|'[^']*')?+)*+)(?:>|\Z)"""
    r"""|[!?/][^>]*+(?:>|\Z))""",
    re.DOTALL,
)
_ATTRIBUTE: Final = re.compile(
    r"""([^\s=/>"']+)(?:\s*+=\s*+(?:"([^"]*)"|'([^']*)'|([^\s>"']*)))?""", re.DOTALL
)
_END_OF: Final = {tag: re.compile(f"</{tag}", re.IGNORECASE) for tag in _UNSEEN}


@dataclass(frozen=True, slots=True)
class Content:
    """
    Args:
        text: Without white space; a picture is one character of it.
        gaps: Place in *text* → what stands before it: white space, or a tag.
        links: Address, first and last place of what it is put on.
        sources: Of pictures and videos.
        code: Whether a code block says anything.
    """

    text: str
    gaps: dict[int, str]
    links: tuple[tuple[str, int, int], ...]
    sources: tuple[str, ...]
    code: bool
    rules: bool  # it has a line across

    @property
    def shows(self) -> bool:
        """Whether there is anything to be seen."""
        return bool(self.text) or self.rules

    def as_text(self) -> str:
        """Return one text for all HTML that says this."""
        return json.dumps([self.text, self.links, [name_of(one) for one in self.sources]])


def content(html: str, *, code: bool = True) -> Content:
    """Return what *html* says; *code*: code blocks too."""
    reader = _Reader(code=code)
    for text, closes, tag, attributes in _pieces(html):
        if text:
            reader.read(unescape(text))
        elif closes:
            reader.close(tag)
        elif tag:
            reader.open(tag, attributes)
    return reader.found()


def _pieces(html: str) -> Iterator[tuple[str, bool, str, str]]:
    """Yield text, or whether a tag closes, its name and its attributes."""
    place = 0
    while place < len(html):
        start = html.find("<", place)
        start = len(html) if start < 0 else start
        if start > place:
            yield html[place:start], False, "", ""
        found = _MARKUP.match(html, start)
        if found is None:
            # A "<" that begins no tag is one.
            if start < len(html):
                yield "<", False, "", ""
            place = start + 1
            continue
        place = found.end()
        if not found[2]:
            continue  # a comment
        tag = found[2].lower()
        yield "", bool(found[1]), tag, found[3]
        if tag in _UNSEEN and not found[1]:
            end = _END_OF[tag].search(html, place)
            place = end.start() if end else len(html)


def _attribute(attributes: str, name: str) -> str:
    """Return the first attribute called *name*, without white space at its ends."""
    for one in _ATTRIBUTE.finditer(attributes):
        if one[1].lower() == name:
            return unescape(one[2] or one[3] or one[4] or "").strip()
    return ""


@lru_cache(1)  # it is asked whether a value is shown, and then in what form
def is_same(sent: str, answer: str) -> bool:
    """Tell whether *answer* says what was *sent*."""
    if sent == answer:
        return True
    wanted, held = content(sent), content(answer)
    # The CMS is documented to empty code blocks.
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
    """White space counts, but beside a tag: the CMS drops some there, and sets some."""
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
            if address := _attribute(attributes, "href"):
                self._open.append((link(address), self._length))
        elif tag in _MEDIA:
            if source := _attribute(attributes, "src"):
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
        # What stands around the whole is none of it.
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
            return  # it is put on nothing
        before = self._links[-1] if self._links else None
        # The CMS cuts a link in two where the markup within it changes.
        if before and (before[0], before[2]) == (address, first):
            self._links[-1] = (address, before[1], self._length)
        else:
            self._links.append((address, first, self._length))
