"""``/api/status``: what ``instep status --json`` prints."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from service.api.access import caller
from service.api.problems import ProblemEntry
from service.api.routes import Routes
from service.api.schemas import ApiSchema
from service.operate.parts import Parts
from service.operate.scoped_status import seen_by
from service.operate.status import status_of
from workers.config.access_schema import ADMIN
from workers.config.environment import MARK, installation_mark

_STATES = ("flowing", "waiting", "outage", "paused")
_FATES = (
    *("accepted", "written", "superseded", "unchanged", "stale", "ignored"),
    *("discarded", "dead", "pending"),
)


class _State(ApiSchema):
    state = fields.String(required=True, validate=validate.OneOf(_STATES))
    reason = fields.String(required=True)
    since = fields.String(allow_none=True)
    by = fields.String(allow_none=True)
    who = fields.String(allow_none=True, metadata={"description": "Who paused it."})
    until = fields.String(allow_none=True, metadata={"description": "When it goes on by itself."})


class PublishStatus(ApiSchema):
    """Publishes of what is staged, or archived."""

    next = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "When the next one is; null: nothing waits."},
    )
    held = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "What others have queued, which would go live with it."},
    )
    held_since = fields.String(required=True, allow_none=True)
    failed = fields.String(
        required=True, allow_none=True, metadata={"description": "Why the CMS refuses it."}
    )
    failed_since = fields.String(required=True, allow_none=True)


class DestinationStatus(_State):
    calls = fields.Integer(required=True)
    rate_limited = fields.Integer(required=True)
    budget = fields.Raw()
    publish = fields.Nested(
        PublishStatus,
        required=True,
        allow_none=True,
        metadata={"description": "null: it does not publish."},
    )
    pending_items = fields.Integer(required=True)
    drain_seconds = fields.Float(
        required=True,
        allow_none=True,
        metadata={
            "description": "Until nothing waits, at the pace that its token is allowed; null: "
            "nothing goes out."
        },
    )


class CollectionStatus(_State):
    pending_items = fields.Integer(required=True)
    oldest_seconds = fields.Float(required=True)
    lanes = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    waits = fields.List(fields.Dict(keys=fields.String()), required=True)
    duplicate_keys = fields.Integer(required=True)
    not_live = fields.Integer(required=True)
    unpublished = fields.Integer(
        required=True, metadata={"description": "Items that wait to be published by Instep."}
    )
    unpublished_seconds = fields.Float(
        required=True, metadata={"description": "Since the oldest value of them came."}
    )
    edited_by_others = fields.Integer(
        required=True,
        metadata={"description": "Those of them that somebody else has edited: a person decides."},
    )
    held_deletes = fields.Integer(required=True)
    held_since = fields.String(
        required=True, allow_none=True, metadata={"description": "Since when they wait."}
    )
    normalised = fields.Integer(required=True)


class SecretStatus(ApiSchema):
    until = fields.String(required=True, allow_none=True)
    matched = fields.Integer(required=True)


class StreakStatus(ApiSchema):
    """Deliveries in a row that had nothing newer than what is held."""

    since = fields.String(required=True)
    deliveries = fields.Integer(required=True)
    behind = fields.String(
        required=True, metadata={"description": "How much older the last of them was."}
    )
    stalled = fields.Boolean(
        required=True,
        metadata={"description": "So long that a clock, or the path of the version, may be wrong."},
    )


class RemovedStatus(_State):
    resting = fields.Dict(
        keys=fields.String(),
        values=fields.Dict(keys=fields.String()),
        required=True,
        metadata={"description": "Items that wait until it is resumed, by collection."},
    )


class SourceStatus(RemovedStatus):
    deliveries = fields.Integer(required=True)
    duplicates = fields.Integer(required=True)
    refused = fields.Integer(required=True)
    secrets = fields.List(fields.Nested(SecretStatus), required=True)
    last = fields.String(allow_none=True)
    kept = fields.Integer(required=True)
    kept_bytes = fields.Integer(required=True)
    kept_since = fields.String(required=True, allow_none=True)
    kept_dropped = fields.Integer(required=True)
    unmapped = fields.Integer(required=True)
    unwanted = fields.Integer(
        required=True, metadata={"description": "Deliveries of which no mapping took anything."}
    )
    unmapped_bytes = fields.Integer(required=True)
    unmapped_bytes_limit = fields.Integer(required=True)
    stale = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    streak = fields.Nested(StreakStatus, required=True, allow_none=True)
    stalled = fields.Dict(keys=fields.String(), required=True, allow_none=True)


class WriteBackStatus(_State):
    collection = fields.String(required=True)
    waiting = fields.Integer(
        required=True, metadata={"description": "Records of which something is to be told."}
    )
    oldest_seconds = fields.Float(required=True)
    told = fields.Integer(required=True)
    dead = fields.Integer(required=True)


class ReasonStatus(ApiSchema):
    name = fields.String(required=True)
    state = fields.String(required=True)
    since = fields.String(required=True, allow_none=True)
    do = fields.String(required=True)
    why = fields.String()


class ProcessStatus(ApiSchema):
    role = fields.String(required=True)
    pid = fields.Integer(required=True)
    host = fields.String(required=True)
    hung = fields.Boolean()


class LivesStatus(ApiSchema):
    dropped = fields.Integer(required=True)
    till = fields.String(required=True, allow_none=True)


class MemoryStatus(ApiSchema):
    used = fields.Integer(required=True)
    limit = fields.Integer(required=True, allow_none=True)
    families = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    measured = fields.Raw(allow_none=True)
    level = fields.String(required=True)
    full = fields.Boolean(required=True)
    since = fields.String(required=True, allow_none=True)
    lives = fields.Nested(LivesStatus)
    undo = fields.Nested(LivesStatus)


class SpoolStatus(ApiSchema):
    deliveries = fields.Integer(required=True)
    bytes = fields.Integer(required=True)


class ProblemsStatus(ApiSchema):
    kinds = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={"description": "Open letters by kind."},
    )
    open = fields.Integer(
        required=True, metadata={"description": "Causes that are neither seen nor ignored."}
    )
    largest = fields.List(fields.Nested(ProblemEntry), required=True)


class RemovedWriteBackStatus(ApiSchema):
    collection = fields.String(required=True, allow_none=True)
    waiting = fields.Integer(required=True)


class StatusAnswer(ApiSchema):
    """Sums, and what belongs to no destination, are for tokens that see everything."""

    destinations = fields.Dict(
        keys=fields.String(), values=fields.Nested(DestinationStatus), required=True
    )
    collections = fields.Dict(
        keys=fields.String(), values=fields.Nested(CollectionStatus), required=True
    )
    sources = fields.Dict(keys=fields.String(), values=fields.Nested(SourceStatus), required=True)
    lanes = fields.Dict(keys=fields.String(), values=fields.Nested(_State), required=True)
    unconfigured = fields.Dict(
        keys=fields.String(),
        values=fields.Nested(RemovedStatus),
        metadata={"description": "Paused sources that instep.toml has no longer."},
    )
    refusals = fields.Dict(
        keys=fields.String(),
        values=fields.Dict(keys=fields.String(), values=fields.Integer()),
        required=True,
    )
    reconciles = fields.Dict(
        keys=fields.String(), values=fields.Dict(keys=fields.String()), required=True
    )
    pulls = fields.Dict(
        keys=fields.String(), values=fields.Dict(keys=fields.String()), required=True
    )
    reasons = fields.List(fields.Nested(ReasonStatus), required=True)
    notices = fields.List(fields.Nested(ReasonStatus), required=True)
    fates = fields.Dict(
        keys=fields.String(validate=validate.OneOf(_FATES)),
        values=fields.Integer(),
        attribute="fields",
        data_key="fields",
    )
    balanced = fields.Boolean()
    dead_letters = fields.Integer()
    not_live = fields.Integer()
    held_deletes = fields.Integer()
    fetchers = fields.Dict(keys=fields.String(), values=fields.Dict(keys=fields.String()))
    writebacks = fields.Dict(keys=fields.String(), values=fields.Nested(WriteBackStatus))
    removed_writebacks = fields.Dict(
        keys=fields.String(),
        values=fields.Nested(RemovedWriteBackStatus),
        metadata={"description": "That instep.toml has no more, and that have something to tell."},
    )
    memory = fields.Nested(MemoryStatus)
    losses = fields.List(fields.Dict(keys=fields.String()))
    alerts = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        allow_none=True,
        metadata={"description": "since when and why alerts are not delivered; null: they are"},
    )
    spool = fields.Nested(SpoolStatus)
    processes = fields.List(fields.Nested(ProcessStatus))
    freshness = fields.Dict(keys=fields.String())
    problems = fields.Nested(ProblemsStatus)
    workers_seen = fields.String(
        allow_none=True, metadata={"description": "When a worker was last alive."}
    )


def routes(parts: Parts) -> Routes:
    made = Routes("status", "Status")

    settings = parts.context.settings
    mark = {}
    if settings.admin_token:
        place = (settings.path, settings.store.data, settings.store.url)
        mark = {MARK: installation_mark(*place, settings.admin_token)}

    def status() -> tuple[dict[str, Any], dict[str, str]]:
        """Show states, backlog, counters, and what is wrong with what to do."""
        who = caller()
        found = seen_by(who.scope, status_of(parts.context))
        return found, mark if who.name == ADMIN else {}

    made.get("/status", status, StatusAnswer)
    return made
