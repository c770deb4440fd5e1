"""``/api/records``: the records, and the search in them."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from marshmallow import fields, validate

from service.api.access import caller
from service.api.routes import Routes
from service.api.schemas import ApiSchema, ListQuery, Text, page_cursor
from service.operate.list_cursor import FORM
from service.operate.parts import Parts
from service.operate.record_choice import list_records
from service.operate.record_pages import ANY, ATTENTION, CHOICES

_ONE = "1"


class RecordsQuery(ListQuery):
    q = Text(
        load_default="",
        metadata={
            "description": "A key, an item id, a name or a slug, or the beginning of one, in any "
            "case; with `part`, any part of any value."
        },
    )
    part = fields.String(
        load_default=None,
        validate=validate.OneOf([_ONE]),
        metadata={"description": "1: look for `q` in all values, some of the records per request."},
    )
    state = Text(
        load_default=None,
        validate=validate.OneOf(CHOICES),
        metadata={
            "description": f"State of the records. Without `q` and `source`: {ATTENTION}, what "
            f"needs a person; else: {ANY}."
        },
    )
    collection = Text(load_default=None)
    source = Text(load_default=None)
    cursor = page_cursor(FORM)


class RecordEntry(ApiSchema):
    collection = fields.String(required=True)
    key = fields.String(required=True, metadata={"description": "As it came."})
    name = fields.String(required=True, allow_none=True)
    slug = fields.String(required=True, allow_none=True)
    item = fields.String(required=True, allow_none=True)
    state = fields.String(required=True, validate=validate.OneOf(CHOICES[2:]))
    waits_for = fields.String(required=True, allow_none=True)
    next = fields.String(required=True, allow_none=True, metadata={"description": "When."})
    changed_at = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "When its newest value changed at its source, or else came."},
    )
    written_at = fields.String(
        required=True, allow_none=True, metadata={"description": "Of the last answer to a write."}
    )
    pending = fields.Boolean(
        required=True, metadata={"description": "Whether a value waits to be written."}
    )
    approval = fields.Boolean(
        required=True, metadata={"description": "Whether its delete waits for approval."}
    )
    letters = fields.List(
        fields.String(), required=True, metadata={"description": "Its open dead letters."}
    )
    sources = fields.List(fields.String(), required=True)
    link = fields.String(
        required=True, allow_none=True, metadata={"description": "Its live page, if it is known."}
    )
    fields_ = fields.List(
        fields.String(),
        data_key="fields",
        attribute="fields",
        metadata={"description": "Of `part`: the fields that hold `q`; also `key` and `item`."},
    )


class RecordsPage(ApiSchema):
    items = fields.List(fields.Nested(RecordEntry), required=True)
    next = fields.String(required=True, allow_none=True)
    complete = fields.Boolean(
        metadata={"description": "Of `q`: false while the index of an older store is made."}
    )
    looked = fields.Integer(
        required=True, metadata={"description": "Records looked at by this page and those before …"}
    )
    of = fields.Integer(metadata={"description": "… of so many, where that is known."})
    hidden = fields.Integer(
        metadata={"description": "Of `part`: so many of those have no values in the store."}
    )
    indexing = fields.Boolean(
        metadata={"description": "Of `part`: the index is made first; go on with `next`."}
    )


def routes(parts: Parts) -> Routes:
    made = Routes("records", "Records")

    def records(query: dict[str, Any]) -> Mapping[str, Any]:
        """
        List records: those that need a person, or those that a text finds.

        Each request is bounded in time: a page may be short or empty and still have a next.
        """
        return list_records(parts.context, caller().scope, **query)

    errors = (HTTPStatus.NOT_FOUND,)
    made.get("/records", records, RecordsPage, query=RecordsQuery, errors=errors)
    return made
