"""The three sides of a comparison: a record of the source, its outbox entry, and a listed item."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from workers.store.item_record import ItemRecord


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
    on_create: bool = False  # only written when the item is created
    before: tuple[str, str] | None = None  # what the item shows, as JSON text, and its type


@dataclass(frozen=True, slots=True)
class ListedItem:
    """An item as listed; times are versions, None if the CMS gives none."""

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
    All data of one record: more than one item is a duplicate key.

    Args:
        known: Id of its item by the index, before the listing began.
        moved: The listing shows that item with another key.
        links: Value that names items by their keys → JSON of their ids; None: one has none.
        unnoted: Its item may be published otherwise than it is staged, and no publish is noted.
    """

    record: str
    number: int  # in the source; 0: not there; -1: there, without values
    twice: bool  # in the source
    wanted: tuple[SourceField, ...]
    items: tuple[ListedItem, ...]
    known: str | None = None
    held: ItemRecord = field(default_factory=ItemRecord)
    moved: bool = False
    links: Mapping[str, str | None] = field(default_factory=dict)
    variants: Mapping[str, ListedItem] = field(default_factory=dict)  # of its one item, by tag
    live: ListedItem | None = None  # the live copy of its one item, if it was read
    given: bool = True  # see `SourceRecords.given`
    unnoted: bool = False


def has_live(page: Iterable[ComparedRecord]) -> bool:
    """Tell whether an event gave any of the held values of *page*."""
    return any(field.as_of is None for one in page for field in one.held.fields.values())
