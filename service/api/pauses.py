"""``/api/pause`` and ``/api/resume``."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from marshmallow import Schema, fields, validate

from service.api import names
from service.api.access import caller
from service.api.parts import Parts
from service.api.routes import Routes
from service.api.schemas import DryRun, Text
from service.operate import pauses

# s: a web process whose threads hang for 20 s is replaced (service/web/front.py).
PATIENCE: Final = 3.0
SECONDS: Final = 8.0


class ResumeBody(DryRun):
    name = Text(required=True, metadata={"description": "A destination or a collection."})


class PauseBody(ResumeBody):
    reason = Text(
        load_default=pauses.REASON,
        validate=validate.Length(max=500),
        metadata={"description": "Shown in the status."},
    )


class PauseAnswer(Schema):
    name = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(("destination", "collection")))
    state = fields.String(required=True, validate=validate.OneOf(("paused", "resumed")))
    reason = fields.String(required=True)


class ResumeAnswer(PauseAnswer):
    unanswered = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Why the CMS could not be asked; null: it was, and agrees."},
    )


def routes(parts: Parts) -> Routes:
    made = Routes("pauses", "Pause and resume")

    def pause(body: dict[str, Any]) -> dict[str, Any]:
        """Stop sending to a destination or a collection; deliveries are still accepted."""
        _check(body["name"])
        return pauses.pause(parts.context, **body, by=caller().name)

    def resume(body: dict[str, Any]) -> dict[str, Any]:
        """
        Resume sending, unless the CMS refuses the token.

        409: it stays paused.
        """
        _check(body["name"])
        return pauses.resume(
            parts.context, **body, by=caller().name, patience=PATIENCE, seconds=SECONDS
        )

    missing = (HTTPStatus.NOT_FOUND,)
    made.post("/pause", pause, {HTTPStatus.OK: PauseAnswer()}, body=PauseBody, errors=missing)
    made.post(
        "/resume",
        resume,
        {HTTPStatus.OK: ResumeAnswer()},
        body=ResumeBody,
        errors=(*missing, HTTPStatus.CONFLICT),
    )
    return made


def _check(name: str) -> None:
    scope = caller().scope
    names.check(name, "a destination or collection", scope.destinations | scope.collections)
