"""What becomes of items whose records the source does not have."""

from dataclasses import replace

import pytest

from service.reconcile.apply.settlement import REPAIRED
from service.reconcile.plan import causes
from service.reconcile.plan.orphans import FOREIGN
from tests.support.reconcile_rig import Reconciling


@pytest.fixture
def retiring(store):
    """Opens a way out whose reconcile retires orphans; its counters balance at the end."""
    ways = []

    def open(orphans, **options):
        policy = {"orphans": orphans, **options.pop("policy", {})}
        ways.append(Reconciling(store, policy=policy, **options))
        return ways[-1]

    yield open
    for way in ways:
        way.close()
        way.check()


def has_gone(way, n, orphans):
    item = way.products.items.get(way.id(n))
    if orphans == "delete":
        return item is None
    if orphans == "archive":
        return item.staged.archived
    if orphans == "draft":
        return item.staged.draft
    return item.live is None


@pytest.mark.parametrize("orphans", ["archive", "draft", "unpublish", "delete"])
def test_an_orphan_is_retired_once_and_the_next_run_finds_none(retiring, orphans):
    way = retiring(orphans, items=6)
    way.change(1, stock=1, version=5)
    way.run()
    way.pass_time(60)
    source = way.products_as_source([3, 4, 5, 6], version=1)
    told = way.reconcile(source)
    assert told.by_cause() == {causes.ORPHAN: [way.record(1), way.record(2)]}
    assert told.outcomes() == {REPAIRED}
    assert [has_gone(way, n, orphans) for n in range(1, 7)] == [True] * 2 + [False] * 4
    again = way.reconcile(source)
    assert again.by_cause() == {}
    assert {call.method for call in again.calls} == {"GET"}


@pytest.mark.parametrize("orphans", ["archive", "draft", "unpublish"])
def test_an_orphan_that_somebody_has_brought_back_is_retired_again(retiring, orphans):
    way = retiring(orphans, items=6)
    source = way.products_as_source(range(2, 7))
    way.reconcile(source)
    assert has_gone(way, 1, orphans)
    item = way.products.items[way.id(1)]
    # As if our write had been lost: the item's own time is as it was.
    item.staged = replace(item.staged, archived=False, draft=False)
    item.live = item.staged
    item.published = item.published or way.site.now()
    way.pass_time(60)
    told = way.reconcile(source)
    assert told.by_cause() == {causes.ORPHAN: [way.record(1)]}
    assert has_gone(way, 1, orphans)


def test_a_live_event_that_comes_before_it_is_retired_keeps_the_item(retiring):
    way = retiring("delete", items=6)
    way.change(1, stock=1, version=5)
    way.run()
    way.pass_time(60)
    source = way.products_as_source(range(2, 7), version=1)
    way.reconcile(source, before=lambda: way.change(1, stock=6, version=6))
    way.run()
    assert way.live(1)["stock"] == 6


def test_more_than_may_be_retired_is_held_and_all_else_goes_on(retiring):
    way = retiring("delete", items=40, guard={"at_most": 3, "percent": 5.0})
    source = way.products_as_source(range(1, 36))
    source[way.record(1)] = ({"stock": -1}, None)
    told = way.reconcile(source)
    assert told.decisions["retired"].asks
    assert "5 of 40 items (12.5 %)" in told.decisions["retired"].words
    assert (way.shown("stock", [1]), len(way.products.items)) == ([-1], 40)


@pytest.mark.parametrize(("approved", "left"), [(5, 35), (4, 40)])
def test_what_an_operator_approves_is_a_ceiling(retiring, approved, left):
    way = retiring("delete", items=40, guard={"at_most": 3, "percent": 5.0})
    way.reconcile(way.products_as_source(range(1, 36)), approved=approved)
    assert len(way.products.items) == left


def test_an_empty_source_retires_nothing_whatever_is_approved(retiring):
    way = retiring("delete", items=5)
    told = way.reconcile({}, approved=1000)
    assert (told.decisions["retired"].allowed, len(way.products.items)) == (False, 5)
    assert {finding.act for finding, _ in told.all} == {causes.WITHHELD}


def test_an_item_from_before_is_retired_also_if_a_partial_snapshot_came_first(retiring):
    """Such as a pull of a list that shifts: it says nothing of the records that it lacks."""
    way = retiring("archive", items=6)
    source = way.products_as_source(range(2, 7))
    way.reconcile(source, partial=True)
    assert not has_gone(way, 1, "archive")
    way.reconcile(source)
    assert [has_gone(way, n, "archive") for n in range(1, 7)] == [True] + [False] * 5


def test_an_item_that_came_since_the_last_whole_snapshot_stays(retiring):
    way = retiring("archive", items=6)
    source = way.products_as_source(range(1, 7))
    way.reconcile({key: source[key] for key in list(source)[1:]}, partial=True)
    way.reconcile(source)
    way.add(7)
    way.pass_time(60)
    told = way.reconcile(source)
    assert [(f.record, f.act, f.why) for f, _ in told.all] == [
        (way.record(7), causes.KEEP, FOREIGN)
    ]


@pytest.mark.parametrize("orphans", ["archive", "draft", "unpublish"])
def test_an_orphan_comes_back_with_its_record_though_no_value_of_it_is_new(retiring, orphans):
    way = retiring(orphans, items=6)
    whole = way.products_as_source(range(1, 7))
    way.reconcile({key: record for key, record in whole.items() if key != way.record(1)})
    assert has_gone(way, 1, orphans)
    way.pass_time(60)
    told = way.reconcile(whole)
    assert told.by_cause() == {causes.MISSED: [way.record(1)]}
    assert not has_gone(way, 1, orphans)
    way.pass_time(60)
    assert way.reconcile(whole).by_cause() == {}
