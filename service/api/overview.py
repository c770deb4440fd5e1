"""``/api/overview``: whether the site follows, and what needs a person first."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from marshmallow import fields, validate

from service.api.access import caller
from service.api.routes import Routes
from service.api.schemas import ApiSchema
from service.operate.overview import overview_of
from service.operate.parts import Parts
from workers.store.status import STATES


class NeedEntry(ApiSchema):
    what = fields.String(required=True, metadata={"description": "It stays while this lasts."})
    title = fields.String(required=True, metadata={"description": "The same in plain words."})
    state = fields.String(required=True, validate=validate.OneOf(("notice", "degraded", "down")))
    since = fields.String(required=True, allow_none=True)
    many = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "Items, deletes or letters that it is about."},
    )
    do = fields.String(required=True)
    why = fields.String(required=True)
    noun = fields.String(
        required=True, metadata={"description": "What to look at, e.g. problems, destinations."}
    )
    id = fields.String(
        required=True, allow_none=True, metadata={"description": "Of the one; null: all of them."}
    )


class LatelyCount(ApiSchema):
    hour = fields.Integer(required=True, allow_none=True)
    day = fields.Integer(required=True, allow_none=True)
    all = fields.Integer(required=True)


class BudgetStatus(ApiSchema):
    """Calls a minute."""

    limit = fields.Integer(required=True)
    used = fields.Integer(required=True)
    left = fields.Integer(required=True)


class SpreadStep(ApiSchema):
    seconds = fields.Float(
        required=True, allow_none=True, metadata={"description": "null: longer than all others."}
    )
    values = fields.Integer(required=True)


class SpreadStatus(ApiSchema):
    """Seconds from the arrival of an event to the answer of the CMS that its value is there."""

    p50 = fields.Float(required=True, allow_none=True)
    p99 = fields.Float(required=True, allow_none=True)
    values = fields.Integer(required=True)
    steps = fields.List(fields.Nested(SpreadStep), required=True)


class CollectionOverview(ApiSchema):
    name = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    reason = fields.String(required=True)
    since = fields.String(required=True, allow_none=True)
    halted = fields.Boolean(
        required=True,
        metadata={"description": "Whether it does not flow for a reason of its own."},
    )
    do = fields.String(required=True)
    pending_items = fields.Integer(required=True)
    oldest_seconds = fields.Float(required=True)


class DestinationOverview(ApiSchema):
    name = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    reason = fields.String(required=True)
    since = fields.String(required=True, allow_none=True)
    by = fields.String(required=True, allow_none=True)
    who = fields.String(required=True, allow_none=True)
    until = fields.String(required=True, allow_none=True)
    do = fields.String(required=True, metadata={"description": "Empty: no step is needed."})
    pending_items = fields.Integer(required=True)
    oldest_seconds = fields.Float(required=True)
    drain_seconds = fields.Float(
        required=True,
        allow_none=True,
        metadata={
            "description": "Until nothing waits, at the pace that its token is allowed; null: "
            "nothing goes out."
        },
    )
    budget = fields.Nested(BudgetStatus, required=True)
    calls = fields.Nested(LatelyCount, required=True)
    rate_limited = fields.Nested(
        LatelyCount,
        required=True,
        metadata={"description": "Calls that the CMS refused for their number."},
    )
    freshness = fields.Nested(
        SpreadStatus,
        required=True,
        metadata={"description": "Of all values that were written."},
    )
    collections = fields.List(fields.Nested(CollectionOverview), required=True)


class FreshnessStatus(ApiSchema):
    oldest_seconds = fields.Float(required=True)
    collection = fields.String(required=True, allow_none=True)
    hour = fields.Nested(
        SpreadStatus,
        required=True,
        allow_none=True,
        metadata={"description": "null for a token of some destinations."},
    )
    all = fields.Nested(SpreadStatus, required=True)


def _bins(description: str) -> fields.List[int]:
    return fields.List(
        fields.Integer(allow_none=True), required=True, metadata={"description": description}
    )


class ChartStatus(ApiSchema):
    """Numbers by bins; null: nothing is known of that bin."""

    begins = fields.String(required=True)
    seconds = fields.Integer(required=True, metadata={"description": "Of one bin."})
    deliveries = _bins("That came, repeats too.")
    refused = _bins("Requests that were refused.")
    accepted = _bins("Field values; all null for a token of some destinations.")
    calls = _bins("To the CMS.")
    pending = _bins("Items that waited as the bin began.")


class MachineryStatus(ApiSchema):
    """Processes that are alive, and bytes of the store."""

    web = fields.Integer(required=True)
    workers = fields.Integer(required=True)
    memory_used = fields.Integer(required=True)
    memory_limit = fields.Integer(required=True, allow_none=True)


class OverviewAnswer(ApiSchema):
    at = fields.String(required=True)
    needs = fields.List(
        fields.Nested(NeedEntry),
        required=True,
        metadata={"description": "What needs a person, the most urgent first; at most 20."},
    )
    more = fields.Integer(required=True, metadata={"description": "Needs that are not listed."})
    destinations = fields.List(fields.Nested(DestinationOverview), required=True)
    pending_items = fields.Integer(required=True)
    not_live = fields.Integer(required=True)
    freshness = fields.Nested(FreshnessStatus, required=True)
    hour = fields.Nested(ChartStatus, required=True, metadata={"description": "By minute."})
    day = fields.Nested(
        ChartStatus, required=True, metadata={"description": "By quarter of an hour."}
    )
    machinery = fields.Nested(
        MachineryStatus,
        required=True,
        allow_none=True,
        metadata={"description": "null for a token of some destinations."},
    )


def routes(parts: Parts) -> Routes:
    made = Routes("overview", "Overview")

    def overview() -> dict[str, Any]:
        """Show whether the site follows, how fast, what waits, and what needs a person first."""
        return asdict(overview_of(parts.context, caller().scope))

    made.get("/overview", overview, OverviewAnswer)
    return made
