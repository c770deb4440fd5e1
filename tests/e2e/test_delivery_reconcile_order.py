"""Rows of a snapshot without a version, beside events that their source numbers, on the sandbox."""

import json

import pytest

from service.reconcile.plan import causes
from tests.e2e.test_delivery_reconcile import written
from tests.support.stored_items import field_of

LONG = 61  # s; a snapshot wins over what had come as long before


def rows(way, stocks):
    """Records without a version: number of a product → its stock."""
    return {way.record(n): ({"stock": stock}, None) for n, stock in stocks.items()}


def told_and_shown(way, stocks):
    told = way.reconcile(rows(way, stocks), partial=True)
    return told.by_cause(), told.told(), way.shown("stock", list(stocks))


def field(way, n):
    return field_of(way.store, f"instep:item:products:{way.record(n)}", "stock")


def test_an_event_that_never_came_is_a_difference_that_is_mended(reconciling):
    way = reconciling(items=2)
    written(way, [1])
    way.pass_time(LONG)
    assert told_and_shown(way, {1: 7}) == ({causes.MISSED: [way.record(1)]}, set(), [7])
    assert field(way, 1)["r"] == "s00000000000000000001"


def test_the_next_event_wins_over_what_was_mended(reconciling):
    way = reconciling(items=2)
    written(way, [1])
    way.pass_time(LONG)
    way.reconcile(rows(way, {1: 7}), partial=True)
    way.change(1, stock=8, version=2)
    way.run()
    assert way.shown("stock", [1]) == [8]
    assert way.context.outbox.counts()["dead"] == 0


def test_an_event_that_comes_while_it_is_mended_wins(reconciling):
    way = reconciling(items=2)
    written(way, [1])
    way.pass_time(LONG)
    told = way.reconcile(
        rows(way, {1: 7}), partial=True, before=lambda: way.change(1, stock=8, version=2)
    )
    assert told.by_cause() == {causes.MISSED: [way.record(1)]}
    assert way.shown("stock", [1]) == [8]


def test_what_came_shortly_before_the_snapshot_cannot_be_compared_with_it(reconciling):
    way = reconciling(items=2)
    written(way, [1])
    assert told_and_shown(way, {1: 7}) == ({causes.UNDECIDED: [way.record(1)]}, set(), [1])


def test_what_waits_for_long_may_have_been_overtaken_just_now(reconciling):
    way = reconciling(items=2)
    way.change(1, stock=1, version=1)
    way.pass_time(2 * LONG)
    way.change(1, stock=2, version=2)
    told = way.reconcile(rows(way, {1: 7}), partial=True)
    assert told.by_cause() == {causes.UNDECIDED: [way.record(1)]}
    way.run()
    assert way.shown("stock", [1]) == [2]


def test_a_later_snapshot_goes_over_an_earlier_one_at_once(reconciling):
    way = reconciling(items=2)
    written(way, [1])
    way.pass_time(LONG)
    way.reconcile(rows(way, {1: 7}), partial=True)
    way.pass_time(1)
    assert told_and_shown(way, {1: 9}) == ({causes.MISSED: [way.record(1)]}, set(), [9])


@pytest.mark.parametrize("version", [1, 10**19])
def test_a_first_load_makes_no_dead_letter_of_the_events_after_it(reconciling, version):
    way = reconciling(items=2)
    way.reconcile(rows(way, {1: 7}), partial=True)
    way.change(1, stock=8, version=version)
    way.run()
    assert way.shown("stock", [1]) == [8]
    assert way.store.zcard("instep:letters") == 0


def test_a_time_that_an_older_release_gave_by_a_snapshot_yields_to_the_next_event(reconciling):
    way = reconciling(items=2)
    way.reconcile(rows(way, {1: 7}), partial=True)
    held = field(way, 1)
    held.pop("A", None)
    assert held["r"][0] == "t"
    way.store.hset(f"instep:item:products:{way.record(1)}", "f:stock", json.dumps(held))
    way.change(1, stock=8, version=1)
    way.run()
    assert (way.shown("stock", [1]), field(way, 1)["r"][0]) == ([8], "s")


def test_an_orphan_of_a_numbered_source_comes_back_by_its_next_event(reconciling):
    way = reconciling(items=3, policy={"orphans": "archive"})
    written(way, [1, 2, 3])
    way.pass_time(LONG)
    way.reconcile(rows(way, {1: 1, 2: 2}), approved=5)
    assert way.the(way.record(3)).staged.archived
    way.change(3, stock=4, version=2)
    way.run()
    assert not way.the(way.record(3)).staged.archived
    assert way.shown("stock", [3]) == [4]
