"""
Operations on items, the same for both APIs. An operation that raises has changed nothing.

https://developers.webflow.com/data/docs/working-with-the-cms/publishing
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from operator import is_
from typing import Any

from service.sandbox.model.locales import PRIMARY_ID
from service.sandbox.model.records import Collection, Copy, Edit, Item
from service.sandbox.site.conflicts import (
    require_copy,
    require_even,
    require_live,
    require_open,
    require_published,
    require_room,
    require_unreferenced,
)
from service.sandbox.site.request_fields import RequestReader
from service.sandbox.site.site import Site, new_id

PRIMARY = (PRIMARY_ID,)
ByItem = Mapping[str, Sequence[str]]  # item id → locales; by default the primary one


@dataclass(frozen=True, slots=True)
class Writer:
    """
    Writes to one collection for one request.

    Args:
        live: Write the live copy as well.
        skip_invalid_files: Leave out a file that cannot be imported, instead of refusing.
    """

    site: Site
    collection: Collection
    api: str
    live: bool = False
    skip_invalid_files: bool = False

    def update(self, edits: Sequence[Edit]) -> list[Item]:
        """
        Change some fields of items; raises Refused if an item is unknown, a value does not fit its
        field, or the live copy of an item that was never published would be written.
        """
        items = self._found(edits)
        data = self._read(list(map(self._merged, items, edits)))
        now = self.site.now()
        schema = tuple(self.collection.fields.values())
        for item, edit, changed in zip(items, edits, data, strict=True):
            self._write(item, {**item.staged.fields, **changed}, edit, now)
            if self.site.rules.checks_merged:
                self.site.checked[self._place(item)] = (item.staged, schema)
        return items

    def replace(self, edit: Edit) -> Item:
        """Replace all fields of an item: missing ones are cleared."""
        (item,) = self._found([edit])
        (changed,) = self._read([replace(edit, fields=self._complete(edit.fields))])
        self._write(item, changed, edit, self.site.now())
        return item

    def create(self, edits: Sequence[Edit], *, ids: Sequence[str] = ()) -> list[Item]:
        """
        Add items; each edit holds all the fields of one, and its id is ignored.

        Args:
            ids: The ids to use; one for all the locales of an item.

        Raises:
            Refused: A value does not fit its field, or the plan has no room.
        """
        require_open(self.collection)
        if self.live:
            require_published(self.site)
        names = list(ids) or [new_id() for _ in edits]
        require_room(self.site, len(set(names)))
        complete = [
            replace(edit, id=id, fields=self._complete(edit.fields))
            for id, edit in zip(names, edits, strict=True)
        ]
        data = self._read(complete)
        now = self.site.now()
        made = []
        for edit, fields in zip(complete, data, strict=True):
            copy = Copy({}, archived=False, draft=False, updated=now)
            made.append(item := Item(edit.id, now, copy, locale=edit.locale))
            self._write(item, fields, edit, now, created=True)
        return made

    def _found(self, edits: Sequence[Edit]) -> list[Item]:
        require_open(self.collection)
        items = [self.collection.item(edit.id, edit.locale) for edit in edits]
        if self.live:
            require_published(self.site, self.collection)
            require_live(self.site, items)
        return items

    def _merged(self, item: Item, edit: Edit) -> Edit:
        """Return *edit*, with the item's other values if those are to be checked as well."""
        if not self.site.rules.checks_merged or self._is_checked(item):
            return edit
        known = self.collection.fields
        held = {slug: value for slug, value in item.staged.fields.items() if slug in known}
        whole = self._complete({**held, **edit.fields})
        return replace(edit, fields={**edit.fields, **whole})  # what was sent is reported first

    def _is_checked(self, item: Item) -> bool:
        """Tell whether all values of *item* were valid by the present schema when written."""
        copy, schema = self.site.checked.get(self._place(item), (None, ()))
        known = self.collection.fields.values()
        same = len(schema) == len(known) and all(map(is_, schema, known))
        return copy is item.staged and same

    def _place(self, item: Item) -> tuple[str, str, str]:
        return self.collection.id, item.locale, item.id

    def _write(
        self,
        item: Item,
        fields: dict[str, Any],
        edit: Edit,
        now: datetime,
        *,
        created: bool = False,
    ) -> None:
        before, held = replace(item), item.staged
        staged = Copy(
            {slug: value for slug, value in fields.items() if value is not None},
            archived=held.archived if edit.archived is None else edit.archived,
            draft=held.draft if edit.draft is None else edit.draft,
            updated=now,
        )
        self.collection.store(item, staged)
        if self.live:
            item.live, item.published, item.withdrawn = staged, now, False
        self.site.calls.written += 1
        if not created:
            self.collection.announce_change("collection_item_changed", item, before)
            return
        self.collection.announce_change("collection_item_created", item)
        if self.live:
            self.collection.announce_change("collection_item_published", item)

    def _read(self, edits: Sequence[Edit]) -> list[dict[str, Any]]:
        """Return the values as stored; raises one Refused for all invalid fields."""
        return RequestReader(self.site, self.collection, self.api, self.skip_invalid_files).read(
            edits
        )

    def _complete(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return *fields* with a null for each missing required one: it is refused."""
        required = (one.slug for one in self.collection.fields.values() if one.required)
        return {**dict.fromkeys(required), **fields}


def publish(
    site: Site, collection: Collection, ids: Sequence[str], locales: ByItem | None = None
) -> tuple[list[str], list[str]]:
    """
    Make the staged copies of items live; return the ids of those, and an error text for each other.
    Raises Refused if the collection cannot be published.
    """
    require_open(collection)
    require_published(site, collection)
    require_even(site)
    published: dict[str, None] = {}
    errors = []
    for id, locale in _meant(ids, locales):
        item = collection.variants(locale).items.get(id)
        if item is None:
            errors.append(f"Staging item ID {id} not found.")
        elif item.staged.archived:
            errors.append(f"Staging item ID {id} is archived and cannot be published.")
        else:
            now = site.now()
            put_live(collection, item, now, updated=now)
            published[id] = None
    return list(published), errors


def put_live(
    collection: Collection, item: Item, now: datetime, *, updated: datetime | None = None
) -> None:
    """Make the staged copy of *item* its live one; *updated* is the new ``lastUpdated``."""
    before = replace(item)
    updated = updated or item.staged.updated
    collection.store(item, replace(item.staged, draft=False, updated=updated))
    item.live, item.published, item.withdrawn = item.staged, now, False
    collection.announce_change("collection_item_published", item, before)


def unpublish(
    site: Site, collection: Collection, ids: Sequence[str], locales: ByItem | None = None
) -> None:
    """
    Remove the live copies of items; the staged ones become drafts. Raises Refused if an item is
    unknown, or not live where that is refused.
    """
    require_open(collection)
    items = [collection.item(id, locale) for id, locale in _meant(ids, locales)]
    if site.rules.refuses_unlive:
        require_copy(items)
    for item in items:
        before = replace(item)
        collection.store(item, replace(item.staged, draft=True))
        item.live, item.withdrawn = None, site.rules.keeps_published
        if not item.withdrawn:
            item.published = None
        if before.live is not None:
            collection.announce_change("collection_item_unpublished", item, before)


def delete(
    site: Site, collection: Collection, ids: Sequence[str], locales: ByItem | None = None
) -> None:
    """
    Delete items, both copies. The slug of a live one stays in use until the next publish. Raises
    Refused if an item is unknown, or another item refers to one.
    """
    require_open(collection)
    require_even(site)
    items = {pair: collection.item(*pair) for pair in _meant(ids, locales)}
    require_unreferenced(site, collection, list(items.values()))
    for item in items.values():
        collection.remove(item)
        if item.live is not None:
            collection.variants(item.locale).held.add(item.staged.fields["slug"])
        collection.announce_change("collection_item_deleted", item, item)


def _meant(ids: Sequence[str], locales: ByItem | None) -> list[tuple[str, str]]:
    return [(id, locale) for id in ids for locale in (locales or {}).get(id, PRIMARY)]
