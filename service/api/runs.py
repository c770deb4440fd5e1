"""``/api/runs``: what was begun and takes a while."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from marshmallow import Schema, fields, validate

from service.api import errors
from service.api.access import caller
from service.api.parts import Parts
from service.api.routes import Routes
from service.api.schemas import ListQuery, Text, as_answer, page_cursor, page_of
from service.operate.run_list import list_runs, show_run

_KINDS: Final = (
    *("reconcile", "remap", "replay", "undo", "pull"),
    *("discard", "seen", "ignore", "open", "approve", "drop"),
)
_STATES: Final = ("running", "done", "failed", "held", "stopped")


class RunsQuery(ListQuery):
    kind = Text(load_default=None, validate=validate.OneOf(_KINDS))
    state = Text(load_default=None, validate=validate.OneOf(_STATES))
    cursor = page_cursor(r"^r[0-9]{1,15}\Z")


class RunEntry(Schema):
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


class Started(Schema):
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

    made.get("/runs", runs, page_of(RunEntry), query=RunsQuery)
    made.get("/runs/<run>", run, RunEntry(), errors=(HTTPStatus.NOT_FOUND,))
    return made
