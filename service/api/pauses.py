"""``/api/pause`` and ``/api/resume``."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from marshmallow import fields, validate

from service.api.access import caller
from service.api.moments import Duration
from service.api.routes import Routes
from service.api.schemas import ApiSchema, DryRun, Text
from service.operate import names, pauses
from service.operate.parts import Parts
from service.operate.pause_targets import KINDS

# s: a web process whose threads hang for 20 s is replaced (service/web/front.py).
PATIENCE: Final = 3.0
SECONDS: Final = 8.0
_NAMES: Final = (
    "A destination or a collection (destination:NAME, collection:NAME where it is both), "
    "source:NAME, or lane:live, lane:replay, lane:reconcile."
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
        _check(parts, body["name"])
        return pauses.pause(parts.context, **body, by=caller().name)

    def resume(body: dict[str, Any]) -> dict[str, Any]:
        """
        Resume sending, unless the CMS refuses the token.

        409: it stays paused.
        """
        _check(parts, body["name"])
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


def _check(parts: Parts, name: str) -> None:
    """Raise UnknownName for what the caller may not pause: a shared source, or all destinations."""
    scope, settings = caller().scope, parts.context.settings
    if scope.whole:
        return
    plain = scope.destinations | scope.collections
    known = {
        *plain,
        *(f"destination:{each}" for each in scope.destinations),
        *(f"collection:{each}" for each in scope.collections),
        *(f"source:{each}" for each in scope.sources - scope.shared),
    }
    both = settings.destinations.keys() & settings.collections.keys()
    names.check(name, "a destination, collection or source", known - both)
