"""``/api/dead``: the dead letters."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from marshmallow import fields

from service.api import errors
from service.api.access import caller
from service.api.moments import since
from service.api.routes import Routes
from service.api.schemas import ApiSchema, ListQuery, Text, as_answer, page_cursor, page_of
from service.operate import names
from service.operate.parts import Parts
from service.operate.problem_details import within
from service.operate.problems import list_letters, show_letter
from service.operate.selection import Selection, UnknownGroup, is_seen


class LettersQuery(ListQuery):
    group = Text(load_default=None, metadata={"description": "The id of a problem."})
    kind = Text(load_default=None)
    collection = Text(load_default=None)
    source = Text(load_default=None)
    since = since()
    cursor = page_cursor(r"^[0-9]{1,15}-[a-z0-9]{1,40}\Z")


class LetterEntry(ApiSchema):
    id = fields.String(required=True)
    kind = fields.String(required=True)
    state = fields.String(required=True)
    reason = fields.String(required=True)
    created = fields.String(required=True)
    since = fields.String(required=True)
    collection = fields.String(required=True, allow_none=True)
    key = fields.String(required=True, allow_none=True)
    item = fields.String(required=True, allow_none=True)
    locale = fields.String(required=True, allow_none=True)
    values = fields.Dict(
        keys=fields.String(),
        values=fields.Dict(keys=fields.String()),
        required=True,
        attribute="fields",
        data_key="fields",
    )
    events = fields.List(fields.String(), required=True)
    attempts = fields.Integer(required=True)
    status = fields.Integer(required=True, allow_none=True)
    code = fields.String(required=True, allow_none=True)
    message = fields.String(required=True)
    problems = fields.List(fields.Dict(keys=fields.String()), required=True)
    left_out = fields.List(fields.Dict(keys=fields.String()), required=True)
    source = fields.String(required=True, allow_none=True)
    topic = fields.String(required=True, allow_none=True)
    times = fields.Integer(required=True)
    group = fields.String(required=True, allow_none=True)


class LetterAnswer(LetterEntry):
    do = fields.String(required=True, allow_none=True)
    body = fields.String(metadata={"description": "Of an event that could not be mapped."})


def routes(parts: Parts) -> Routes:
    made = Routes("dead", "Dead letters")

    def letters(query: dict[str, Any]) -> dict[str, Any]:
        """List open dead letters, oldest first."""
        cursor, limit = query.pop("cursor"), query.pop("limit")
        scope = caller().scope
        if not scope.whole:
            # Letters outlive the configuration: who sees all may name what was removed.
            names.check(query["source"], "a source", scope.sources)
            names.check(query["collection"], "a collection", scope.collections)
        selection = Selection(**query, scope=scope)
        try:
            page = list_letters(parts.context, selection, cursor=cursor, limit=limit)
            return as_answer(page) | {"items": [within(each, scope) for each in page.items]}
        except UnknownGroup:
            group = query["group"]
            expected = "a problem with open letters"
            raise errors.missing(group, expected, "see /api/problems") from None

    def letter(id: str) -> dict[str, Any]:
        """Show one dead letter, open or closed, with what to do."""
        scope = caller().scope
        found = show_letter(parts.context, id)
        if found is None or not is_seen(scope, found["collection"], found["source"]):
            raise errors.missing(id, "a dead letter", "see /api/dead")
        return within(found, scope)

    missing = (HTTPStatus.NOT_FOUND,)
    made.get("/dead", letters, page_of(LetterEntry), query=LettersQuery, errors=missing)
    made.get("/dead/<id>", letter, LetterAnswer, errors=missing)
    return made
