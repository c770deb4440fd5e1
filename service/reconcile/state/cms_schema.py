"""
The collection's schema: as last read, else read and kept, as the workers do it.

Raises (every function):
    ReconcileFailed: The schema cannot be read.
    StoreUnavailable: The store did not answer.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping, Sequence

from service.reconcile.state.outbox_reader import OutboxReader
from workers.config.settings import Collection
from workers.delivery.context import Context
from workers.delivery.reads import CmsReader, summary
from workers.errors import ReconcileFailed
from workers.fields.types import TYPES
from workers.model.attempts import Lookup
from workers.model.changes import Lane
from workers.store import keys
from workers.store.connection import guarded
from workers.webflow.item_answers import Answer
from workers.webflow.record_match import RecordKeys, may_have_forms, record_keys
from workers.webflow.schema import Schema

LONGEST = 5.0  # s of one sleep, so that it can be interrupted


def options_of(
    context: Context, collection: Collection, types: set[str]
) -> tuple[Mapping[str, Sequence[Mapping[str, str]]], int]:
    """Return slug → options where one of *types* needs them, and the calls that it took."""
    if not any(TYPES[name].needs_schema for name in types if name in TYPES):
        return {}, 0
    schema, calls = schema_of(context, collection)
    return {slug: schema.options(slug) for slug in schema.fields}, calls


def known_schema(
    context: Context,
    collection: Collection,
    types: set[str],
    sleep: Callable[[float], object] = time.sleep,
) -> tuple[Schema, int]:
    """
    Return the schema if the form of *types* in the CMS depends on it, and the number of calls.

    A mapping may declare a field for URLs as text. If values are not checked against the schema, or
    it cannot be read, only the last known one counts.
    """
    schema = context.items.schema(collection)
    if schema.fields or not collection.preflight or "plain" not in types:
        return schema, 0
    try:
        return schema_of(context, collection, sleep)
    except ReconcileFailed:
        return schema, 1


def record_keys_of(
    context: Context, collection: Collection, by: str, records: Sequence[str]
) -> tuple[RecordKeys, int]:
    """
    Return the map from shown keys to records, and the number of calls.

    Args:
        by: "item": events carry the item ids; else "key".
        records: Keys in the snapshot.
    """
    if by == "item":
        return RecordKeys(collection), 0
    known = {id: record for record, id in OutboxReader(context, collection).ids()}
    schema, calls = context.items.schema(collection), 0
    if not schema.fields and may_have_forms(collection, [*records, *known.values()]):
        try:
            schema, calls = schema_of(context, collection)
        except ReconcileFailed:
            calls = 1
    return record_keys(collection, schema, known, records), calls


def schema_of(
    context: Context, collection: Collection, sleep: Callable[[float], object] = time.sleep
) -> tuple[Schema, int]:
    """
    Return the schema as last read, else read it in a slot of the budget; and the calls it took.
    """
    schema = context.items.schema(collection)
    if schema.fields:
        return schema, 0
    destination = context.settings.destinations[collection.destination]
    take(context, collection, sleep)
    lookup = _lookup(context, collection)
    reader = CmsReader(context)
    try:
        outcome = reader.ask(
            destination, lambda client: client.get_collection(collection.id), kind="schema"
        )
    finally:
        reader.close()
    if not isinstance(outcome, Answer) or outcome.status != 200:
        raise ReconcileFailed(f"{collection.name}: its schema cannot be read: {summary(outcome)}")
    context.items.keep_schema(lookup, outcome)
    return context.items.schema(collection), 1


def _lookup(context: Context, collection: Collection) -> Lookup:
    """Record the time of the read: a value that came later is not refused by it."""
    with guarded():
        arrival = int(context.steps.client.get(keys.ARRIVAL) or 0)
    now_ms = OutboxReader(context, collection).now_us() // 1000
    return Lookup(collection.name, "schema", uuid.uuid4().hex, at=now_ms, arrival=arrival)


def take(
    context: Context, collection: Collection, sleep: Callable[[float], object] = time.sleep
) -> None:
    """
    Wait for a slot of the budget, without exceeding its pace.

    While live changes wait for a listing, its pages alternate with other requests.
    """
    destination = context.settings.destinations[collection.destination]
    lane: Lane = "live" if context.items.waits(collection) else "reconcile"
    while wait := context.limiter.take(destination, lane):
        sleep(min(wait, LONGEST))
