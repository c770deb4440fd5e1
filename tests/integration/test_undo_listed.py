"""What a listing, a filter or a reconcile showed is what a write went over."""

import json
from dataclasses import replace

import pytest

from tests.integration.test_outbox_repairs import as_held, repair
from tests.support.outbox_driver import LIVE, Bench, at, change, event, sent
from tests.support.undoing import entry_of, undo
from workers.model.attempts import ItemOutcome, Lookup
from workers.model.changes import Incoming
from workers.store.item_index import Items
from workers.store.undo_log import UndoLog
from workers.webflow.item_answers import Answer, ItemView

EARLY, LATE = "2025-01-01T00:00:00.000Z", "2025-01-02T00:00:00.000Z"


@pytest.fixture
def fresh(store):
    """An outbox whose site answers filters."""
    return Bench(store, filters=True)


def shown(bench, lookup, key="sku-1", updated=EARLY, **fields):
    """Take in a page that shows one item."""
    assert isinstance(lookup, Lookup), lookup
    view = ItemView(f"id-{key}", {"sku": key, **fields}, updated, EARLY, EARLY)
    page = Answer(200, items={view.id: view}, total=1)
    return Items(bench.steps, bench.settings).ingest_page(lookup, page)


def found(bench, **fields):
    """Accept an event and find its item, which shows *fields*."""
    bench.accept(event("sku-1", {"stock": 2, "note": "new"}, by="key", version=at(1)))
    step = bench.claim()
    if step.kind == "filter":
        bench.filtered(step, left=step.keys, outcome="refused")
        step = bench.claim()
    shown(bench, step, **fields)


def test_the_listing_that_found_the_item_says_what_is_there(fresh):
    found(fresh, stock=7)
    fresh.write(fresh.batch())
    assert entry_of(fresh, "sku-1").before == "7"
    assert entry_of(fresh, "sku-1", "note").before == "null"


def test_what_is_there_already_is_no_write(fresh):
    found(fresh, stock=2, note="old")
    fresh.write(fresh.batch())
    told = UndoLog(fresh.steps).of_record("products", "sku-1")
    assert [(e.slug, e.before) for e in told] == [("note", '"old"')]


def test_what_is_large_is_not_remembered(fresh):
    found(fresh, stock=7, note="x" * 30_000)
    fresh.write(fresh.batch())
    assert entry_of(fresh, "sku-1", "note").before is None
    assert entry_of(fresh, "sku-1").before == "7"


def edit(bench, **fields):
    """Let a listing show that somebody has edited the item."""
    bench.pass_time(3600)
    bench.accept(event("sku-2", {"stock": 1}, by="key"))
    step = bench.claim()
    if step.kind == "filter":
        bench.filtered(step, left=step.keys, outcome="refused")
        step = bench.claim()
    return shown(bench, step, updated=LATE, **fields)


def test_an_edit_that_a_listing_told_is_the_newer_before(fresh):
    found(fresh, stock=7, note="old")
    fresh.write(fresh.batch(), updated=EARLY)
    edit(fresh, stock=9, note="new")
    fresh.accept(event("sku-1", {"stock": 3, "note": "newer"}, by="key", version=at(2)))
    fresh.write(fresh.batch())
    assert entry_of(fresh, "sku-1").before == "9"
    assert entry_of(fresh, "sku-1", "note").before == '"new"'


def test_an_edit_whose_value_is_unknown_leaves_it_unknown(bench):
    bench.confirm("i1", {"stock": 1}, version=at(1))
    bench.accept(event("i1", {"note": "x"}, version=at(1)))
    batch = bench.batch()
    outcome = ItemOutcome("i1", written=("note",), edited=("stock",), updated=LATE)
    bench.settle(batch, outcome)
    bench.confirm("i1", {"stock": 2}, version=at(2))
    assert entry_of(bench, "i1").before is None


def test_an_event_of_the_cms_says_what_is_there(bench):
    bench.confirm("i1", {"stock": 1}, version=at(1))
    told = replace(change("i1", {"stock": 9}, version=at(5)), echo=at(5))
    bench.accept(Incoming(None, "edit", 0, (told,)), source="shop")
    bench.confirm("i1", {"stock": 2}, version=at(6))
    assert entry_of(bench, "i1").before == "9"


# A reconcile -------------------------------------------------------------------------------------


def mended(bench, before):
    read = as_held(bench, "i1")
    repair(bench, replace(read, before={"stock": (before, "number")}), run="r4")


def test_a_repair_goes_over_what_its_listing_showed(bench):
    bench.confirm("i1", {"stock": 5}, version=at(1))
    mended(bench, "8")
    entry = bench.lives.read("products", "i1").entries[-1]
    assert (entry.what, entry.by, entry.run) == ("rewritten", "reconcile", "r4")
    [waiting] = UndoLog(bench.steps).of_run("r4")
    assert (waiting.before, waiting.value, waiting.waits) == ("8", "5", True)
    bench.write(bench.batch())
    [entry] = UndoLog(bench.steps).of_run("r4")
    assert (entry.before, entry.value, entry.run, entry.waits) == ("8", "5", "r4", False)
    assert undo(bench, entry) == "accepted"
    assert sent(bench.batch()) == {"i1": {"stock": 8}}


def test_a_repair_of_what_is_as_it_was_is_no_write(bench):
    bench.confirm("i1", {"stock": 5}, version=at(1))
    repair(bench, as_held(bench, "i1"), run="r4")
    bench.write(bench.batch())
    assert list(UndoLog(bench.steps).of_run("r4")) == []


def test_after_a_repair_the_value_is_our_own_again(bench):
    bench.confirm("i1", {"stock": 5}, version=at(1))
    mended(bench, "8")
    bench.write(bench.batch())
    bench.confirm("i1", {"stock": 6}, version=at(2))
    assert entry_of(bench, "i1").before == "5"


def test_what_an_older_release_has_answered_since_is_unknown(bench):
    bench.confirm("i1", {"stock": 5}, version=at(1))
    mended(bench, "8")
    bench.client.hset("instep:item:products:i1", "answered", at(9))
    bench.confirm("i1", {"stock": 6}, version=at(2))
    assert entry_of(bench, "i1").before is None


def test_what_an_older_release_has_written_since_is_what_is_there(bench):
    bench.confirm("i1", {"stock": 5}, version=at(1))
    bench.confirm("i1", {"stock": 6}, version=at(2))
    # As it leaves a field that it settles: what was before stays with it.
    left = json.dumps(bench.field("i1") | {"B": "5", "Q": 1})
    bench.client.hset("instep:item:products:i1", "f:stock", left)
    bench.confirm("i1", {"stock": 7}, version=at(3))
    assert entry_of(bench, "i1").before == "6"


def test_a_value_of_a_reconcile_goes_over_what_its_listing_showed(bench):
    made = event("i1", {"stock": 4}, version=at(1))
    values = tuple(replace(f, before='"x"', before_type="plain") for f in made.changes[0].fields)
    made = replace(made, changes=(replace(made.changes[0], fields=values),))
    bench.accept(made, mode="reconcile", run="r5")
    bench.pass_time(5)
    bench.write(bench.batch())
    [entry] = UndoLog(bench.steps).of_run("r5")
    assert (entry.before, entry.before_type, entry.type) == ('"x"', "plain", "number")
    assert json.loads(bench.field("i1")["v"]) == 4
    assert bench.status("i1") == LIVE
