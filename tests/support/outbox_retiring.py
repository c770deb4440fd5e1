"""Outboxes whose records are gone at their source, and how their claims are answered."""

import uuid

from tests.support.outbox_creating import knowing
from tests.support.outbox_driver import at, event
from workers.model.attempts import ItemOutcome, Lookup, Wait
from workers.model.changes import Change, Incoming

GONE = ":gone"


def retire(bench, record, way="delete", *, version=None, by="key", id=None, **options):
    """The source says that *record* is gone."""
    change = Change("gone", "products", record, by, (), version, retire=way)
    told = Incoming(id, "gone", 0, (change,))
    return bench.accept(told, token=uuid.uuid4().hex, **options)


def update(bench, record="k1", *, version=None, id=None, mode="live", **fields):
    bench.accept(event(record, fields or {"stock": 1}, by="key", version=version, id=id), mode=mode)
    return bench.told()


def held(bench, *records, version=None):
    """*bench*, which has written to some items that the CMS has."""
    knowing(bench)
    for record in records or ("k1",):
        update(bench, record, version=version or at(1), name="Oak desk", stock=1)
    bench.list_all(*((record, f"id-{record}") for record in records or ("k1",)))
    bench.write(bench.batch())
    return bench


def away(bench, batch):
    """Settle *batch*: what it was to take away is not there any more."""
    assert batch.retire
    return bench.settle(batch, *(ItemOutcome(item.record, retired=True) for item in batch.items))


def unanswered(bench, batch):
    item_outcomes = (ItemOutcome(item.record, unknown=True, wait=2.0) for item in batch.items)
    return bench.settle(batch, *item_outcomes, health="failure")


def delete(bench, record="k1", **options):
    """Delete an item: its live copy first."""
    retire(bench, record, "delete", **options)
    away(bench, bench.batch())
    batch = bench.batch()
    away(bench, batch)
    return batch


def listed(bench, *entries):
    """Answer the next look-up with *entries*, which are all items that there are."""
    bench.pass_time(31)
    step = bench.claim()
    assert isinstance(step, Lookup), step
    return bench.page(step, entries)


def idle(bench):
    """Whether there is nothing left to be done."""
    step = bench.claim()
    return isinstance(step, Wait) and step.seconds is None
