"""``/api/deletes``: deletes that wait for approval, or for their delay."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final, get_args

from marshmallow import fields, validate

from service.api.access import caller
from service.api.routes import Routes, answered
from service.api.runs import Started
from service.api.schemas import (
    ApiSchema,
    DryRun,
    ListQuery,
    Text,
    WholeNumber,
    as_answer,
    page_cursor,
    page_of,
)
from service.operate import names
from service.operate.held_delete_choice import DeleteSelection, choose
from service.operate.held_deletes import Action, estimate, list_deletes, start
from service.operate.parts import Parts

_ACTIONS: Final[tuple[Action, ...]] = get_args(Action)
_ID: Final = r"^[^\x00-\x1f]{1,200}:[0-9]{1,15}\Z"
_IDS: Final = 1000  # in one request


class DeletesQuery(ListQuery):
    collection = Text(load_default=None)
    cursor = page_cursor(_ID)


class DeleteEntry(ApiSchema):
    id = fields.String(required=True)
    collection = fields.String(required=True)
    key = fields.String(required=True)
    item = fields.String(required=True, allow_none=True)
    action = fields.String(required=True)
    source = fields.String(required=True)
    run = fields.String(
        required=True, allow_none=True, metadata={"description": "The run that asked for it."}
    )
    since = fields.String(required=True)
    waits = fields.String(required=True, validate=validate.OneOf(("approval", "delay")))
    until = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "When it goes out, if it waits for its delay."},
    )
    reason = fields.String(required=True)


class DecisionBody(DryRun):
    collection = Text(load_default=None)
    ids = fields.List(
        Text(validate=validate.Regexp(_ID)),
        load_default=None,
        validate=validate.Length(1, _IDS),
        metadata={"description": "Without it: all that wait for approval."},
    )
    up_to = WholeNumber(
        load_default=None,
        validate=validate.Range(0, 1_000_000_000),
        metadata={"description": "At most so many, the oldest first."},
    )


class DeletesEstimate(ApiSchema):
    """What a decision would be for."""

    action = fields.String(required=True, validate=validate.OneOf(_ACTIONS))
    deletes = fields.Integer(required=True)
    left = fields.Integer(required=True, metadata={"description": "Beyond `up_to`."})
    collections = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    oldest = fields.String(required=True, allow_none=True)
    newest = fields.String(required=True, allow_none=True)
    examples = fields.List(fields.Nested(DeleteEntry), required=True)
    not_found = fields.List(fields.String(), required=True, attribute="unknown", data_key="unknown")


def routes(parts: Parts) -> Routes:
    made = Routes("deletes", "Deletes that wait for approval, or for their delay")

    def deletes(query: dict[str, Any]) -> dict[str, Any]:
        """List pending deletes, oldest first."""
        scope = caller().scope
        names.check(query["collection"], "a collection", scope.collections)
        return as_answer(list_deletes(parts.context, scope=scope, **query))

    missing = (HTTPStatus.NOT_FOUND,)
    made.get("/deletes", deletes, page_of(DeleteEntry), query=DeletesQuery, errors=missing)
    for action in _ACTIONS:
        made.post(
            f"/deletes/{action}",
            _decide(parts, action),
            {HTTPStatus.ACCEPTED: Started, HTTPStatus.OK: DeletesEstimate},
            body=DecisionBody,
            errors=missing,
        )
    return made


def _decide(parts: Parts, action: Action) -> Callable[..., Any]:
    def decide(body: dict[str, Any]) -> Any:
        who = caller()
        names.check(body["collection"], "a collection", who.scope.collections)
        ids = tuple(body["ids"] or ())
        selection = DeleteSelection(body["collection"], ids, body["up_to"], who.scope)
        selection.check()
        found = choose(parts.context, selection)
        if body["dry_run"]:
            return answered(DeletesEstimate, estimate(parts.context, action, found))
        return {"run": start(parts.context, action, found, who.name)}

    decide.__name__ = f"{action}_deletes"
    decide.__doc__ = _TOLD[action]
    return decide


_TOLD: Final = {
    "approve": "Send pending deletes: those with these ids, or all that wait for approval.",
    "drop": "Drop pending deletes: their items stay, and reconcile does not ask again.",
}
