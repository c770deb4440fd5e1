"""``/api/redirects``: old and new paths of pages whose slug has changed."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from marshmallow import fields

from service.api.access import caller
from service.api.routes import Routes
from service.api.schemas import ApiSchema, ListQuery, Text, as_answer, page_of
from service.operate import names
from service.operate.parts import Parts
from service.operate.redirects import list_redirects


class RedirectsQuery(ListQuery):
    collection = Text(load_default=None, metadata={"description": "Only of this collection."})


class RedirectEntry(ApiSchema):
    collection = fields.String(required=True)
    key = fields.String(required=True, metadata={"description": "Of the record."})
    old = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Path; null: the collection's own path is not known yet."},
    )
    new = fields.String(required=True, allow_none=True)
    old_slug = fields.String(required=True)
    new_slug = fields.String(required=True)
    at = fields.String(required=True, metadata={"description": "When the slug changed."})


def routes(parts: Parts) -> Routes:
    made = Routes("redirects", "Paths of pages whose slug has changed")

    def redirects(query: dict[str, Any]) -> dict[str, Any]:
        """List old and new paths, by collection and old slug."""
        scope = caller().scope
        names.check(query["collection"], "a collection", scope.collections)
        return as_answer(list_redirects(parts.context, scope=scope, **query))

    missing = (HTTPStatus.NOT_FOUND,)
    entries = page_of(RedirectEntry)
    made.get("/redirects", redirects, entries, query=RedirectsQuery, errors=missing)
    return made
