"""``/api/preview``: what a payload would change."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from marshmallow import Schema, fields

from service.api import names
from service.api.access import caller
from service.api.parts import Parts
from service.api.routes import Routes
from service.api.schemas import DryRun, Flag, Text
from service.operate import previews


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


class PreviewChange(Schema):
    mapping = fields.String(required=True)
    collection = fields.String(required=True)
    key = fields.String(required=True, allow_none=True)
    item = fields.String(required=True, allow_none=True)
    values = fields.Dict(keys=fields.String(), required=True, attribute="fields", data_key="fields")
    version = fields.String(required=True, allow_none=True)
    retire = fields.String()
    creates = fields.String()


class PreviewFetch(Schema):
    fetcher = fields.String(required=True)
    object = fields.String(required=True)


class PreviewProblem(Schema):
    path = fields.String(required=True)
    message = fields.String(required=True)


class PreviewAnswer(Schema):
    changes = fields.List(fields.Nested(PreviewChange), required=True)
    fetches = fields.List(fields.Nested(PreviewFetch), required=True)
    problems = fields.List(fields.Nested(PreviewProblem), required=True)


def routes(parts: Parts) -> Routes:
    made = Routes("previews", "Preview")

    def preview(body: dict[str, Any]) -> dict[str, Any]:
        """Show what a payload would change; nothing is verified, kept or sent."""
        body.pop("dry_run")  # it never does anything
        scope, configuration = caller().scope, parts.configuration
        source = body.pop("source")
        names.check(source, "a source", scope.sources)
        data = body.pop("body").encode("utf-8", "surrogatepass")
        found = previews.preview(configuration, parts.context.outbox, source, data, **body)
        return previews.as_dict(previews.within(found, scope), configuration.settings)

    answers = {HTTPStatus.OK: PreviewAnswer()}
    made.post("/preview", preview, answers, body=PreviewBody, errors=(HTTPStatus.NOT_FOUND,))
    return made
