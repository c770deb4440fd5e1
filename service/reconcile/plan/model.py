"""
The three sides of a comparison: a record of the source, what the outbox holds, an item as listed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from workers.store.item_record import FieldRecord


@dataclass(frozen=True, slots=True)
class SourceField:
    """
    One field of a record in the source; *value* is canonical JSON text.

    *version* is that of the record itself, by ``Meta.version``; "": it has none.
    """

    slug: str
    value: str
    type: str
    version: str
    mapping: str
    on_create: bool = False  # an item that is there never gets it


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """
    What the outbox knows of one record.

    Args:
        id: Of its item, by the index.
        gone: That the record is gone at its source, where that is in force: its value says what
            becomes of the item.
        busy: A request for it is on its way, or it is being looked up or created.
        answered: The lastUpdated of the last answer to a write, as a version.
        tried: The store's clock, ms, when the last request for it was claimed.
        lifting: What a retirement did is still to be taken back, since the record is there again.
        back: As if no snapshot had ever lacked the record.
        by: The sources that have given a value of it, or its retirement.
    """

    fields: Mapping[str, FieldRecord] = field(default_factory=dict)
    id: str | None = None
    busy: bool = False
    answered: str | None = None
    gone: FieldRecord | None = None
    tried: int = 0
    lifting: bool = False
    back: bool = False
    by: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ListedItem:
    """An item as the listing shows it; times are versions, None where the CMS tells none."""

    id: str
    fields: Mapping[str, Any]
    updated: str | None = None
    published: str | None = None
    created: str | None = None
    archived: bool = False
    draft: bool = False

    @property
    def shown(self) -> bool:
        """Whether it is live, and not held back by an editor."""
        return self.published is not None and not (self.archived or self.draft)


@dataclass(frozen=True, slots=True)
class ComparedRecord:
    """
    One record with all there is of it: more than one item is a duplicate key.

    Args:
        known: Id of its item by the index, before the listing began.
        moved: The listing shows that item with another key.
        links: Value that names items by their keys → JSON of their ids; None: one has none.
    """

    record: str
    number: int  # in the source; 0: not there; -1: there, and says nothing
    twice: bool  # in the source
    wanted: tuple[SourceField, ...]
    items: tuple[ListedItem, ...]
    known: str | None = None
    held: OutboxItem = OutboxItem()
    moved: bool = False
    links: Mapping[str, str | None] = field(default_factory=dict)
    variants: Mapping[str, ListedItem] = field(default_factory=dict)  # of its one item, by the tag
    live: ListedItem | None = None  # the live copy of its one item, where it was read
    given: bool = True  # see `SourceRecords.given`


def has_live(page: Iterable[ComparedRecord]) -> bool:
    """Tell whether an event gave any of what is held of the records of *page*."""
    return any(field.as_of is None for one in page for field in one.held.fields.values())
