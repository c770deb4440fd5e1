"""Live copies of items that an editor has changed since they were published."""

import pytest

from service.reconcile.plan import causes


def stage(way, n, **fields):
    """Edit the staged copy alone, some time after the item was published."""
    item = way.products.items[way.id(n)]
    way.pass_time(60)
    copy = item.staged.__class__({**item.staged.fields, **fields}, False, False, way.site.now())
    way.products.store(item, copy)


def wanted(way, numbers, stock):
    return {way.record(n): ({"stock": stock}, None) for n in numbers}


def reads(way):
    """The paths of what was read beside the listing."""
    return [
        call.path for call in way.requests if call.path.endswith("/live") and call.method == "GET"
    ]


@pytest.fixture
def way(reconciling):
    way = reconciling(items=3)
    way.edit(1, stock=5)
    way.publish(1)
    return way


def test_what_only_the_staged_copy_shows_is_a_missed_event(way):
    stage(way, 1, stock=7)
    told = way.reconcile(wanted(way, [1], 7), partial=True)
    assert told.by_cause() == {causes.MISSED: [way.record(1)]}
    assert told.shown[0]["cms"] == 5
    assert "only the staged copy shows it" in told.shown[0]["why"]
    assert way.shown("stock", [1]) == [7]
    assert way.reconcile(wanted(way, [1], 7), partial=True).by_cause() == {}


def test_where_the_live_copy_shows_it_too_the_run_is_proven_by_one_call_more(way):
    stage(way, 1, name="Later")
    told = way.command(wanted(way, [1], 5), partial=True)
    assert (told.code, told.proven, told.told) == (0, True, {})
    assert len(reads(way)) == 1
    assert way.live(1)["name"] != "Later"


def test_many_of_them_are_listed_once(way):
    for n in (1, 2, 3):
        stage(way, n, name="Later")
    records = {way.record(n): ({"stock": way.live(n)["stock"]}, None) for n in (1, 2, 3)}
    assert way.command(records, partial=True).code == 0
    assert [path.endswith("/items/live") for path in reads(way)] == [True]


def test_a_live_copy_that_cannot_be_read_is_not_proven(way):
    stage(way, 1, name="Later")
    way.fault("status", match={"method": "GET", "path": "*/live"}, status=403)
    told = way.command(wanted(way, [1], 5), partial=True)
    assert (told.code, told.unproven) == (1, {"not_comparable": 1})
    assert told.told == {causes.UNPUBLISHED: 1}


def test_an_item_that_has_no_live_copy_any_more_is_not_proven(way):
    stage(way, 1, name="Later")
    way.products.items[way.id(1)].live = None
    told = way.command(wanted(way, [1], 5), partial=True)
    assert (told.code, told.unproven) == (1, {"not_comparable": 1})


def test_by_v1_no_live_copy_can_be_read_and_nothing_is_proven(reconciling):
    way = reconciling(items=3, api="v1")
    way.edit(1, stock=5)
    way.publish(1)
    stage(way, 1, name="Later")
    told = way.command(wanted(way, [1], 5), partial=True)
    assert (told.code, told.unproven) == (1, {"not_comparable": 1})
