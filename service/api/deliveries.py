"""``/api/deliveries``: what came, and once more through today's mappings."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from marshmallow import fields, validate
from werkzeug.routing import BaseConverter

from service.api import errors
from service.api.access import caller
from service.api.moments import since
from service.api.routes import Routes, answered
from service.api.runs import Started
from service.api.schemas import (
    ApiSchema,
    DryRun,
    ListQuery,
    Text,
    WholeNumber,
    as_answer,
    held,
    page_cursor,
    page_of,
)
from service.operate import names
from service.operate.deliveries import (
    OUTCOMES,
    list_deliveries,
    replay_deliveries,
    show_delivery,
    start_replay,
)
from service.operate.delivery_replay import DeliverySelection
from service.operate.parts import Parts

REPLAYED: Final = 200  # deliveries of one request, unless it says otherwise
REPLAYED_MOST: Final = 2000
_CURSOR: Final = r"^[0-9]{1,15}\.[0-9]{1,15}\.(kept|unkept|refused|spooled)\.[a-z0-9()_-]{1,63}\Z"


class DeliveryId(BaseConverter):
    """The id of a delivery in a path: unlike the actions beside it, it has a hyphen."""

    regex = "[^/]+-[^/]+"
    pattern = f"^{regex}$"


class DeliveriesQuery(ListQuery):
    source = Text(load_default=None)
    outcome = Text(load_default=None, validate=validate.OneOf(OUTCOMES))
    key = Text(load_default=None, metadata={"description": "Of a record."})
    since = since()
    cursor = page_cursor(_CURSOR)


class ReplayBody(DryRun):
    ids = fields.List(Text(), load_default=list, validate=validate.Length(max=REPLAYED_MOST))
    source = Text(load_default=None)
    outcome = Text(load_default=None, validate=validate.OneOf(OUTCOMES))
    key = Text(load_default=None, metadata={"description": "Of a record."})
    since = since()
    limit = WholeNumber(
        load_default=REPLAYED,
        validate=validate.Range(1, REPLAYED_MOST),
        metadata={"description": "At most so many by filter, the newest."},
    )


class DeliveryEntry(ApiSchema):
    id = fields.String(required=True)
    at = fields.String(required=True)
    source = fields.String(required=True)
    topic = fields.String(required=True, allow_none=True)
    outcome = fields.String(required=True, validate=validate.OneOf(OUTCOMES))
    status = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "It was answered with; null: read by a fetcher."},
    )
    events = fields.Integer(required=True)
    keys = fields.List(fields.String(), required=True)
    reason = fields.String(required=True, allow_none=True)


class DeliveryAnswer(DeliveryEntry):
    proof = fields.Dict(keys=fields.String(), allow_none=True)
    headers = fields.Dict(keys=fields.String())
    body = fields.String(allow_none=True)
    encoding = fields.String(allow_none=True, metadata={"description": "text or base64"})
    bytes = fields.Integer(allow_none=True, metadata={"description": "Of the whole body."})
    cut = fields.Boolean(metadata={"description": "Whether the body is longer than shown."})
    found = fields.List(
        fields.Dict(keys=fields.String()),
        metadata={"description": "Its events, by today's mappings."},
    )
    more = fields.Integer(metadata={"description": "Events that are not shown."})
    refusal = fields.String(
        metadata={"description": "Why it was refused, by the names of `refusals` in the status."}
    )
    times = fields.Integer(metadata={"description": "Requests that were refused alike."})
    checked = fields.Dict(
        keys=fields.String(), metadata={"description": "What a refused request was checked for."}
    )


class ReplayPreview(ApiSchema):
    """What a replay would do."""

    matched = fields.Integer(required=True)
    deliveries = fields.Integer(required=True)
    events = fields.Integer(required=True)
    changed = fields.Integer(required=True)
    items = fields.Integer(required=True)
    taken = fields.Integer(required=True)
    same = fields.Integer(required=True)
    stale = fields.Integer(required=True)
    undone = fields.Integer(required=True)
    letters = fields.Integer(required=True)
    problems = fields.List(fields.Dict(keys=fields.String()), required=True)
    changes = fields.List(fields.Dict(keys=fields.String()), required=True)
    left = fields.List(fields.Dict(keys=fields.String()), required=True)
    more_left = fields.Integer(required=True)
    held = held()


def routes(parts: Parts) -> Routes:
    made = Routes("deliveries", "Deliveries: what came, and how it was answered")
    context, configuration = parts.context, parts.configuration

    def deliveries(query: dict[str, Any]) -> dict[str, Any]:
        """List deliveries, newest first."""
        scope = caller().scope
        names.check(query["source"], "a source", scope.sources)
        found = list_deliveries(context, scope=scope, configuration=configuration, **query)
        return as_answer(found)

    def delivery(id: str) -> dict[str, Any]:
        """Show one delivery, with its body as kept and its events by today's mappings."""
        scope = caller().scope
        found = show_delivery(context, id, scope=scope, configuration=configuration)
        if found is None:
            raise errors.missing(id, "a delivery that is kept or listed", "see /api/deliveries")
        return found

    def replay(body: dict[str, Any]) -> Any:
        """
        Replay deliveries through today's mappings; a value never goes over a newer one.

        A mass of overwrites or creations is held until it is approved.
        """
        dry_run = body.pop("dry_run")
        selection = DeliverySelection(ids=tuple(body.pop("ids")), **body)
        who = caller()
        names.check(selection.source, "a source", who.scope.sources)
        selection.check()
        if dry_run:
            found = replay_deliveries(
                context,
                selection,
                dry_run=True,
                scope=who.scope,
                configuration=configuration,
            )
            return answered(ReplayPreview, found)
        id = start_replay(
            context,
            selection,
            who.name,
            scope=who.scope,
            configuration=configuration,
        )
        return {"run": id}

    missing = (HTTPStatus.NOT_FOUND,)
    made.get(
        "/deliveries", deliveries, page_of(DeliveryEntry), query=DeliveriesQuery, errors=missing
    )
    made.get("/deliveries/<delivery:id>", delivery, DeliveryAnswer, errors=missing)
    made.post(
        "/deliveries/replay",
        replay,
        {HTTPStatus.ACCEPTED: Started, HTTPStatus.OK: ReplayPreview},
        body=ReplayBody,
        errors=missing,
    )
    return made
