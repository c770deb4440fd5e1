"""
What can be done to items, the same for both APIs. All or nothing: a step that raises did nothing.

https://developers.webflow.com/data/docs/working-with-the-cms/publishing
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from service.sandbox.records import Collection, Copy, Edit, Item
from service.sandbox.refusals import FieldRefusal, FileUnavailable, Refused, ValueRefused
from service.sandbox.site import Site, new_id
from service.sandbox.values import TYPES, Sent

NEVER_PUBLISHED = "Live PATCH updates can't be applied to items that have never been published"


@dataclass(frozen=True, slots=True)
class Writer:
    """
    Writes to one collection in the name of one request.

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
        Change items in part.

        Raises:
            Refused: an item is unknown, a field does not fit, or the live copy of an item that
                was never published is to be written.
        """
        self._require_open()
        items = [self.collection.item(edit.id) for edit in edits]
        if self.live and any(item.published is None for item in items):
            raise Refused("conflict", NEVER_PUBLISHED)
        data = self._read([(edit.id, edit.fields) for edit in edits])
        now = self.site.now()
        for item, edit, changed in zip(items, edits, data, strict=True):
            self._write(item, {**item.staged.fields, **changed}, edit, now)
        return items

    def replace(self, edit: Edit) -> Item:
        """Change an item in whole: a field that is not named is cleared."""
        self._require_open()
        item = self.collection.item(edit.id)
        if self.live and item.published is None:
            raise Refused("conflict", NEVER_PUBLISHED)
        (changed,) = self._read([(edit.id, self._complete(edit.fields))])
        self._write(item, changed, edit, self.site.now())
        return item

    def create(self, edits: Sequence[Edit], *, ids: Sequence[str] = ()) -> list[Item]:
        """Add items; each edit holds all the fields of one, its id is not looked at."""
        self._require_open()
        names = list(ids) or [new_id() for _ in edits]
        data = self._read(
            [(id, self._complete(edit.fields)) for id, edit in zip(names, edits, strict=True)]
        )
        now = self.site.now()
        made = []
        for id, edit, fields in zip(names, edits, data, strict=True):
            item = Item(id, now, Copy({}, archived=False, draft=False, updated=now))
            self._write(item, fields, edit, now)
            made.append(item)
        return made

    def _require_open(self) -> None:
        if self.collection.blocked is not None:
            raise Refused("conflict", self.collection.blocked)

    def _write(self, item: Item, fields: dict[str, Any], edit: Edit, now: datetime) -> None:
        before = item.staged
        staged = Copy(
            {slug: value for slug, value in fields.items() if value is not None},
            archived=before.archived if edit.archived is None else edit.archived,
            draft=before.draft if edit.draft is None else edit.draft,
            updated=now,
        )
        self.collection.store(item, staged)
        if self.live:
            item.live, item.published = staged, now
        self.site.calls.written += 1

    def _read(self, edits: Sequence[tuple[str, Mapping[str, Any]]]) -> list[dict[str, Any]]:
        """Return the values as stored, or raise one refusal with all the bad fields of all."""
        problems: list[FieldRefusal] = []
        taken: dict[str, str] = {}
        data = []
        for id, fields in edits:
            read: dict[str, Any] = {}
            for slug, value in fields.items():
                try:
                    read[slug] = self._value(id, slug, value, taken)
                except FileUnavailable as error:
                    if not self.skip_invalid_files:
                        problems.append(FieldRefusal(slug, error.reason, error.value))
                except ValueRefused as error:
                    problems.append(FieldRefusal(slug, error.reason, error.value))
            data.append(read)
        if problems:
            raise Refused("fields", fields=problems)
        return data

    def _value(self, id: str, slug: str, value: Any, taken: dict[str, str]) -> Any:
        field = self.collection.fields.get(slug)
        if field is None:
            raise ValueRefused("Field not described in schema")
        if value is None:
            if field.required:
                raise ValueRefused("Required field cannot be cleared")
            return None
        sent = Sent(value, field, self.api, self.site.files, self.site.has_item)
        read = TYPES[field.type](sent)
        if slug == "slug":
            owner = self.collection.slugs.get(read, id)
            if owner != id or taken.setdefault(read, id) != id:
                raise ValueRefused("Unique value is already in database", read)
        return read

    def _complete(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return *fields* with a null for every required one that is absent: it is refused."""
        required = (one.slug for one in self.collection.fields.values() if one.required)
        return {**dict.fromkeys(required), **fields}


def publish(site: Site, collection: Collection, ids: Sequence[str]) -> tuple[list[str], list[str]]:
    """Make the staged copies of items live; returns the ids that are, and texts for the others."""
    published, errors = [], []
    for id in ids:
        item = collection.items.get(id)
        if item is None:
            errors.append(f"Staging item ID {id} not found.")
        elif item.staged.archived:
            errors.append(f"Staging item ID {id} is archived and cannot be published.")
        else:
            collection.store(item, replace(item.staged, draft=False))
            item.live, item.published = item.staged, site.now()
            published.append(id)
    return published, errors


def unpublish(collection: Collection, ids: Sequence[str]) -> None:
    """Take the live copies of items away; the staged ones become drafts."""
    for item in [collection.item(id) for id in ids]:
        item.live, item.published = None, None
        collection.store(item, replace(item.staged, draft=True))


def delete(site: Site, collection: Collection, ids: Sequence[str]) -> None:
    """
    Delete items, both copies.

    Raises:
        Refused: an item is unknown, or an item that stays refers to one of them.
    """
    items = [collection.item(id) for id in ids]
    if referenced(site, collection, frozenset(ids)):
        raise Refused("conflict", "This item is still being used by other items")
    for item in items:
        collection.remove(item)


def referenced(site: Site, collection: Collection, ids: frozenset[str]) -> bool:
    """Tell whether an item that is not among *ids* refers to one that is."""
    for other in site.collections.values():
        slugs = [
            one.slug
            for one in other.fields.values()
            if one.validations.get("collectionId") == collection.id
        ]
        for item in other.items.values() if slugs else ():
            if item.id not in ids and any(_refers(item, slug, ids) for slug in slugs):
                return True
    return False


def _refers(item: Item, slug: str, ids: frozenset[str]) -> bool:
    value = item.staged.fields.get(slug)
    return not ids.isdisjoint(value if isinstance(value, list) else [value])
