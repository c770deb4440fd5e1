"""
Data API v2: the views, the two kinds of error, the headers.

https://developers.webflow.com/data/reference/cms
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response

from service.sandbox.api import Ask, View, answer
from service.sandbox.faults import Fault
from service.sandbox.items import Writer, delete, publish, unpublish
from service.sandbox.listing import page
from service.sandbox.records import Collection, Copy, Edit, Item
from service.sandbox.refusals import Refused, shape
from service.sandbox.site import LOCALE_ID, Site
from service.sandbox.slugs import with_slug
from service.sandbox.v2_errors import failure, headers, refusal
from service.sandbox.values import format_time
from service.sandbox.window import Allowance

BATCH = 100  # items in one request

_ID = re.compile(r"[0-9a-f]{24}")
_TYPES = {"isArchived": bool, "isDraft": bool, "fieldData": dict, "cmsLocaleId": str}
_NOUNS = {bool: "boolean", dict: "object", str: "string"}


def shown(item: Item, copy: Copy | None = None) -> dict[str, Any]:
    """Return one copy of an item, by default the staged one, as v2 shows it."""
    copy = copy or item.staged
    return {
        "id": item.id,
        "cmsLocaleId": LOCALE_ID,
        "lastPublished": format_time(item.published) if item.published else None,
        "lastUpdated": format_time(copy.updated),
        "createdOn": format_time(item.created),
        "isArchived": copy.archived,
        "isDraft": copy.draft,
        "fieldData": copy.fields,
    }


def edit_of(entry: Any, id: str) -> Edit:
    """
    Return what an entry of a body changes of the item *id*.

    Raises:
        Refused: a key is of the wrong type, or there is nothing to change.
    """
    for key, kind in _TYPES.items():
        if key in entry and not isinstance(entry[key], kind):
            raise shape(f"Value ({key})'s type should be {_NOUNS[kind]}")
    fields = entry.get("fieldData", {})
    if not fields and "isArchived" not in entry and "isDraft" not in entry:
        raise shape("Value should have required property 'fieldData'")
    return Edit(id, fields, entry.get("isArchived"), entry.get("isDraft"))


def ids_of(data: Mapping[str, Any]) -> list[str]:
    """Return the ids that a body names, as ``items`` or as ``itemIds``."""
    ids = (
        [entry.get("id") for entry in entries_of(data)] if "items" in data else data.get("itemIds")
    )
    if not isinstance(ids, list):
        raise shape("Value should have required property 'itemIds'")
    return [require_id(id) for id in ids]


def entries_of(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the entries of ``items``: objects, at most BATCH of them."""
    entries = data.get("items")
    if not isinstance(entries, list):
        raise shape("Value (items)'s type should be array")
    if not 1 <= len(entries) <= BATCH:
        bound = "more than 100" if entries else "fewer than 1"
        raise shape(f"Value (items) should NOT have {bound} items")
    if not all(isinstance(entry, dict) for entry in entries):
        raise shape("Value (items[])'s type should be object")
    return entries


def require_id(id: Any) -> str:
    """Return *id*; raises Refused where it is no id at all."""
    if not isinstance(id, str) or not _ID.fullmatch(id):
        raise Refused("id", str(id))
    return id


@dataclass(frozen=True, slots=True)
class V2:
    """Version 2, under ``/v2``."""

    site: Site
    name: str = "v2"

    def refusal(self, refused: Refused, path: str) -> Response:
        return refusal(refused)

    def failure(self, fault: Fault, path: str) -> Response:
        return failure(fault)

    def routes(self) -> tuple[tuple[str, str, View], ...]:
        cid = "/v2/collections/<cid>"
        return (
            ("GET", cid, self.collection),
            ("GET", f"{cid}/items", self.list_staged),
            ("GET", f"{cid}/items/live", self.list_live),
            ("POST", f"{cid}/items", self.create_staged),
            ("POST", f"{cid}/items/live", self.create_live),
            ("POST", f"{cid}/items/publish", self.publish),
            ("PATCH", f"{cid}/items", self.update_many_staged),
            ("PATCH", f"{cid}/items/live", self.update_many_live),
            ("DELETE", f"{cid}/items", self.delete_many),
            ("DELETE", f"{cid}/items/live", self.unpublish_many),
            ("GET", f"{cid}/items/<iid>", self.get_staged),
            ("GET", f"{cid}/items/<iid>/live", self.get_live),
            ("PATCH", f"{cid}/items/<iid>", self.update_staged),
            ("PATCH", f"{cid}/items/<iid>/live", self.update_live),
            ("DELETE", f"{cid}/items/<iid>", self.delete),
            ("DELETE", f"{cid}/items/<iid>/live", self.unpublish),
        )

    def check(self, ask: Ask) -> None:
        """Nothing: v2 knows no version header."""

    def headers(self, allowance: Allowance, *, counted: bool = True) -> dict[str, str]:
        return headers(allowance)

    def named(self, data: Any) -> list[tuple[str | None, Mapping[str, Any]]]:
        entries = data.get("items", [data]) if isinstance(data, dict) else []
        found = [entry for entry in entries if isinstance(entry, dict)]
        return [(entry.get("id"), entry.get("fieldData") or {}) for entry in found]

    def collection(self, ask: Ask, cid: str) -> Response:
        found = self._collection(cid)
        return answer(
            {
                "id": found.id,
                "displayName": found.name,
                "singularName": found.name.removesuffix("s"),
                "slug": found.slug,
                "createdOn": format_time(found.created),
                "lastUpdated": format_time(found.created),
                "fields": [one.as_v2() for one in found.fields.values()],
            }
        )

    def list_staged(self, ask: Ask, cid: str, *, live: bool = False) -> Response:
        items = self._collection(cid).items.values()
        found = page([item for item in items if item.live or not live], ask.query)
        return answer(
            {
                "items": [shown(item, item.live if live else None) for item in found.items],
                "pagination": {"limit": found.limit, "offset": found.offset, "total": found.total},
            }
        )

    def list_live(self, ask: Ask, cid: str) -> Response:
        return self.list_staged(ask, cid, live=True)

    def get_staged(self, ask: Ask, cid: str, iid: str) -> Response:
        return answer(shown(self._collection(cid).item(require_id(iid))))

    def get_live(self, ask: Ask, cid: str, iid: str) -> Response:
        item = self._collection(cid).item(require_id(iid))
        if item.live is None:
            raise Refused("item", iid)
        return answer(shown(item, item.live))

    def create_staged(self, ask: Ask, cid: str, *, live: bool = False) -> Response:
        data = ask.json()
        if "items" in data and "fieldData" in data:
            raise shape("Value should match exactly one schema in oneOf")
        entries = entries_of(data) if "items" in data else [data]
        collection = self._collection(cid)
        edits = [self._creation(entry, collection, live=live) for entry in entries]
        made = self._writer(ask, collection, live=live).create(ask.edits(edits))
        items = [shown(item) for item in made]
        return answer({"items": items} if "items" in data else items[0], 202)

    def create_live(self, ask: Ask, cid: str) -> Response:
        return self.create_staged(ask, cid, live=True)

    def update_staged(self, ask: Ask, cid: str, iid: str, *, live: bool = False) -> Response:
        edit = edit_of(ask.json(), require_id(iid))
        (item,) = self._writer(ask, self._collection(cid), live=live).update(ask.edits([edit]))
        return answer(shown(item))

    def update_live(self, ask: Ask, cid: str, iid: str) -> Response:
        return self.update_staged(ask, cid, iid, live=True)

    def update_many_staged(self, ask: Ask, cid: str, *, live: bool = False) -> Response:
        entries = entries_of(ask.json())
        if any("id" not in entry for entry in entries):
            raise shape("Value (items[]) should have required property 'id'")
        edits = [edit_of(entry, require_id(entry["id"])) for entry in entries]
        items = self._writer(ask, self._collection(cid), live=live).update(ask.edits(edits))
        return answer({"items": [shown(item) for item in items]})

    def update_many_live(self, ask: Ask, cid: str) -> Response:
        return self.update_many_staged(ask, cid, live=True)

    def publish(self, ask: Ask, cid: str) -> Response:
        collection = self._collection(cid)
        published, errors = publish(self.site, collection, ids_of(ask.json()))
        return answer({"publishedItemIds": published, "errors": errors}, 202)

    def unpublish(self, ask: Ask, cid: str, iid: str) -> Response:
        unpublish(self._collection(cid), [require_id(iid)])
        return Response(status=204)

    def unpublish_many(self, ask: Ask, cid: str) -> Response:
        unpublish(self._collection(cid), ids_of(ask.json()))
        return Response(status=204)

    def delete(self, ask: Ask, cid: str, iid: str) -> Response:
        delete(self.site, self._collection(cid), [require_id(iid)])
        return Response(status=204)

    def delete_many(self, ask: Ask, cid: str) -> Response:
        delete(self.site, self._collection(cid), ids_of(ask.json()))
        return Response(status=204)

    def _collection(self, cid: str) -> Collection:
        return self.site.collection(require_id(cid))

    def _writer(self, ask: Ask, collection: Collection, *, live: bool) -> Writer:
        skip = ask.query.get("skipInvalidFiles", "true") != "false"
        return Writer(self.site, collection, self.name, live=live, skip_invalid_files=skip)

    def _creation(self, entry: dict[str, Any], collection: Collection, *, live: bool) -> Edit:
        # A staged item starts as a draft (changelog of 2024-12-17), a live one does not.
        edit = edit_of({"isArchived": False, "isDraft": not live, **entry}, "")
        if "name" not in edit.fields:
            raise shape("Value (fieldData) should have required property 'name'")
        return Edit("", with_slug(edit.fields, collection.slugs), edit.archived, edit.draft)
