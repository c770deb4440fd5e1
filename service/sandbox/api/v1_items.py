"""
v1: items, flat, one at a time except for publishing and deleting.

https://developers.webflow.com/data/v1.0.0/reference/cms/items
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response

from service.sandbox.api.api_version import ApiRequest, Route, Views, answer
from service.sandbox.api.lists import PAGE, page
from service.sandbox.fields.slugs import with_slug
from service.sandbox.fields.values import format_time
from service.sandbox.model.records import Collection, Edit, Item
from service.sandbox.model.refusals import Refused, shape
from service.sandbox.site.items import Writer, delete, publish, unpublish
from service.sandbox.site.site import USER_ID

CID = "/collections/<cid>"

# type, its noun, and the keys of ``fields`` whose type is checked; null passes
_KINDS = ((str, "string", ("name", "slug")), (bool, "boolean", ("_archived", "_draft")))


def shown(item: Item, collection: Collection) -> dict[str, Any]:
    """Return the staged copy of an item in v1's form: flat, a switch never empty."""
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


def body_of(ask: ApiRequest) -> Mapping[str, Any]:
    """Return the body as an object; an empty body is an empty object."""
    data = ask.parsed() if ask.body.strip() else {}
    return data if isinstance(data, dict) else {}


def edit_of(
    ask: ApiRequest, collection: Collection, id: str, *, needed: tuple[str, ...] = ()
) -> Edit:
    """
    Return the changes of a body to the item *id*; flags and ids are among the fields.

    Args:
        needed: The keys that ``fields`` must have.

    Raises:
        Refused: ``fields`` is missing or no object, or a key of every collection is missing or of
            another type.
    """
    fields = _fields_of(ask)
    for slug in needed:
        if slug not in fields:
            raise shape(f"'fields.{slug}' is required")
    for kind, noun, slugs in _KINDS:
        for slug in slugs:
            if not isinstance(fields.get(slug), kind | None):
                raise shape(f"'fields.{slug}' must be of {noun} type")
    # The item's own ids are ignored; any other value is an unknown field.
    for slug, own in (("_id", id), ("_cid", collection.id)):
        if fields.get(slug) == own:
            del fields[slug]
    return Edit(id, fields, fields.pop("_archived", None), fields.pop("_draft", None))


def _fields_of(ask: ApiRequest) -> dict[str, Any]:
    data = body_of(ask)
    if "fields" not in data:
        raise shape("'fields' is required")
    if not isinstance(data["fields"], dict):
        raise shape("'fields' must be of object type")
    return dict(data["fields"])


def ids_of(ask: ApiRequest) -> list[str]:
    """Return the ids in a body, without duplicates."""
    ids = body_of(ask).get("itemIds")
    if not isinstance(ids, list) or not all(isinstance(id, str) for id in ids):
        raise shape("'itemIds' is required")
    return list(dict.fromkeys(ids))


class ItemViews(Views):
    """The calls of v1 that read and write items."""

    def routes(self) -> tuple[Route, ...]:
        return (
            ("GET", f"{CID}/items", self.page),
            ("POST", f"{CID}/items", self.create),
            ("DELETE", f"{CID}/items", self.delete_many),
            ("PUT", f"{CID}/items/publish", self.publish),
            ("GET", f"{CID}/items/<iid>", self.get),
            ("PATCH", f"{CID}/items/<iid>", self.update),
            ("PUT", f"{CID}/items/<iid>", self.replace),
            ("DELETE", f"{CID}/items/<iid>", self.delete),
        )

    def page(self, ask: ApiRequest, cid: str) -> Response:
        collection = self.site.collection(cid)
        query = {key: ask.query[key] for key in ("limit", "offset") if key in ask.query}
        found = page(collection.items.values(), query)
        return _envelope(collection, found.items, found.limit, found.offset)

    def get(self, ask: ApiRequest, cid: str, iid: str) -> Response:
        collection = self.site.collection(cid)
        return _envelope(collection, [collection.item(iid)], PAGE, 0)

    def create(self, ask: ApiRequest, cid: str) -> Response:
        collection = self.site.collection(cid)
        edit = edit_of(ask, collection, "", needed=("name",))
        fields = with_slug(edit.fields, collection.taken(), numbered=True)
        made = Edit("", fields, edit.archived, edit.draft)
        (item,) = self._writer(ask, collection).create(ask.fault.keep([made]))
        return answer(shown(item, collection))

    def update(self, ask: ApiRequest, cid: str, iid: str) -> Response:
        collection = self.site.collection(cid)
        edit = edit_of(ask, collection, iid)
        (item,) = self._writer(ask, collection).update(ask.fault.keep([edit]))
        return answer(shown(item, collection))

    def replace(self, ask: ApiRequest, cid: str, iid: str) -> Response:
        """Replace an item; a missing flag becomes false."""
        collection = self.site.collection(cid)
        edit = edit_of(ask, collection, iid, needed=("name", "slug"))
        made = Edit(iid, edit.fields, bool(edit.archived), bool(edit.draft))
        (made,) = ask.fault.keep([made])
        return answer(shown(self._writer(ask, collection).replace(made), collection))

    def publish(self, ask: ApiRequest, cid: str) -> Response:
        collection = self.site.collection(cid)
        published, errors = publish(self.site, collection, ids_of(ask))
        return answer({"publishedItemIds": published, "errors": errors})

    def delete(self, ask: ApiRequest, cid: str, iid: str) -> Response:
        self._delete(ask, self.site.collection(cid), [iid])
        return answer({"deleted": 1})

    def delete_many(self, ask: ApiRequest, cid: str) -> Response:
        """Delete the items that can be deleted, and answer an error text for each of the others."""
        collection, ids = self.site.collection(cid), ids_of(ask)
        found = [id for id in ids if id in collection.items]
        errors = [f"Staging item ID {id} not found." for id in ids if id not in found]
        try:
            self._delete(ask, collection, found)  # together: they may refer to each other
            return answer({"deletedItemIds": found, "errors": errors})
        except Refused:
            deleted = [id for id in found if self._tried(ask, collection, id, errors)]
        return answer({"deletedItemIds": deleted, "errors": errors})

    def _tried(self, ask: ApiRequest, collection: Collection, id: str, errors: list[str]) -> bool:
        try:
            self._delete(ask, collection, [id])
        except Refused as refused:
            errors.append(refused.text)
            return False
        return True

    def _delete(self, ask: ApiRequest, collection: Collection, ids: list[str]) -> None:
        if is_live(ask):  # removes the live copy only
            unpublish(self.site, collection, ids)
        else:
            delete(self.site, collection, ids)

    def _writer(self, ask: ApiRequest, collection: Collection) -> Writer:
        return Writer(self.site, collection, "v1", live=is_live(ask))


def is_live(ask: ApiRequest) -> bool:
    """
    Tell whether a request is for the live copy as well.

    Only ``live=true`` was ever observed. Any other value counts as staged only, so that a client
    that relies on it sees nothing go live.
    """
    return ask.query.get("live") == "true"


def _envelope(collection: Collection, items: list[Item], limit: int, offset: int) -> Response:
    return answer(
        {
            "items": [shown(item, collection) for item in items],
            "count": len(items),
            "limit": limit,
            "offset": offset,
            "total": len(collection.items),
        }
    )
