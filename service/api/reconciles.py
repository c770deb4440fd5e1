"""``/api/reconciles``: what each collection's last reconcile found, and when the next is due."""

from __future__ import annotations

from typing import Any, Final

from marshmallow import fields, validate

from service.api.access import caller
from service.api.routes import Routes
from service.api.schemas import ApiSchema, ListQuery, as_answer, page_cursor, page_of
from service.operate.parts import Parts
from service.operate.reconcile_list import list_reconciles

_STATES: Final = ("never", "running", "done", "held", "dropped", "failed", "killed")


class ReconcilesQuery(ListQuery):
    cursor = page_cursor(r"^[a-z0-9_-]{1,63}\Z")


class ReconcileSchedule(ApiSchema):
    every = fields.Float(
        required=True, allow_none=True, metadata={"description": "Seconds between two starts."}
    )
    at = fields.String(required=True, allow_none=True, metadata={"description": "HH:MM in UTC."})


class ReconcileEntry(ApiSchema):
    collection = fields.String(required=True)
    destination = fields.String(required=True)
    schedule = fields.Nested(ReconcileSchedule, required=True, allow_none=True)
    state = fields.String(
        required=True,
        validate=validate.OneOf(_STATES),
        metadata={"description": "Of the last run."},
    )
    began = fields.String(required=True, allow_none=True)
    ended = fields.String(required=True, allow_none=True)
    next = fields.String(
        required=True, allow_none=True, metadata={"description": "null: none by itself."}
    )
    tries = fields.Integer(
        required=True, metadata={"description": "Starts for the same due time, of the schedule."}
    )
    records = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Of the source."}
    )
    items = fields.Integer(required=True, allow_none=True, metadata={"description": "Of the CMS."})
    differences = fields.Integer(required=True, allow_none=True)
    counts = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={"description": "Differences by their cause."},
    )
    proven = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "When a run last proved that all is in step."},
    )
    message = fields.String(required=True)
    run = fields.String(
        required=True, allow_none=True, metadata={"description": "The last run: /api/runs/RUN"}
    )
    held = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "Runs that wait for an approval, see /api/runs/approve."},
    )


def routes(parts: Parts) -> Routes:
    made = Routes("reconciles", "Reconciles by collection")

    def reconciles(query: dict[str, Any]) -> dict[str, Any]:
        """List the collections that have a schedule or had a reconcile, by name."""
        return as_answer(list_reconciles(parts.context, scope=caller().scope, **query))

    made.get("/reconciles", reconciles, page_of(ReconcileEntry), query=ReconcilesQuery)
    return made
