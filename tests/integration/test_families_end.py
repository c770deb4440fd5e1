"""Every family of keys is filled and emptied: what is over leaves no key behind that never ends."""

import uuid
from dataclasses import replace

import pytest

from tests.support.outbox_creating import knowing
from tests.support.outbox_driver import at, bad, event, number
from tests.support.outbox_listing import unasked
from tests.support.outbox_referring import listed, one, put
from tests.support.outbox_retiring import delete, held, update
from workers.model.attempts import FieldFailure, ItemOutcome
from workers.model.changes import Delivery, FieldProblem, Gone, Incoming, LeftOut
from workers.store.search_index import SearchIndex

DAY = 86_400
KEPT = {"ms": 48 * 3_600_000, "most": 2**24}
# One a name of instep.toml, and counters.
PERMANENT = (
    *("arrival", "counts", "letter-number", "slice-number", "source", "destination", "collection"),
    *(
        "index",
        "schema",
        "kept-state",
        "lives",
        "undo",
        "raw-bytes",
        "seen-bytes",
        "wakes",
        "nudge",
    ),
    *("clock", "metrics", "freshness", "search-state"),
)


def sweep(bench):
    bench.steps.run(
        "sweep",
        {
            "destinations": [{"name": "site", "collections": list(bench.settings.collections)}],
            "places": bench.settings.copies(),
            "lives": bench.settings.store.lives,
            "undo": bench.settings.store.undo,
            "kept": {"erp": KEPT},
        },
    )


def families(client):
    """The families of the keys that have no end of their own."""
    keys = [str(key) for key in client.scan_iter("instep:*")]
    return {
        key.split(":")[1]
        for key in keys
        if client.ttl(key) == -1 and key.split(":")[1] not in PERMANENT
    }


def discard(bench):
    for letter in bench.letters():
        bench.letter(letter["id"], "discard")


def unknown_keys(bench):
    bench.accept(*(event(f"k{n}", {"stock": 1}, by="key", id=f"e{n}") for n in range(20)))
    bench.list_all()


def unknown_ids(bench):
    bench.accept(event("65f1", {"stock": 1}, id="e1", version=at(1)))
    batch = bench.batch()
    failure = FieldFailure("missing", ("stock",), "no such item")
    bench.settle(batch, ItemOutcome("65f1", failures=(failure,), forget=True), health="refusal")


def unreadable(bench):
    for n in range(20):
        bench.accept(bad(id=f"e{n}"), body=b"x" * 5000)


def unreadable_fields(bench):
    left = (LeftOut("products", "k1", "key", "stock", at(1)),)
    problems = (FieldProblem("stock", "not a number"),)
    bench.accept(Incoming("e1", "t", 0, (), problems, left=left))


def references(bench):
    put(bench, "k1", one("s1"), by="key")
    bench.page(bench.claim(), [("k1", "id-k1")])
    listed(bench)
    discard(bench)
    delete(bench, version=number(5))


def deleted_items(bench):
    delete(held(bench, "k1"), version=at(5))


def retired_unknown(bench):
    gone = replace(event("k1", {}, by="key").changes[0], retire="delete")
    bench.accept(Incoming("e1", "t", 0, (gone,)))
    bench.list_all()


def edited_away(bench):
    """An item that somebody deletes in the CMS: the next round lacks it."""
    held(bench, "k1", "k2")
    bench.pass_time(601)
    update(bench, "k2", version=at(2), stock=2)
    bench.write(bench.batch())
    for _ in range(2):
        bench.page(unasked(bench, ":edits", ":round"), [("k2", "id-k2")])
        bench.pass_time(11)
    assert bench.client.zcard("instep:resting") == 1
    delete(bench, "k2", version=at(9))


def told_by_the_cms(bench):
    """The CMS tells that somebody has deleted an item."""
    held(bench, "k1")
    gone = Incoming(None, "gone", 0, gone=(Gone("products", "id-k1", True),))
    bench.accept(gone, source="shop")


def refused_creations(bench):
    knowing(bench)
    bench.accept(event("k1", {"name": "Oak desk"}, by="key"))
    bench.list_all()
    batch = bench.batch()
    assert batch.create
    failure = FieldFailure("refused", ("name",), "no")
    bench.settle(batch, ItemOutcome("k1", failures=(failure,)), health="refusal")


def kept_deliveries(bench):
    for n in range(20):
        told = Delivery("erp", uuid.uuid4().hex, (Incoming(f"e{n}", "t", 0),), b"{}", {})
        bench.outbox.accept(told)


FILLS = {
    "keys that no item has": (unknown_keys, {}),
    "keys that no item has, ignored": (unknown_keys, {"missing": "ignore"}),
    "ids that no item has": (unknown_ids, {}),
    "events that cannot be read": (unreadable, {}),
    "fields that cannot be read": (unreadable_fields, {}),
    "references that nothing comes for": (references, {}),
    "items that were deleted": (deleted_items, {}),
    "retirements of what was never there": (retired_unknown, {}),
    "items that somebody else deleted": (edited_away, {}),
    "items that the CMS says are deleted": (told_by_the_cms, {}),
    "creations that the CMS refuses": (refused_creations, {"missing": "create"}),
    "deliveries that are kept": (kept_deliveries, {}),
}


@pytest.mark.parametrize("fill", FILLS.values(), ids=FILLS)
def test_what_is_over_leaves_no_key_behind(bench_with, fill):
    way, options = fill
    bench = bench_with(**options)
    way(bench)
    assert SearchIndex(bench.steps, bench.settings).advance(1.0)
    discard(bench)
    for _ in range(2):
        bench.pass_time(31 * DAY)
        sweep(bench)
        bench.claim()
    assert SearchIndex(bench.steps, bench.settings).advance(1.0)
    assert families(bench.client) == set()
    assert bench.client.zcard("instep:lives") == 0
    assert bench.client.keys("instep:undo*") in ([], ["instep:undo:state"])
    counts = bench.counts()
    assert counts.pop("accepted") == sum(counts.values())
