"""How a retirement, or a creation, is taken back: what concerns an item as a whole. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from service.operate.undo_model import (
    BACK,
    DELETED,
    EDITED,
    NO_ITEM,
    NOT_HELD,
    RETIRED,
    SINCE,
    FieldUndo,
    RecordNow,
    author_of,
)
from service.reconcile.plan.field_match import shown_in
from service.reconcile.plan.model import ListedItem
from workers.fields.marks import mark_of
from workers.fields.types import seen
from workers.model.retirement import GONE
from workers.store.item_record import FieldRecord, ItemRecord
from workers.store.undo_log import UndoEntry
from workers.webflow.site import tag_of


@dataclass(frozen=True, slots=True)
class RetirementUndo:
    """
    A retirement that is taken back, or an undo of one that is.

    Args:
        entry: The newest about it in scope.
        entries: All of the record in scope.
        run: That carries this out, if it has begun.
    """

    entry: UndoEntry
    entries: Sequence[UndoEntry]
    now: RecordNow
    run: str

    def undo(self) -> FieldUndo:
        newest, gone = self.entry, _retirement(self.now.held)
        if _waits(self.now.held, self.run):
            return FieldUndo(GONE, done=True)
        if gone is None:
            return _left(NOT_HELD)
        lifts, same = newest.act == "retire", gone.arrival == newest.arrival
        if gone.undone is lifts:
            # Nothing tells afterwards who has brought it back: what is so counts as done.
            return FieldUndo(GONE, done=True) if self.run else _left(BACK if lifts else RETIRED)
        if not same:
            return _left(f"{SINCE} {author_of(gone)}")
        if lifts:
            return self._bring_back()
        last, own = max(self.now.held.stored, key=_arrival), {e.arrival for e in self.entries}
        if last.arrival > newest.arrival and last.arrival not in own:
            return _left(f"{SINCE} {author_of(last)}")
        text = newest.before or "null"
        return FieldUndo(GONE, None, text, "gone", last.arrival, newest.source)

    def _bring_back(self) -> FieldUndo:
        newest, item, deleted = self.entry, self.now.item, self.entry.value == '"delete"'
        if deleted and item is None and not self.now.creates:
            return _left(DELETED)
        if item is None and not deleted:
            return _left(NO_ITEM)
        return FieldUndo(
            GONE, None, "null", "gone", newest.arrival, newest.source, same=_is_back(newest, item)
        )


@dataclass(frozen=True, slots=True)
class CreationUndo:
    """
    A creation, which is undone as a whole: while all that its record holds is in scope, and the CMS
    shows it.
    """

    entry: UndoEntry
    entries: Sequence[UndoEntry]
    now: RecordNow
    run: str

    def undo(self) -> FieldUndo:
        held, item = self.now.held, self.now.item
        retired = held.gone is not None and held.gone.run == self.run
        if (self.run and retired) or _waits(held, self.run):
            return FieldUndo(GONE, done=True)
        values = [*held.fields.values(), *([held.gone] if held.gone else [])]
        if not values:
            return FieldUndo(GONE, why=NOT_HELD)
        if later := self._later(values):
            return FieldUndo(GONE, why=f"{SINCE} {later}")
        if item is None:
            return FieldUndo(GONE, why=NO_ITEM)
        if any(self._is_edited(slug, each, item) for slug, each in held.fields.items()):
            return FieldUndo(GONE, why=EDITED)
        last = max(each.arrival for each in values)
        return FieldUndo(GONE, None, '"unpublish"', "gone", last, self.entry.source)

    def _later(self, values: Sequence[FieldRecord]) -> str:
        """Return who changed the record since; "": nobody."""
        own = {each.arrival for each in self.entries}
        for held in values:
            if held.arrival > self.entry.arrival and held.arrival not in own:
                return author_of(held)
        return ""

    def _is_edited(self, slug: str, held: FieldRecord, item: ListedItem) -> bool:
        if held.state not in ("written", "unchanged") or tag_of(slug):
            return False
        marks = {known.mark for known in held.known if known.arrival == held.arrival}
        if mark_of(seen(shown_in(item, slug))) in marks:
            return False
        matcher, links = self.now.matcher, self.now.links
        return matcher.match(item, slug, held.value, held.type, held, links) == "no"


def _retirement(held: ItemRecord) -> FieldRecord | None:
    """Return the retirement of a record, also one that was taken back."""
    return next((each for each in held.stored if each.type == "gone"), None)


def _waits(held: ItemRecord, run: str) -> bool:
    """Tell whether *run* has retired a record, and that waits for others or for an approval."""
    return bool(run) and held.held is not None and held.held.run == run


def _arrival(held: FieldRecord) -> int:
    return held.arrival


def _is_back(retired: UndoEntry, item: ListedItem | None) -> bool:
    """Tell whether an editor has brought the item back already."""
    if item is None:
        return False
    way = retired.value.strip('"')
    shown = {"archive": item.archived, "draft": item.draft, "unpublish": item.draft}
    return not shown.get(way, way == "keep")


def _left(why: str) -> FieldUndo:
    return FieldUndo(GONE, why=why)
