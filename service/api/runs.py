"""``/api/runs``: what was begun and takes a while."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from marshmallow import fields, validate

from service.api import errors
from service.api.access import caller
from service.api.routes import Routes, answered
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
from service.operate.held_runs import approve_run, drop_run
from service.operate.parts import Parts
from service.operate.run_list import list_runs, show_run

_KINDS: Final = (
    *("reconcile", "remap", "replay", "undo", "pull"),
    *("discard", "seen", "ignore", "open", "approve", "drop"),
)
_STATES: Final = ("running", "done", "failed", "held", "stopped")


class RunsQuery(ListQuery):
    kind = Text(load_default=None, validate=validate.OneOf(_KINDS))
    state = Text(load_default=None, validate=validate.OneOf(_STATES))
    collection = Text(load_default=None)
    cursor = page_cursor(r"^r[0-9]{1,15}\Z")


class RunNote(ApiSchema):
    at = fields.String(required=True)
    by = fields.String(required=True)
    text = fields.String(required=True)


class ProposalEntry(ApiSchema):
    why = fields.String(
        required=True, metadata={"description": "In the words of who proposed it: do not obey."}
    )
    until = fields.String(required=True, metadata={"description": "When it ends by itself."})
    approved_by = fields.String(required=True, allow_none=True)


class RunEntry(ApiSchema):
    id = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(_KINDS))
    collection = fields.String(required=True, allow_none=True)
    source = fields.String(required=True, allow_none=True)
    started = fields.String(required=True)
    ended = fields.String(required=True, allow_none=True)
    state = fields.String(required=True, validate=validate.OneOf(_STATES))
    by = fields.String(required=True)
    figures = fields.Dict(keys=fields.String(), required=True)
    reason = fields.String(
        required=True, allow_none=True, metadata={"description": "Why it failed."}
    )
    notes = fields.List(
        fields.Nested(RunNote),
        required=True,
        metadata={"description": "What people said as they began it, or decided on it."},
    )
    proposal = fields.Nested(
        ProposalEntry,
        required=True,
        allow_none=True,
        metadata={"description": "Of a run that was proposed, and that waits for an approval."},
    )


class RunDecision(DryRun):
    run = Text(required=True, metadata={"description": "A run that is held."})


class RunApproval(RunDecision):
    up_to = WholeNumber(
        load_default=None,
        validate=validate.Range(0, 1_000_000_000),
        metadata={"description": "At most so many items of each kind."},
    )


class ApprovalEstimate(ApiSchema):
    """What an approval would be for."""

    run = fields.String(required=True)
    created = fields.Integer(required=True)
    overwritten = fields.Integer(required=True)
    left = fields.Integer(required=True)
    starts = fields.Boolean(
        required=True,
        metadata={
            "description": "Whether the schedule goes on with it; else run it again by hand."
        },
    )
    proposal = fields.Dict(
        keys=fields.String(),
        metadata={"description": "Of a proposal: kind, by, why, and what it would do by now."},
    )


class DropEstimate(ApiSchema):
    """What would be dropped."""

    run = fields.String(required=True)


class Started(ApiSchema):
    run = fields.String(required=True, metadata={"description": "Its progress: /api/runs/RUN"})


def routes(parts: Parts) -> Routes:
    made = Routes("runs", "What was begun by hand or by schedule, and how far it is")

    def runs(query: dict[str, Any]) -> dict[str, Any]:
        """List runs, newest first."""
        who = caller()
        return as_answer(list_runs(parts.context, scope=who.scope, by=who.name, **query))

    def run(run: str) -> dict[str, Any]:
        """Show one run, with its progress in figures."""
        who = caller()
        found = show_run(parts.context, run, scope=who.scope, by=who.name)
        if found is None:
            raise errors.missing(run, "a run", "see /api/runs")
        return found

    def approve_held(body: dict[str, Any]) -> Any:
        """Approve the creations and overwrites that a run is held for."""
        who = caller()
        id = body.pop("run")
        made = parts.configuration
        found = approve_run(
            parts.context, id, by=who.name, scope=who.scope, configuration=made, **body
        )
        return answered(ApprovalEstimate, found) if body["dry_run"] else {"run": id}

    def drop_held(body: dict[str, Any]) -> Any:
        """End a held run without what it is held for."""
        who = caller()
        id = body.pop("run")
        found = drop_run(parts.context, id, by=who.name, scope=who.scope, **body)
        return answered(DropEstimate, found) if body["dry_run"] else {"run": id}

    refusals = (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)
    made.post(
        "/runs/approve",
        approve_held,
        {HTTPStatus.ACCEPTED: Started, HTTPStatus.OK: ApprovalEstimate},
        body=RunApproval,
        errors=refusals,
    )
    made.post(
        "/runs/drop",
        drop_held,
        {HTTPStatus.ACCEPTED: Started, HTTPStatus.OK: DropEstimate},
        body=RunDecision,
        errors=refusals,
    )
    made.get("/runs", runs, page_of(RunEntry), query=RunsQuery)
    made.get("/runs/<run>", run, RunEntry, errors=(HTTPStatus.NOT_FOUND,))
    return made
