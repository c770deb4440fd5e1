"""
Data API v2: collections and their fields.

https://developers.webflow.com/data/reference/cms/collections
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response

from service.sandbox.api.api_version import ApiRequest, Route, Views, answer
from service.sandbox.api.v2_bodies import require_id, require_type
from service.sandbox.fields.slugs import slug_of
from service.sandbox.fields.values import format_time
from service.sandbox.model.ids import FIELD_ID
from service.sandbox.model.records import Collection
from service.sandbox.model.refusals import Refused, shape
from service.sandbox.model.schema import TYPES, Field
from service.sandbox.site.columns import change_field, drop_field, new_field
from service.sandbox.site.site import Site

OPTIONS = 100  # of one field


class Collections(Views):
    def routes(self) -> tuple[Route, ...]:
        cid = "/v2/collections/<cid>"
        return (
            ("GET", "/v2/sites/<sid>/collections", self.list_all),
            ("POST", "/v2/sites/<sid>/collections", self.create),
            ("GET", cid, self.get),
            ("DELETE", cid, self.delete),
            ("POST", f"{cid}/fields", self.create_field),
            ("PATCH", f"{cid}/fields/<fid>", self.update_field),
            ("DELETE", f"{cid}/fields/<fid>", self.delete_field),
        )

    def list_all(self, ask: ApiRequest, sid: str) -> Response:
        self.site.require(require_id(sid))
        found = self.site.collections.values()
        return answer({"collections": [_summary(one) for one in found]})

    def get(self, ask: ApiRequest, cid: str) -> Response:
        return answer(_whole(self._collection(cid)))

    def create(self, ask: ApiRequest, sid: str) -> Response:
        self.site.require(require_id(sid))
        data = ask.json()
        name = require_type(data, "displayName", str, required=True)
        singular = require_type(data, "singularName", str, required=True)
        slug = slug_of(require_type(data, "slug", str) or name)
        entries = require_type(data, "fields", list) or []
        fields: dict[str, Field] = {}
        for entry in entries:
            one = new_field(_order(self.site, entry), ("name", "slug", *fields))
            fields[one.slug] = one
        for other in self.site.collections.values():
            if other.name == name or other.slug == slug:
                raise Refused("duplicate")
        made = self.site.add_collection(name, slug, fields.values())
        made.singular, made.changed = singular, True  # until the site is published
        return answer(_whole(made))

    def delete(self, ask: ApiRequest, cid: str) -> Response:
        del self.site.collections[self._collection(cid).id]
        return Response(status=204)

    def create_field(self, ask: ApiRequest, cid: str) -> Response:
        collection = self._collection(cid)
        data = ask.json()
        order = _order(self.site, data)
        if any(one.id == data.get("id") for one in collection.fields.values()):
            raise Refused("state", "The field already exists")
        made = new_field(order, collection.fields)
        return answer(_shown(change_field(self.site, collection, made)))

    def update_field(self, ask: ApiRequest, cid: str, fid: str) -> Response:
        collection = self._collection(cid)
        found = _find(collection, fid)
        data = ask.json()
        name = require_type(data, "displayName", str)
        required = require_type(data, "isRequired", bool)
        hint = require_type(data, "helpText", str)
        made = change_field(
            self.site, collection, found, name=name, required=required, help_text=hint
        )
        return answer(_shown(made))

    def delete_field(self, ask: ApiRequest, cid: str, fid: str) -> Response:
        collection = self._collection(cid)
        found = _find(collection, fid)
        if found.slug in ("name", "slug"):
            raise shape(f"The field '{found.slug}' is part of every collection")
        drop_field(self.site, collection, found)
        return Response(status=204)

    def _collection(self, cid: str) -> Collection:
        return self.site.collection(require_id(cid))


def _summary(found: Collection) -> dict[str, Any]:
    return {
        "id": found.id,
        "displayName": found.name,
        "singularName": found.singular or found.name.removesuffix("s"),
        "slug": found.slug,
        "createdOn": format_time(found.created),
        "lastUpdated": format_time(found.updated or found.created),
    }


def _whole(found: Collection) -> dict[str, Any]:
    return _summary(found) | {"fields": [one.as_v2() for one in found.fields.values()]}


def _shown(one: Field) -> dict[str, Any]:
    """Return a field as answered to its editor: with ``metadata`` as it was sent."""
    shown = {key: value for key, value in one.as_v2().items() if value is not None}
    keys = {"Option": "options", "Reference": "collectionId", "MultiReference": "collectionId"}
    if one.type in keys:
        shown["metadata"] = {keys[one.type]: one.validations.get(keys[one.type])}
    return shown


def _find(collection: Collection, fid: str) -> Field:
    if not FIELD_ID.fullmatch(fid):
        raise Refused("id", fid)
    for one in collection.fields.values():
        if one.id == fid:
            return one
    raise Refused("field", fid)


def _order(site: Site, data: Any) -> dict[str, Any]:
    """Return the arguments of a field from its description; raises Refused if invalid."""
    if not isinstance(data, Mapping):
        raise shape("Value (fields[])'s type should be object")
    kind = require_type(data, "type", str, required=True)
    name = require_type(data, "displayName", str, required=True)
    if kind not in TYPES:
        raise shape(
            f"Value (type) should be equal to one of the allowed values: {', '.join(TYPES)}"
        )
    return {
        "type": kind,
        "name": name,
        "required": require_type(data, "isRequired", bool) or False,
        "help_text": require_type(data, "helpText", str),
        **_metadata(site, kind, data),
    }


def _metadata(site: Site, kind: str, data: Mapping[str, Any]) -> dict[str, Any]:
    if kind == "Option":
        metadata = require_type(data, "metadata", dict, required=True)
        options = require_type(metadata, "options", list, required=True)
        if not 1 <= len(options) <= OPTIONS:
            raise shape(f"Value (metadata.options) should have 1 to {OPTIONS} items")
        labels = [one.get("name") if isinstance(one, dict) else None for one in options]
        if not all(isinstance(one, str) for one in labels):
            raise shape("Value (metadata.options[]) should have required property 'name'")
        return {"labels": tuple(dict.fromkeys(labels))}
    if kind in ("Reference", "MultiReference"):
        metadata = require_type(data, "metadata", dict, required=True)
        collection = require_type(metadata, "collectionId", str, required=True)
        return {"target": site.collection(require_id(collection)).id}
    return {}
