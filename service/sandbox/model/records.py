"""
A collection, its items in each locale, the two copies of each, and edits of an item.

Copies and field data are immutable, so what a request has read under the lock can be sent without
it.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from service.sandbox.model.locales import PRIMARY_ID
from service.sandbox.model.refusals import Refused
from service.sandbox.model.schema import Field, owned

LOST = object()  # as a value that is sent: a file that the site loses during the import


@dataclass(frozen=True, slots=True)
class Copy:
    fields: Mapping[str, Any]
    archived: bool
    draft: bool
    updated: datetime


@dataclass(slots=True)
class Item:
    """
    An item in one locale: its staged copy, and its live one once it is published.

    Args:
        locale: The ``cmsLocaleId`` of this variant.
        withdrawn: It was unpublished, while ``published`` keeps its value.
    """

    id: str
    created: datetime
    staged: Copy
    live: Copy | None = None
    published: datetime | None = None
    locale: str = PRIMARY_ID
    withdrawn: bool = False


@dataclass(slots=True)
class Variants:
    """
    The items of a collection in one locale.

    Args:
        items: By id, oldest first.
        slugs: Slug of the staged copy → item id.
        held: Slugs of deleted live items: in use until the site is published.
    """

    items: dict[str, Item] = field(default_factory=dict)
    slugs: dict[str, str] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Collection:
    """
    A collection, its schema and its items.

    Args:
        blocked: The reason for which every write is refused with a conflict, or None.
        updated: Last change of the schema.
        changed: The schema changed since the site was last published.
        announce: Called after each change of an item.
        remember: Called before each change with the item, None for a new one.
    """

    id: str
    name: str
    slug: str
    created: datetime
    fields: dict[str, Field]
    blocked: str | None = None
    singular: str = ""
    updated: datetime | None = None
    changed: bool = False
    announce: Callable[[str, Collection, Item, Item | None], None] = lambda *_: None
    remember: Callable[[str, str, Item | None], None] = lambda *_: None
    locales: dict[str, Variants] = field(default_factory=lambda: {PRIMARY_ID: Variants()})

    @property
    def items(self) -> dict[str, Item]:
        """The items in the primary locale, by id, oldest first."""
        return self.variants().items

    @property
    def slugs(self) -> dict[str, str]:
        """The slugs in the primary locale → item ids."""
        return self.variants().slugs

    @property
    def count(self) -> int:
        """Number of items, counted once for all locales."""
        if len(self.locales) == 1:
            return len(self.items)
        return len({id for one in self.locales.values() for id in one.items})

    def everything(self) -> Iterator[Item]:
        """Return every item in every locale, the primary one first."""
        return (item for one in self.locales.values() for item in one.items.values())

    def variants(self, locale: str = PRIMARY_ID) -> Variants:
        found = self.locales.get(locale)
        return found if found is not None else self.locales.setdefault(locale, Variants())

    def taken(self, locales: Iterable[str] = (PRIMARY_ID,)) -> MutableMapping[str, str]:
        """Return the slugs in use in *locales*; additions do not change the collection."""
        found = [self.variants(locale) for locale in locales]
        held = [dict.fromkeys(one.held, "") for one in found]
        return ChainMap({}, *(one.slugs for one in found), *held)

    def item(self, id: str, locale: str = PRIMARY_ID) -> Item:
        """Return an item, by default in the primary locale; raises Refused if there is none."""
        try:
            return self.variants(locale).items[id]
        except KeyError:
            raise Refused("item", id) from None

    def store(self, item: Item, staged: Copy) -> None:
        """Replace the item's staged copy by *staged*."""
        variants = self.variants(item.locale)
        self.remember(item.locale, item.id, variants.items.get(item.id))
        self._release(item)
        item.staged = staged
        variants.slugs[str(staged.fields["slug"])] = item.id
        variants.items[item.id] = item

    def remove(self, item: Item) -> None:
        """Remove both copies of an item, in its locale."""
        self.remember(item.locale, item.id, item)
        self._release(item)
        del self.variants(item.locale).items[item.id]

    def put_field(self, one: Field) -> Field:
        """Add a field to the schema, replacing one with the same slug, and return it."""
        self.fields[one.slug] = made = owned(one, self.id)
        return made

    def announce_change(self, trigger: str, item: Item, before: Item | None = None) -> None:
        self.announce(trigger, self, item, before)

    def _release(self, item: Item) -> None:
        # Another item may have taken over the slug in the same request.
        slug, slugs = item.staged.fields.get("slug"), self.variants(item.locale).slugs
        if slug is not None and slugs.get(slug) == item.id:
            del slugs[slug]


@dataclass(frozen=True, slots=True)
class Edit:
    """The changes of a request to one item in one locale; None leaves a flag as it is."""

    id: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    archived: bool | None = None
    draft: bool | None = None
    locale: str = PRIMARY_ID
