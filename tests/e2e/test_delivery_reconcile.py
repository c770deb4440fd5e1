"""Source against outbox against CMS, and what comes of each difference, on the sandbox."""

import pytest

from service.reconcile.apply.settlement import REPAIRED
from service.reconcile.plan import causes
from service.reconcile.run import ReconcileRun


def written(way, numbers, version=1):
    """Have the stock of products written by events."""
    for n in numbers:
        way.change(n, stock=n, version=version)
    way.run()
    return {way.record(n): ({"stock": n}, version) for n in numbers}


@pytest.mark.parametrize("api", ["v1", "v2"])
@pytest.mark.parametrize("by", ["key", "item"])
def test_a_collection_in_step_needs_its_listing_and_no_more(reconciling, api, by):
    way = reconciling(api=api, by=by, items=20, window=600, requests_per_minute=600)
    told = way.reconcile(way.products_as_source(range(1, 21)))
    assert told.by_cause() == {}
    assert [(call.method, call.query["offset"]) for call in told.calls] == [("GET", "0")]


@pytest.mark.parametrize("api", ["v1", "v2"])
def test_each_cause_is_named_and_put_right_and_a_second_run_finds_none(reconciling, api):
    policy = {"orphans": "report"}
    options = {"window": 6000, "requests_per_minute": 6000, "missing": "create"}
    way = reconciling(api=api, items=30, policy=policy, **options)
    source = written(way, range(1, 21))
    source |= way.products_as_source(range(21, 31), version=1)
    way.pass_time(10)
    source[way.record(1)] = ({"stock": 101}, 2)  # an event that never came
    lost = way.products.items[way.id(2)]
    lost.staged.fields["stock"] = 0  # and its time is as it was
    way.edit(3, stock=0)
    way.remove(4)
    source["new-1"] = ({"stock": 7, "name": "New desk"}, 1)
    way.pass_time(10)
    told = way.reconcile(source)
    assert told.by_cause() == {
        causes.MISSED: [way.record(1)],
        causes.LOST: [way.record(2)],
        causes.EDITED: [way.record(3)],
        causes.DELETED: [way.record(4)],
        causes.MISSING: ["new-1"],
    }
    # The name of the deleted item was never told to the outbox, and without one none is made.
    assert told.outcomes() == {REPAIRED, causes.LETTER}
    assert way.shown("stock", [1, 2, 3]) == [101, 2, 3]
    assert way.the("new-1").staged.fields["stock"] == 7
    again = way.reconcile(source)
    assert (again.by_cause(), again.told()) == ({}, {causes.LETTER})
    assert {call.method for call in again.calls} == {"GET"}


def test_a_deleted_item_is_made_anew_from_all_that_is_held(reconciling):
    way = reconciling(items=5, missing="create")
    way.change(1, stock=5, name="Desk", version=1)
    way.run()
    way.remove(1)
    told = way.reconcile({way.record(1): ({"stock": 5}, 1)})
    assert told.by_cause() == {
        causes.DELETED: [way.record(1)],
        causes.ORPHAN: [way.record(n) for n in range(2, 6)],
    }
    made = way.the(way.record(1)).staged.fields
    assert (made["stock"], made["name"]) == (5, "Desk")
    assert [call.method for call in told.calls] == ["GET", "GET", "POST"]  # items, schema, new


def test_two_items_of_one_key_and_one_without_are_told(reconciling):
    way = reconciling(items=4)
    way.edit(2, sku=way.key(1))
    way.edit(3, sku="")
    told = way.reconcile(way.products_as_source([1, 4]))
    assert told.by_cause() == {causes.DUPLICATE: [way.key(1)], causes.NO_KEY: [way.id(3)]}


def test_a_live_event_that_comes_while_it_compares_wins(reconciling):
    way = reconciling(items=5)
    source = written(way, [1, 2])
    way.edit(1, stock=0)
    source[way.record(2)] = ({"stock": 22}, 2)

    def live():
        way.change(1, stock=111, version=3)
        way.change(2, stock=222, version=3)

    way.reconcile(source, partial=True, before=live)
    assert way.shown("stock", [1, 2]) == [111, 222]
    stale = [r.sent for r in way.patches() if {1, 22} & {f["stock"] for f in r.sent.values()}]
    assert stale == []


def test_what_the_cms_wins_or_is_only_told_is_not_written(reconciling):
    way = reconciling(items=5, policy={"fields": {"stock": "cms wins"}, "policy": "report"})
    source = written(way, [1])
    way.edit(1, stock=0, color="#ffffff")
    source[way.record(1)][0]["color"] = "#000000"
    told = way.reconcile(source, partial=True)
    assert {f.slug: f.act for f, _ in told.all} == {
        "color": causes.REPORT,
        "stock": causes.CMS_WINS,
    }
    assert way.patches() == []


def test_a_hundred_repairs_take_one_call(reconciling):
    way = reconciling(items=250)
    source = written(way, range(1, 251))
    way.pass_time(60)
    for n in range(1, 201):
        way.edit(n, stock=0)
    told = way.reconcile(source)
    assert [call.method for call in told.calls] == ["GET"] * 3 + ["PATCH"] * 2


def test_an_item_that_an_editor_holds_back_is_written_staged_and_not_published(reconciling):
    way = reconciling(items=5)
    way.unpublish(1)
    told = way.reconcile({way.record(1): ({"stock": 77}, 1)}, partial=True)
    assert told.outcomes() == {REPAIRED}
    assert (way.staged(1)["stock"], way.live(1)) == (77, None)
    assert len(way.patches()) == 1


def test_values_that_the_cms_refuses_are_dead_letters_and_no_difference_later(reconciling):
    way = reconciling(items=5)
    source = {way.record(1): ({"stock": "many"}, 1)}
    assert way.reconcile(source, partial=True).outcomes() == {causes.LETTER}
    again = way.reconcile(source, partial=True)
    assert (again.by_cause(), again.told()) == ({}, {causes.LETTER})


def test_a_listing_that_loses_items_makes_nothing_missing_and_no_orphan_retired(reconciling):
    way = reconciling(items=150, policy={"orphans": "delete"})
    way.on_request = lambda: setattr(way, "on_request", lambda: [way.remove(n) for n in (1, 2)])
    told = way.reconcile(way.products_as_source(range(1, 140)), approved=1000)
    assert not told.found.pages.whole
    assert not told.decisions["retired"].allowed
    assert causes.MISSING not in told.by_cause()


@pytest.mark.parametrize("made", [True, False])
def test_what_is_for_new_items_alone_goes_into_one_that_is_not_made_yet(
    reconciling, monkeypatch, made
):
    way = reconciling(items=3, missing="create", window=6000, requests_per_minute=6000)
    compared = ReconcileRun.compare

    def compare(*given, **options):
        for _ in range(2):  # what it looks up first
            way.step()
        (way.step if made else way.claim)()
        return compared(*given, **options)

    monkeypatch.setattr(ReconcileRun, "compare", compare)
    way.change("new", name="Desk", version=1)
    told = way.reconcile(
        {"new": ({"name": "Desk 2", "price": 5}, 2)}, partial=True, once=("price",)
    )
    assert told.told() == {causes.ON_ITS_WAY}
    way.run()
    shown = way.the("new").staged.fields
    assert (shown["name"], shown.get("price")) == ("Desk 2", None if made else 5)
