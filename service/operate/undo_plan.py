"""
What an undo puts back in one record, and what it leaves, each with its reason. Pure.

The entries of a field in scope are a chain as long as each went over what the one before it wrote:
elsewhere somebody else has changed the field in between, and the chain ends. The value to put back
is the one before the earliest of the newest chain; it is accepted only while the field still holds
the newest value. So what was changed since, by anyone, is left.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any

from service.operate.undo_items import CreationUndo, RetirementUndo
from service.operate.undo_model import (
    EDITED,
    NO_ITEM,
    NO_VARIANT,
    NOT_HELD,
    SINCE,
    UNKNOWN,
    FieldUndo,
    RecordNow,
    author_of,
)
from service.reconcile.plan.field_match import in_variant, shown_in
from service.reconcile.plan.model import ListedItem
from workers.fields import equality
from workers.fields.marks import mark_of
from workers.fields.types import FieldType, parse, seen
from workers.model.changes import canonical
from workers.model.retirement import GONE
from workers.store.item_record import FieldRecord
from workers.store.undo_log import UndoEntry


def plan(entries: Sequence[UndoEntry], now: RecordNow, run: str = "") -> Iterator[FieldUndo]:
    """
    Yield what becomes of each field that an entry is about.

    Args:
        entries: Those in scope of the record, the newest first.
        run: That carries this out, if it has begun.
    """
    for undo, takes_away in _of_item(entries, now, run):
        found = undo.undo()
        yield found
        if takes_away and not found.why:
            return  # with all that it holds
    for slug in dict.fromkeys(entry.slug for entry in entries if entry.slug not in ("", GONE)):
        yield _Chain([each for each in entries if each.slug == slug], now, run).undo()


def _of_item(
    entries: Sequence[UndoEntry], now: RecordNow, run: str
) -> Iterator[tuple[CreationUndo | RetirementUndo, bool]]:
    """Yield what concerns the item as a whole, and whether it is taken away by that."""
    for entry in entries:
        if entry.act == "create":
            yield CreationUndo(entry, entries, now, run), True
            break
    for entry in entries:
        if entry.slug == GONE:
            yield RetirementUndo(entry, entries, now, run), entry.act != "retire"
            break


@dataclass(frozen=True, slots=True)
class _Chain:
    """The entries of one field, the newest first."""

    entries: Sequence[UndoEntry]
    now: RecordNow
    run: str

    def undo(self) -> FieldUndo:
        newest = self.entries[0]
        held = self.now.held.fields.get(newest.slug)
        if held is None:
            return self._left(NOT_HELD)
        if self.run and held.run == self.run:
            return FieldUndo(newest.slug, done=True)
        if held.arrival != newest.arrival:
            return self._left(f"{SINCE} {author_of(held)}")
        views = self._views()
        if not views:
            return self._left(NO_ITEM if self.now.item is None else NO_VARIANT)
        return self._put_back(held, views)

    def _put_back(self, held: FieldRecord, views: Sequence[tuple[str, ListedItem]]) -> FieldUndo:
        chain = list(_newest(self.entries))
        newest, earliest = chain[0], chain[-1]
        shown = shown_in(views[0][1], newest.slug)
        if earliest.before is None and all(entry.waits for entry in chain):
            # Nothing was written yet: what the CMS shows is what was before.
            earliest = replace(earliest, before=canonical(shown))
        if earliest.before is None:
            return self._left(UNKNOWN)
        same = [self._shows_before(earliest, shown_in(view, newest.slug)) for _, view in views]
        for back, (tag, view) in zip(same, views, strict=True):
            own = in_variant(held, view, newest.slug) if tag else held
            if not back and not any(self._shows(each, own, view) for each in _possible(chain)):
                return self._left(EDITED)
        return FieldUndo(
            newest.slug,
            shown,
            self._sendable(earliest),
            earliest.before_type or newest.type,
            newest.arrival,
            newest.source,
            same=all(same),
        )

    def _views(self) -> list[tuple[str, ListedItem]]:
        """Return tag and variant of each that shows the field; the primary one has the tag ""."""
        if self.now.item is None:
            return []
        slug = self.entries[0].slug
        return [*self.now.written.views(self.now.item, self.now.variants, slug)]

    def _left(self, why: str) -> FieldUndo:
        slug, views = self.entries[0].slug, self._views()
        return FieldUndo(slug, shown_in(views[0][1], slug) if views else None, why=why)

    def _shows_before(self, entry: UndoEntry, shown: Any) -> bool:
        text, type_ = entry.before or "null", self._type(entry)
        if seen(json.loads(text)) == seen(shown):
            return True
        by_value = not (type_.vague or type_.refers or type_.needs_schema)
        return by_value and type_.shown(parse(text), shown)

    def _shows(self, entry: UndoEntry, held: FieldRecord, item: ListedItem) -> bool:
        """Tell whether the CMS shows what *entry* wrote, or its form of that."""
        marks = {known.mark for known in held.known if known.arrival == entry.arrival}
        if mark_of(seen(shown_in(item, entry.slug))) in marks:
            return True
        if marks and self._type(entry).compare is equality.present:
            return False
        own = held if held.arrival == entry.arrival else None
        matcher, links = self.now.matcher, self.now.links
        return matcher.match(item, entry.slug, entry.value, entry.type, own, links) != "no"

    def _sendable(self, entry: UndoEntry) -> str:
        """Return the value before *entry* as it is sent: a video as its address."""
        before = entry.before or "null"
        if self._type(entry).compare is not equality.present:
            return before
        return canonical(equality.named(parse(before)))

    def _type(self, entry: UndoEntry) -> FieldType:
        return self.now.matcher.type_of(entry.type, entry.slug)


def _possible(chain: Sequence[UndoEntry]) -> Iterator[UndoEntry]:
    """Yield the entries whose value the CMS may show: the last certain write, and all later."""
    for entry in chain:
        yield entry
        if entry.sure and not entry.waits:
            return


def _newest(entries: Sequence[UndoEntry]) -> Iterator[UndoEntry]:
    """Yield the newest chain, the newest first."""
    for each, earlier in zip_longest(entries, entries[1:]):
        yield each
        if earlier is not None and each.before not in (None, earlier.value):
            return
