"""
Data API v1: the views over the same store.

https://developers.webflow.com/data/v1.0.0/reference
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response

from service.sandbox.api import Ask, View, answer
from service.sandbox.faults import Fault
from service.sandbox.items import Writer, delete, publish, unpublish
from service.sandbox.listing import PAGE, page
from service.sandbox.records import Collection, Edit, Item
from service.sandbox.refusals import Refused, shape
from service.sandbox.schema import system_fields_v1
from service.sandbox.site import USER_ID, Site
from service.sandbox.slugs import with_slug
from service.sandbox.v1_errors import failure, headers, refusal
from service.sandbox.values import format_time
from service.sandbox.window import Allowance

VERSION = "1.0.0"


def shown(item: Item, collection: Collection) -> dict[str, Any]:
    """Return the staged copy of an item as v1 shows it: flat, a switch never empty."""
    switches = {one.slug: False for one in collection.fields.values() if one.type == "Switch"}
    published = format_time(item.published) if item.published else None
    return {
        "_archived": item.staged.archived,
        "_draft": item.staged.draft,
        **switches,
        **item.staged.fields,
        "updated-on": format_time(item.staged.updated),
        "updated-by": USER_ID,
        "created-on": format_time(item.created),
        "created-by": USER_ID,
        "published-on": published,
        "published-by": USER_ID if published else None,
        "_cid": collection.id,
        "_id": item.id,
    }


def edit_of(data: Mapping[str, Any], id: str) -> Edit:
    """
    Return what a body changes of the item *id*; the flags travel among the fields.

    Raises:
        Refused: ``fields`` is missing or no object, or a flag is no boolean.
    """
    if "fields" not in data:
        raise shape("'fields' is required")
    if not isinstance(data["fields"], dict):
        raise shape("'fields' must be of object type")
    fields = dict(data["fields"])
    for slug in ("name", "slug"):
        if not isinstance(fields.get(slug, ""), str):
            raise shape(f"'fields.{slug}' must be of string type")
    flags = {flag: fields.pop(flag, None) for flag in ("_archived", "_draft")}
    for flag, value in flags.items():
        if value is not None and not isinstance(value, bool):
            raise shape(f"'fields.{flag}' must be of boolean type")
    return Edit(id, fields, flags["_archived"], flags["_draft"])


def ids_of(data: Mapping[str, Any]) -> list[str]:
    """Return the ids that a body names."""
    ids = data.get("itemIds")
    if not isinstance(ids, list) or not all(isinstance(id, str) for id in ids):
        raise shape("'itemIds' is required")
    return ids


@dataclass(frozen=True, slots=True)
class V1:
    """Version 1, at the root."""

    site: Site
    name: str = "v1"

    def refusal(self, refused: Refused, path: str) -> Response:
        return refusal(refused, path)

    def failure(self, fault: Fault, path: str) -> Response:
        return failure(fault, path)

    def routes(self) -> tuple[tuple[str, str, View], ...]:
        cid = "/collections/<cid>"
        return (
            ("GET", cid, self.collection),
            ("GET", f"{cid}/items", self.list_items),
            ("POST", f"{cid}/items", self.create),
            ("DELETE", f"{cid}/items", self.delete_many),
            ("PUT", f"{cid}/items/publish", self.publish),
            ("GET", f"{cid}/items/<iid>", self.get),
            ("PATCH", f"{cid}/items/<iid>", self.update),
            ("PUT", f"{cid}/items/<iid>", self.replace),
            ("DELETE", f"{cid}/items/<iid>", self.delete),
        )

    def check(self, ask: Ask) -> None:
        """Refuse a version other than 1.0.0; v1 takes a request that names none."""
        version = ask.headers.get("Accept-Version", VERSION)
        if version != VERSION:
            raise Refused("version", version, counted=False)

    def headers(self, allowance: Allowance, *, counted: bool = True) -> dict[str, str]:
        return headers(allowance) if counted else {}

    def named(self, data: Any) -> list[tuple[str | None, Mapping[str, Any]]]:
        fields = data.get("fields") if isinstance(data, dict) else None
        return [(None, fields)] if isinstance(fields, dict) else []

    def collection(self, ask: Ask, cid: str) -> Response:
        found = self.site.collection(cid)
        return answer(
            {
                "_id": found.id,
                "lastUpdated": format_time(found.created),
                "createdOn": format_time(found.created),
                "name": found.name,
                "slug": found.slug,
                "singularName": found.name.removesuffix("s"),
                "fields": [one.as_v1() for one in found.fields.values()] + system_fields_v1(),
            }
        )

    def list_items(self, ask: Ask, cid: str) -> Response:
        collection = self.site.collection(cid)
        query = {key: ask.query[key] for key in ("limit", "offset") if key in ask.query}
        found = page(collection.items.values(), query)
        return self._envelope(collection, found.items, found.limit, found.offset)

    def get(self, ask: Ask, cid: str, iid: str) -> Response:
        collection = self.site.collection(cid)
        return self._envelope(collection, [collection.item(iid)], PAGE, 0)

    def create(self, ask: Ask, cid: str) -> Response:
        collection = self.site.collection(cid)
        edit = edit_of(ask.json(), "")
        if "name" not in edit.fields:
            raise shape("'fields.name' is required")
        fields = with_slug(edit.fields, collection.slugs, numbered=True)
        made = Edit("", fields, edit.archived, edit.draft)
        (item,) = self._writer(ask, collection).create(ask.edits([made]))
        return answer(shown(item, collection))

    def update(self, ask: Ask, cid: str, iid: str) -> Response:
        collection = self.site.collection(cid)
        edit = edit_of(ask.json(), iid)
        (item,) = self._writer(ask, collection).update(ask.edits([edit]))
        return answer(shown(item, collection))

    def replace(self, ask: Ask, cid: str, iid: str) -> Response:
        collection = self.site.collection(cid)
        (edit,) = ask.edits([edit_of(ask.json(), iid)])
        return answer(shown(self._writer(ask, collection).replace(edit), collection))

    def publish(self, ask: Ask, cid: str) -> Response:
        collection = self.site.collection(cid)
        published, errors = publish(self.site, collection, ids_of(ask.json()))
        return answer({"publishedItemIds": published, "errors": errors})

    def delete(self, ask: Ask, cid: str, iid: str) -> Response:
        self._delete(ask, cid, [iid])
        return answer({"deleted": 1})

    def delete_many(self, ask: Ask, cid: str) -> Response:
        ids = ids_of(ask.json())
        self._delete(ask, cid, ids)
        return answer({"deletedItemIds": ids, "errors": []})

    def _delete(self, ask: Ask, cid: str, ids: list[str]) -> None:
        collection = self.site.collection(cid)
        if _is_live(ask):  # takes the live copy away only
            unpublish(collection, ids)
        else:
            delete(self.site, collection, ids)

    def _writer(self, ask: Ask, collection: Collection) -> Writer:
        return Writer(self.site, collection, self.name, live=_is_live(ask))

    def _envelope(
        self, collection: Collection, items: list[Item], limit: int, offset: int
    ) -> Response:
        return answer(
            {
                "items": [shown(item, collection) for item in items],
                "count": len(items),
                "limit": limit,
                "offset": offset,
                "total": len(collection.items),
            }
        )


def _is_live(ask: Ask) -> bool:
    return ask.query.get("live") == "true"
