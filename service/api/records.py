"""``/api/records``: the records, and the search in them."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from service.api.access import caller
from service.api.routes import Routes
from service.api.schemas import ListQuery, Text, as_answer, page_cursor, page_of
from service.operate.parts import Parts
from service.operate.record_list import CURSOR, search_records


class RecordsQuery(ListQuery):
    q = Text(
        load_default="",
        metadata={"description": "A key, its beginning in any case, or the id of an item."},
    )
    cursor = page_cursor(CURSOR)


class RecordEntry(Schema):
    collection = fields.String(required=True)
    key = fields.String(required=True, metadata={"description": "As it came."})
    item = fields.String(required=True, allow_none=True)
    pending = fields.Boolean(
        required=True, metadata={"description": "Whether a value waits to be written."}
    )


def routes(parts: Parts) -> Routes:
    made = Routes("records", "Records")

    def records(query: dict[str, Any]) -> dict[str, Any]:
        """
        List records by key or item id.

        The search of one request is bounded in time: a page may be empty and still have a next.
        """
        text = query.pop("q")
        collections = caller().scope.collections
        found = search_records(parts.context, text, collections=collections, **query)
        return as_answer(found)

    made.get("/records", records, page_of(RecordEntry), query=RecordsQuery)
    return made
