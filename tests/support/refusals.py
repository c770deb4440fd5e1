"""Failures of several kinds in the store of a `Rig`, as the CMS and the mapping leave them."""

import json
import uuid

from tests.support.api_rig import TOML
from workers.model.attempts import Batch, BatchOutcome, Call, FieldFailure, ItemOutcome
from workers.model.changes import Change, Delivery, FieldProblem, FieldValue, Incoming
from workers.store import keys

# Without the waits between two requests.
FAST = TOML.replace(
    'base_url = "{url}"', 'base_url = "{url}"\nlinger = 0.0\nrequests_per_minute = 60000'
)


def refuse(context, *records, values, words="Is too long", kind="refused", place="products"):
    """
    Let the CMS refuse *values* of each of *records*, which have items; return the letters' ids.

    Args:
        values: By slug; the first is the one that the CMS names.
        place: The collection.
    """
    known = set(context.letters.ids())
    collection = context.settings.collections[place]
    give_items(context, collection, records)
    source, mapping = ("erp", "Stock") if place == "products" else ("till", "Order")
    fields = tuple(FieldValue(slug, json.dumps(each), "text") for slug, each in values.items())
    changes = [Change(mapping, place, record, "key", fields, None) for record in records]
    events = tuple(Incoming(None, None, at, (each,)) for at, each in enumerate(changes))
    context.outbox.accept(Delivery(source, uuid.uuid4().hex, events))
    while context.outbox.slice().more:
        pass
    destination = context.settings.destinations[collection.destination]
    problem = FieldProblem(next(iter(values)), words)
    failure = FieldFailure(kind, tuple(values), "Not valid", 400, "validation_error", (problem,))
    while len(context.letters.ids()) < len(known) + len(records):
        context.steps.clock_offset_ms += 2  # the budget's pace
        batch = context.outbox.claim(destination)
        assert isinstance(batch, Batch), batch
        outcomes = [
            ItemOutcome(each.record, failures=(failure,), attempt=True) for each in batch.items
        ]
        outcome = BatchOutcome(tuple(outcomes), "refusal")
        context.outbox.settle(batch, outcome, call=Call(400))
    return [id for id in context.letters.ids() if id not in known]


def give_items(context, collection, records):
    """Let *collection* have an item for each of *records*."""
    copy = context.settings.copy_of(collection)
    for record in records:
        context.steps.client.hset(keys.item_ids(collection.name, copy), record, f"i-{record}")
        context.steps.client.hset(keys.item_keys(collection.name, copy), f"i-{record}", record)


def leave_out(context, body, *, path="qty", message="Not a valid integer", source="erp"):
    """Leave the letter of an event that could not be mapped; return its id."""
    known = set(context.letters.ids())
    event = Incoming(None, None, 0, problems=(FieldProblem(path, message),))
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    context.outbox.accept(Delivery(source, uuid.uuid4().hex, (event,), body=text))
    (id,) = set(context.letters.ids()) - known
    return id


def group_of(context, letter):
    """Return the id of the problem of a *letter*."""
    context.problems.group(10_000)
    return context.letters.show(letter).group
