"""What becomes of the fields of a record as an undo is carried out, and why some are left. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from service.reconcile.plan.field_match import FieldMatcher
from service.reconcile.plan.model import ListedItem
from service.reconcile.plan.written_variants import PRIMARY, WrittenVariants
from workers.store.item_record import FieldRecord, ItemRecord

UNKNOWN: Final = "what it held before is not known"
EDITED: Final = "it was changed since in the CMS"
NO_ITEM: Final = "its item is no longer in the CMS"
NO_VARIANT: Final = "its item has no variant in this locale"
NOT_HELD: Final = "the store holds nothing of it any more"
RETIRED: Final = "its record is retired already"
BACK: Final = "its record is back already"
DELETED: Final = "it was deleted, and `missing` of its collection creates none"
SINCE: Final = "it was changed since, by"

Links = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class FieldUndo:
    """
    What becomes of one field of a record; of its retirement, or creation: `GONE`.

    Args:
        value: The one to put back, as JSON text; None: it is left.
        now: What the CMS shows.
        undoes: Arrival number of the value that is undone.
        source: That gave it.
        why: Reason to leave it.
        same: The CMS shows the value already. It is put back nevertheless: else a reconcile would
            write once more what is undone.
        done: This run has put it back before.
    """

    slug: str
    now: Any = None
    value: str | None = None
    type: str = ""
    undoes: int = 0
    source: str = ""
    why: str = ""
    same: bool = False
    done: bool = False


@dataclass(frozen=True, slots=True)
class RecordNow:
    """
    What is held of a record, and what the CMS shows of it.

    Args:
        item: None: it is not in the CMS.
        variants: Its other variants, by the tags of their locales.
        written: Which variants show what.
        links: Value that names items by their keys → JSON of their ids.
        creates: An item that is missing is created.
    """

    held: ItemRecord = field(default_factory=ItemRecord)
    item: ListedItem | None = None
    matcher: FieldMatcher = field(default_factory=FieldMatcher)
    variants: Mapping[str, ListedItem] = field(default_factory=dict)
    written: WrittenVariants = PRIMARY
    links: Links = field(default_factory=dict)
    creates: bool = False


def author_of(held: FieldRecord) -> str:
    """Return the run, or the source, that gave a value."""
    return f"run {held.run}" if held.run else held.source or "another source"
