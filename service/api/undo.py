"""``/api/undo``: put back what items held before."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from marshmallow import fields

from service.api import errors
from service.api.access import caller
from service.api.moments import since
from service.api.routes import Routes, answered
from service.api.runs import Started
from service.api.schemas import ApiSchema, DryRun, Text, held
from service.operate import names
from service.operate import undo as undoing
from service.operate.access import Caller
from service.operate.parts import Parts
from service.operate.patience import patient
from service.operate.run_list import show_run
from service.operate.undo_scope import UndoSelection
from workers.errors import ReconcileFailed, RequestRefused


class UndoBody(DryRun):
    run = Text(load_default=None, metadata={"description": "All that this run has written."})
    source = Text(load_default=None, metadata={"description": "With `since`."})
    since = since()
    collection = Text(load_default=None, metadata={"description": "With `key`: one record."})
    key = Text(load_default=None)


class UndoEstimate(ApiSchema):
    """What an undo would do."""

    scope = fields.Dict(keys=fields.String(), required=True)
    records = fields.Integer(required=True)
    items = fields.Integer(
        required=True, metadata={"description": "Records of which something would be put back."}
    )
    fields_ = fields.Integer(
        required=True,
        data_key="fields",
        attribute="fields",
        metadata={"description": "Fields that would be put back."},
    )
    same = fields.Integer(
        required=True, metadata={"description": "Those that the CMS shows already."}
    )
    left = fields.Integer(required=True, metadata={"description": "Fields that would be left."})
    deletes_dropped = fields.Integer(
        required=True,
        metadata={"description": "Deletes of the run that still wait, and would be dropped."},
    )
    reasons = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    unseen = fields.Integer(
        required=True,
        metadata={"description": "Records that the budget left no time to look at."},
    )
    whole_since = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "What was written before is kept in part; null: all is kept."},
    )
    held = held()
    changes = fields.List(fields.Dict(keys=fields.String()), required=True)
    kept = fields.List(fields.Dict(keys=fields.String()), required=True)


def routes(parts: Parts) -> Routes:
    made = Routes("undo", "Undo: put back what items held before")

    def undo(body: dict[str, Any]) -> Any:
        """
        Put back what items held before a run, a source since a time, or in one record.

        What was changed since is left. A mass of overwrites is held until it is approved.
        """
        who = caller()
        dry_run = body.pop("dry_run")
        selection = UndoSelection(**body, scope=who.scope)
        selection.check()
        _check(parts, who, selection)
        if not dry_run:
            sleep = patient()
            return {"run": undoing.start(parts.context, selection, who.name, sleep=sleep)}
        try:
            found = undoing.estimate(parts.context, selection, sleep=patient())
        except ReconcileFailed as error:
            raise RequestRefused(str(error), "items that can be read", "try it again") from None
        return answered(UndoEstimate, found)

    made.post(
        "/undo",
        undo,
        {HTTPStatus.ACCEPTED: Started, HTTPStatus.OK: UndoEstimate},
        body=UndoBody,
        errors=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
    )
    return made


def _check(parts: Parts, who: Caller, selection: UndoSelection) -> None:
    """Raise 404 for what the caller may not see."""
    names.check(selection.source, "a source", who.scope.sources)
    names.check(selection.collection, "a collection", who.scope.collections)
    if selection.run is None:
        return
    if show_run(parts.context, selection.run, scope=who.scope, by=who.name) is None:
        raise errors.missing(selection.run, "a run", "see /api/runs")
