"""``/api/pause`` and ``/api/resume``."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from marshmallow import fields, validate

from service.api.access import caller
from service.api.moments import Duration
from service.api.routes import Routes
from service.api.schemas import ApiSchema, DryRun, Text
from service.operate import pauses
from service.operate.parts import Parts
from service.operate.pause_targets import KINDS, check_scope

_NAMES: Final = (
    "A destination or a collection (destination:NAME, collection:NAME where it is both), "
    "source:NAME, writeback:NAME, or lane:live, lane:replay, lane:reconcile."
)


class ResumeBody(DryRun):
    name = Text(required=True, metadata={"description": _NAMES})


class PauseBody(ResumeBody):
    reason = Text(
        load_default=pauses.REASON,
        validate=validate.Length(max=500),
        metadata={"description": "Shown in the status."},
    )
    seconds = Duration(
        data_key="for",
        load_default=None,
        allow_none=True,
        metadata={"description": "After which it goes on by itself: 90s, 30m, 2h, 3d."},
    )


class _Answer(ApiSchema):
    name = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    state = fields.String(required=True, validate=validate.OneOf(("paused", "resumed")))
    reason = fields.String(required=True)


class PauseAnswer(_Answer):
    until = fields.String(
        required=True, allow_none=True, metadata={"description": "When it goes on by itself."}
    )


class FirstOut(ApiSchema):
    collection = fields.String(required=True)
    items = fields.Integer(required=True)
    oldest = fields.String(required=True)
    seconds = fields.Integer(
        required=True,
        metadata={"description": "For which they take the whole budget of their destination."},
    )


class ResumeAnswer(_Answer):
    unanswered = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Why the CMS could not be asked; null: it was, and agrees."},
    )
    first = fields.List(
        fields.Nested(FirstOut),
        required=True,
        metadata={"description": "What goes out, by collection, the oldest first."},
    )


def routes(parts: Parts) -> Routes:
    made = Routes("pauses", "Pause and resume")

    def pause(body: dict[str, Any]) -> dict[str, Any]:
        """
        Stop sending to a destination or a collection, of a source, or of a lane.

        Deliveries are still accepted.
        """
        check_scope(body["name"], parts.context.settings, caller().scope)
        return pauses.pause(parts.context, **body, by=caller().name)

    def resume(body: dict[str, Any]) -> dict[str, Any]:
        """
        Resume sending, unless the CMS refuses the token.

        409: it stays paused.
        """
        check_scope(body["name"], parts.context.settings, caller().scope)
        return pauses.resume(
            parts.context,
            **body,
            by=caller().name,
            patience=pauses.WEB_PATIENCE,
            seconds=pauses.WEB_SECONDS,
        )

    missing = (HTTPStatus.NOT_FOUND,)
    made.post("/pause", pause, {HTTPStatus.OK: PauseAnswer}, body=PauseBody, errors=missing)
    made.post(
        "/resume",
        resume,
        {HTTPStatus.OK: ResumeAnswer},
        body=ResumeBody,
        errors=(*missing, HTTPStatus.CONFLICT),
    )
    return made
