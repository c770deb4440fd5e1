"""``/api/sources``: what came of each source."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from service.api.access import caller
from service.api.routes import Routes
from service.api.schemas import ApiSchema, ListQuery, as_answer, page_cursor, page_of
from service.api.status import SecretStatus, StreakStatus
from service.operate.parts import Parts
from service.operate.sources import list_sources


class SourceQuery(ListQuery):
    cursor = page_cursor(r"^[a-z0-9_-]{1,63}\Z")


class SourceSecret(SecretStatus):
    last = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "When it proved a delivery last, within a minute; null: unknown."},
    )


class SourceRate(ApiSchema):
    """null: it was not sampled."""

    deliveries = fields.Integer(required=True, allow_none=True)
    duplicates = fields.Integer(required=True, allow_none=True)
    refused = fields.Integer(required=True, allow_none=True)


class SourceNotice(ApiSchema):
    name = fields.String(required=True)
    since = fields.String(required=True, allow_none=True)
    why = fields.String(required=True)
    do = fields.String(required=True)


class SourcePull(ApiSchema):
    state = fields.String(
        required=True,
        validate=validate.OneOf(
            ("never", "running", "done", "held", "dropped", "failed", "killed")
        ),
    )
    began = fields.String(required=True, allow_none=True)
    ended = fields.String(required=True, allow_none=True)
    next = fields.String(required=True, allow_none=True)
    proven = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "When a run last proved that all is in step."},
    )
    records = fields.Integer(required=True, allow_none=True)
    message = fields.String(required=True, metadata={"description": "What the last run said."})


class SourceEntry(ApiSchema):
    name = fields.String(required=True)
    sender = fields.String(required=True)
    collections = fields.List(fields.String(), required=True)
    topics = fields.List(
        fields.String(),
        required=True,
        allow_none=True,
        metadata={"description": "That its mappings take; null: every topic."},
    )
    state = fields.String(required=True, validate=validate.OneOf(("flowing", "paused")))
    reason = fields.String(required=True)
    since = fields.String(required=True, allow_none=True)
    who = fields.String(
        required=True, allow_none=True, metadata={"description": "Who has paused it."}
    )
    until = fields.String(
        required=True, allow_none=True, metadata={"description": "When it goes on by itself."}
    )
    resting = fields.Integer(
        required=True, metadata={"description": "Items that wait because it is paused."}
    )
    pull = fields.Nested(
        SourcePull,
        required=True,
        allow_none=True,
        metadata={"description": "Its last run; null: it is not pulled."},
    )
    attention = fields.List(
        fields.Nested(SourceNotice),
        required=True,
        metadata={"description": "What a person should look at."},
    )
    deliveries = fields.Integer(required=True)
    duplicates = fields.Integer(required=True)
    refused = fields.Integer(required=True, metadata={"description": "For a bad proof."})
    refusals = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={"description": "Refused requests by reason."},
    )
    unmapped = fields.Integer(
        required=True, metadata={"description": "Open letters of events left out."}
    )
    stale = fields.Integer(
        required=True, metadata={"description": "Values that came after newer ones."}
    )
    unwanted = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        allow_none=True,
        metadata={
            "description": "Topics of its newest 500 deliveries that no mapping takes, and how "
            "many had them; null: there was no time to look."
        },
    )
    last = fields.String(
        required=True, allow_none=True, metadata={"description": "When the last delivery came."}
    )
    kept = fields.Integer(required=True)
    kept_since = fields.String(required=True, allow_none=True)
    secrets = fields.List(fields.Nested(SourceSecret), required=True)
    hour = fields.Nested(SourceRate, required=True, metadata={"description": "The last hour."})
    day = fields.Nested(SourceRate, required=True, metadata={"description": "The last day."})
    streak = fields.Nested(
        StreakStatus,
        required=True,
        allow_none=True,
        metadata={"description": "null: the last delivery had something newer."},
    )


def routes(parts: Parts) -> Routes:
    made = Routes("sources", "Sources")

    def sources(query: dict[str, Any]) -> dict[str, Any]:
        """List the sources by name: what came, what was refused, and which secrets are in use."""
        found = list_sources(parts.context, parts.configuration, caller().scope, **query)
        return as_answer(found)

    made.get("/sources", sources, page_of(SourceEntry), query=SourceQuery)
    return made
