"""Products that refer to stores by their keys, and what their claims carry."""

import json

from tests.support.outbox_driver import number
from workers.model.attempts import ItemOutcome, Lookup
from workers.model.changes import Change, FieldValue, Incoming, canonical

NAME = FieldValue("name", '"Oak desk"', "plain")


def one(key, slug="store", to="stores"):
    """A value that names one store."""
    return FieldValue(slug, canonical({"key": key, "to": to}), "reference-key")


def several(*keys, slug="stores", to="stores"):
    return FieldValue(slug, canonical({"keys": list(keys), "to": to}), "references-key")


def stock(value=1):
    return FieldValue("stock", canonical(value), "number")


def put(bench, record, *fields, by="item", collection="products", version=None, mode="live"):
    version = None if version is None else number(version)
    change = Change("stock", collection, record, by, fields, version)
    return bench.accept(Incoming(None, "changed", 0, (change,)), mode=mode)


def place(bench, collection="stores"):
    return f"{collection}:{bench.settings.copy_of(bench.settings.collections[collection])}"


def know(bench, key, id):
    bench.client.hset(f"instep:ids:{place(bench)}", key, id)
    bench.client.hset(f"instep:keys:{place(bench)}", id, key)


def forget(bench, key):
    bench.client.hdel(f"instep:ids:{place(bench)}", key)


def links(batch):
    """{record: {slug: ids}} of the references that *batch* carries."""
    return {
        item.record: {f.slug: json.loads(f.link) for f in item.fields if f.link is not None}
        for item in batch.items
    }


def listed(bench, *entries, collection="stores"):
    """Answer the look-up that comes next, which is of *collection*."""
    step = bench.claim()
    assert isinstance(step, Lookup), step
    assert (step.collection, step.kind) == (collection, "index")
    return bench.page(step, entries)


def made(bench, batch):
    """The items of *batch* are there now, with all that was sent."""
    slugs = {item.record: tuple(f.slug for f in item.fields) for item in batch.items}
    item_outcomes = [ItemOutcome(r, made=f"id-{r}", written=s) for r, s in slugs.items()]
    return bench.settle(batch, *item_outcomes)
