"""``/api/preview``: what a payload would change."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from marshmallow import fields

from service.api.access import caller
from service.api.routes import Routes
from service.api.schemas import ApiSchema, DryRun, Flag, Text
from service.operate import names
from service.operate.parts import Parts
from service.operate.preview_answer import preview_answer


class PreviewBody(DryRun):
    source = Text(required=True)
    body = fields.String(required=True, metadata={"description": "The payload, as text."})
    topic = Text(load_default=None, metadata={"description": "Replaces the topic of its events."})
    headers = fields.Dict(
        keys=Text(),
        values=Text(),
        load_default=dict,
        metadata={"description": "Headers from which the sender reads events."},
    )
    fetched = Flag(
        load_default=False,
        metadata={"description": "It is a fetched object, not the notice that names it."},
    )


class PreviewChange(ApiSchema):
    mapping = fields.String(required=True)
    collection = fields.String(required=True)
    key = fields.String(required=True, allow_none=True)
    item = fields.String(required=True, allow_none=True)
    values = fields.Dict(keys=fields.String(), required=True, attribute="fields", data_key="fields")
    version = fields.String(required=True, allow_none=True)
    topic = fields.String(required=True, allow_none=True)
    before = fields.Dict(
        keys=fields.String(),
        required=True,
        metadata={"description": "By field, what the item is known to hold; null: unknown."},
    )
    after = fields.Dict(keys=fields.String(), required=True)
    retire = fields.String()
    creates = fields.String()


class PreviewFetch(ApiSchema):
    fetcher = fields.String(required=True)
    object = fields.String(required=True)


class PreviewProblem(ApiSchema):
    path = fields.String(required=True)
    message = fields.String(required=True)


class Unmatched(ApiSchema):
    mapping = fields.String(required=True)
    why = fields.String(required=True)


class PreviewAnswer(ApiSchema):
    changes = fields.List(fields.Nested(PreviewChange), required=True)
    fetches = fields.List(fields.Nested(PreviewFetch), required=True)
    problems = fields.List(fields.Nested(PreviewProblem), required=True)
    unmatched = fields.List(
        fields.Nested(Unmatched),
        required=True,
        metadata={"description": "Mappings of the source that the payload does not concern."},
    )


# Of a pull what cannot be read is refused; of webhooks it is an answer, with problems.
_ERRORS = (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)


def routes(parts: Parts) -> Routes:
    made = Routes("previews", "Preview")

    def preview(body: dict[str, Any]) -> dict[str, Any]:
        """Show what a payload would change; nothing is verified, kept or sent."""
        body.pop("dry_run")  # it never does anything
        scope, configuration = caller().scope, parts.configuration
        source = body.pop("source")
        names.check(source, "a source", scope.sources)
        data = body.pop("body").encode("utf-8", "surrogatepass")
        return preview_answer(parts.context, configuration, source, data, scope=scope, **body)

    answers = {HTTPStatus.OK: PreviewAnswer}
    made.post("/preview", preview, answers, body=PreviewBody, errors=_ERRORS)
    return made
