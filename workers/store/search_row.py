"""
What the search index knows of one record, and the texts under which it is found.

A text is folded: NFC, caseless, with one space for any white space, at most `LONGEST` characters.
The index holds it as ``<text>\\x1f<kind><record>``, without the record where that is the text: so
the records that a text begins, or names in full, are one range of a sorted set.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any, Final

from workers.model.letters import nfc
from workers.webflow.item_answers import ItemView

LONGEST: Final = 100  # characters kept of a text: what bounds the bytes of a record
END: Final = "\x1f"  # of a text; white space to Python, so that no folded text contains it
KEY, ITEM, NAME, SLUG = "kins"

_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def whole(text: str) -> str:
    """Return *text* folded, however long it is."""
    if text.isascii():  # as nearly all are
        return " ".join(text.lower().split())
    return " ".join(nfc(nfc(text).casefold()).split())


def folded(text: str) -> str:
    return whole(text)[:LONGEST]


@dataclass(frozen=True, slots=True)
class SearchRow:
    """An empty text is not known."""

    item: str = ""  # its item id
    name: str = ""  # as Instep wrote it, or will
    slug: str = ""
    shown_name: str = ""  # as the CMS showed it last, where that is another one
    shown_slug: str = ""

    @classmethod
    def parse(cls, text: str | None) -> SearchRow:
        return cls(*json.loads(text)) if text else cls()

    def as_shown(self, view: ItemView) -> SearchRow:
        """Return the row with what the CMS shows of its item."""
        name, slug = (_shown(view.fields.get(each)) for each in ("name", "slug"))
        return replace(
            self,
            item=view.id,
            shown_name=name if name != self.name else "",
            shown_slug=slug if slug != self.slug else "",
        )

    def as_text(self) -> str:
        """Return the stored form."""
        known = [self.item, self.name, self.slug, self.shown_name, self.shown_slug]
        while known and not known[-1]:
            known.pop()
        return _encode(known)

    def members(self, record: str) -> frozenset[str]:
        """Return the members of the sorted set by which *record* is found."""
        pairs = (
            *((KEY, record), (ITEM, self.item if self.item != record else "")),
            *((NAME, self.name), (NAME, self.shown_name)),
            *((SLUG, self.slug), (SLUG, self.shown_slug)),
        )
        return frozenset(_member(kind, folded(text), record) for kind, text in pairs if text)


def _shown(value: Any) -> str:
    return value[:LONGEST] if isinstance(value, str) else ""


def _member(kind: str, text: str, record: str) -> str:
    return f"{text}{END}{kind}{record if record != text else ''}"


def key_member(record: str) -> str:
    """Return the text by which *record* stands in the order of the keys."""
    return _member(KEY, folded(record), record)


def record_of(member: str) -> str:
    """Return the record that *member* of the sorted set finds."""
    text, _, found = member.partition(END)
    return found[1:] or text


def kind_of(member: str) -> str:
    return member.partition(END)[2][:1]
