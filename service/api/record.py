"""``/api/record``: the life of one record."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import Response, jsonify
from marshmallow import fields

from service.api import errors
from service.api.access import caller
from service.api.routes import Routes
from service.api.schemas import ApiSchema, ErrorAnswer, Text
from service.operate import names
from service.operate.parts import Parts
from service.operate.record_life import UnknownLocale, UnknownRecord, life_of
from workers.errors import UnknownName


class RecordQuery(ApiSchema):
    collection = Text(required=True)
    key = Text(
        required=True, metadata={"description": "As any system writes it; or the id of its item."}
    )
    locale = Text(
        load_default=None, metadata={"description": "Only the fields of this variant: de-AT."}
    )


class Next(ApiSchema):
    what = fields.String(required=True)
    at = fields.String(required=True, allow_none=True)


class RecordAnswer(ApiSchema):
    """What ``instep why --json`` prints."""

    collection = fields.String(required=True)
    key = fields.String(required=True, allow_none=True)
    item = fields.String(required=True, allow_none=True)
    locale = fields.String(required=True, allow_none=True)
    state = fields.String(required=True)
    answer = fields.String(required=True)
    waits_for = fields.String(required=True)
    next = fields.Nested(Next, required=True)
    waits = fields.List(fields.Dict(keys=fields.String()), required=True)
    notes = fields.List(
        fields.String(), metadata={"description": "Sentences on what the state does not show."}
    )
    missed = fields.List(
        fields.Dict(keys=fields.String()),
        metadata={"description": "Deliveries that named it and changed nothing."},
    )
    values = fields.Dict(
        keys=fields.String(),
        values=fields.Dict(keys=fields.String()),
        required=True,
        attribute="fields",
        data_key="fields",
        metadata={"description": "By slug: wanted, version, source, held, confirmed_at, state."},
    )
    life = fields.List(
        fields.Dict(keys=fields.String()),
        required=True,
        metadata={"description": "What happened, oldest first: at, what, source, delivery, …"},
    )
    dropped = fields.Integer(
        required=True, metadata={"description": "Entries of its life that are no longer kept."}
    )


class UnknownRecordAnswer(ErrorAnswer):
    """No event has named it: keys that are like it, and what named it and changed nothing."""

    item = fields.String(allow_none=True)
    nearest = fields.List(fields.String())
    deliveries = fields.List(fields.Dict(keys=fields.String()))


def routes(parts: Parts) -> Routes:
    made = Routes("record", "The life of one record")

    def record(query: dict[str, Any]) -> Any:
        """Show why a record is on the site, or is not, and what happens next."""
        scope = caller().scope
        names.check(query["collection"], "a collection", scope.collections)
        try:
            return life_of(parts.context, **query, scope=scope)
        except UnknownLocale as error:
            expected = f"a locale of the site: {', '.join(error.known)}"
            raise UnknownName(repr(error.locale), expected, "use one of them") from None
        except UnknownRecord as error:
            return _unknown(error)

    made.get(
        "/record",
        record,
        RecordAnswer,
        query=RecordQuery,
        others={HTTPStatus.NOT_FOUND: UnknownRecordAnswer},
    )
    return made


def _unknown(error: UnknownRecord) -> Response:
    told = error.as_dict()
    found = f"{error.key!r}, which no event that was accepted has named"
    words = errors.shape((found, f"a key of {error.collection}", "see nearest and deliveries"))
    answer = jsonify(words | {name: told[name] for name in ("item", "nearest", "deliveries")})
    answer.status_code = HTTPStatus.NOT_FOUND
    return answer
