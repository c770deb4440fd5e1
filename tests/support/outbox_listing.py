"""Listings as a test answers them: items of a CMS, and steps that ask for pages of them."""

from tests.support.outbox_driver import event
from workers.model.attempts import Batch, Lookup


def item(key, id, *, born="2025-01-01", updated=None):
    return {"key": key, "id": id, "created": born, "updated": updated, "shown": True}


def put(bench, *records, value=1, **options):
    for record in records:
        bench.accept(event(record, {"stock": value}, by="key", **options))


def lookup(bench):
    """The next page of a listing; what is due goes before one that nothing urgent waits for."""
    step = bench.claim()
    if isinstance(step, Batch):
        step = bench.claim()
    assert isinstance(step, Lookup), step
    return step


def unasked(bench, *slots):
    """The next page, which nobody waits for, of one of *slots*."""
    step = lookup(bench)
    assert step.slot in slots, step
    return step


def ids(bench):
    """Key → item id."""
    return _hash(bench, "ids")


def twins(bench):
    """Item id → the key that an older item has."""
    return _hash(bench, "twins")


def _hash(bench, name):
    products = bench.settings.collections["products"]
    return bench.client.hgetall(f"instep:{name}:products:{bench.settings.copy_of(products)}")
