"""``/api/problems``: open dead letters by cause, and one action for all of a cause."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final, get_args

from marshmallow import fields, validate

from service.api import errors
from service.api.access import caller
from service.api.moments import since
from service.api.routes import Routes, answered
from service.api.runs import Started
from service.api.schemas import (
    ApiSchema,
    DryRun,
    ListQuery,
    Text,
    as_answer,
    held,
    page_cursor,
    page_of,
)
from service.operate import names
from service.operate.bulk_actions import Change
from service.operate.parts import Parts
from service.operate.problems import estimate, list_problems, start
from service.operate.selection import Selection, UnknownGroup

_ACTIONS: Final[tuple[Change, ...]] = get_args(Change)
_STATES: Final = ("open", "seen", "ignored")


class ProblemsQuery(ListQuery):
    state = Text(
        load_default=None,
        validate=validate.OneOf(_STATES),
        metadata={"description": "Without it: all but the ignored ones."},
    )
    source = Text(load_default=None)
    collection = Text(load_default=None)
    kind = Text(load_default=None)
    since = since()
    text = Text(
        load_default=None,
        metadata={"description": "A part of the words of the cause, its fields, code or names."},
    )
    cursor = page_cursor(r"^[0-9]{1,15}-[a-z0-9]{1,40}\Z")


class ProblemEntry(ApiSchema):
    id = fields.String(required=True)
    kind = fields.String(required=True)
    collection = fields.String(required=True, allow_none=True)
    source = fields.String(required=True, allow_none=True)
    slugs = fields.List(fields.String(), required=True, attribute="fields", data_key="fields")
    status = fields.Integer(required=True, allow_none=True)
    code = fields.String(required=True, allow_none=True)
    title = fields.String(required=True)
    letters = fields.Integer(required=True)
    since = fields.String(required=True, allow_none=True)
    newest = fields.String(required=True, allow_none=True)
    example = fields.Raw(
        required=True, allow_none=True, metadata={"description": "One of its letters."}
    )
    state = fields.String(required=True, validate=validate.OneOf(_STATES))
    by = fields.String(required=True, allow_none=True)
    at = fields.String(required=True, allow_none=True)
    do = fields.String(required=True)


class Estimate(ApiSchema):
    """What an action would be for."""

    action = fields.String(required=True, validate=validate.OneOf(_ACTIONS))
    letters = fields.Integer(required=True)
    records = fields.Integer(required=True)
    values = fields.Integer(required=True)
    oldest = fields.String(required=True, allow_none=True)
    newest = fields.String(required=True, allow_none=True)
    cannot = fields.List(
        fields.Dict(keys=fields.String()),
        required=True,
        metadata={"description": "Letters that the action leaves, and why."},
    )
    not_found = fields.List(fields.String(), required=True, attribute="unknown", data_key="unknown")
    held = held()


def routes(parts: Parts) -> Routes:
    made = Routes("problems", "Open dead letters by cause")

    def problems(query: dict[str, Any]) -> dict[str, Any]:
        """List what went wrong by cause, most letters first, with what to do."""
        scope = caller().scope
        if not scope.whole:
            # Letters outlive the configuration: who sees all may name what was removed.
            names.check(query["source"], "a source", scope.sources)
            names.check(query["collection"], "a collection", scope.collections)
        return as_answer(list_problems(parts.context, scope=scope, **query))

    missing = (HTTPStatus.NOT_FOUND,)
    made.get("/problems", problems, page_of(ProblemEntry), query=ProblemsQuery, errors=missing)
    for action in _ACTIONS:
        made.post(
            f"/problems/<group>/{action}",
            _act(parts, action),
            {HTTPStatus.ACCEPTED: Started, HTTPStatus.OK: Estimate},
            body=DryRun,
            errors=missing,
        )
    return made


def _act(parts: Parts, action: Change) -> Callable[..., Any]:
    def act(body: dict[str, Any], group: str) -> Any:
        who = caller()
        selection = Selection(group=group, scope=who.scope)
        try:
            found = estimate(parts.context, action, selection)
            if not (found["letters"] or found["cannot"]):
                raise UnknownGroup(group)  # none that this caller may see
            if body["dry_run"]:
                return answered(Estimate, found)
            id = start(parts.context, action, selection, who.name)
            return {"run": id}
        except UnknownGroup:
            raise errors.missing(
                group, "a problem with open letters", "see /api/problems"
            ) from None

    act.__name__ = f"{action}_problem"
    act.__doc__ = _TOLD[action]
    return act


_TOLD: Final = {
    "replay": "Replay all dead letters of this cause. A mass is held until it is approved.",
    "discard": "Discard all dead letters of this cause, with their values.",
    "seen": "Mark this problem as seen, until its last letter has closed.",
    "ignore": "Ignore this problem: it is listed only with state=ignored.",
    "open": "Mark this problem as neither seen nor ignored.",
}
