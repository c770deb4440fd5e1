"""
A collection, its items, the two copies of each, and what a request changes of one.

Copies and field data are never changed in place, so what a request has taken out under the lock
can be written to the network without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from service.sandbox.refusals import Refused
from service.sandbox.schema import Field


@dataclass(frozen=True, slots=True)
class Copy:
    """One copy of an item, staged or live."""

    fields: Mapping[str, Any]
    archived: bool
    draft: bool
    updated: datetime


@dataclass(slots=True)
class Item:
    """An item: its staged copy, and its live one once it is published."""

    id: str
    created: datetime
    staged: Copy
    live: Copy | None = None
    published: datetime | None = None


@dataclass(slots=True)
class Collection:
    """
    A collection, its schema and its items by id, oldest first.

    Args:
        blocked: Why every write is refused with a conflict, or None; as after a change of the
            schema, until the site is published.
    """

    id: str
    name: str
    slug: str
    created: datetime
    fields: dict[str, Field]
    items: dict[str, Item] = field(default_factory=dict)
    slugs: dict[str, str] = field(default_factory=dict)  # slug of the staged copy: item id
    blocked: str | None = None

    def item(self, id: str) -> Item:
        """
        Return an item.

        Raises:
            Refused: there is none with this *id*.
        """
        try:
            return self.items[id]
        except KeyError:
            raise Refused("item", id) from None

    def store(self, item: Item, staged: Copy) -> None:
        """Put *staged* in the place of the item's staged copy."""
        self._release(item)
        item.staged = staged
        self.slugs[str(staged.fields["slug"])] = item.id
        self.items[item.id] = item

    def remove(self, item: Item) -> None:
        """Forget both copies of an item."""
        self._release(item)
        del self.items[item.id]

    def _release(self, item: Item) -> None:
        # Another item may have taken the slug over, in one request with this one.
        slug = item.staged.fields.get("slug")
        if slug is not None and self.slugs.get(slug) == item.id:
            del self.slugs[slug]


@dataclass(frozen=True, slots=True)
class Edit:
    """What a request changes of one item; None leaves a flag as it is."""

    id: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    archived: bool | None = None
    draft: bool | None = None
