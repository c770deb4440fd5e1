"""A mass of deletes where no listing has shown how many items there are: the CMS is asked once."""

import pytest

from tests.support.delivery_rig import Way
from tests.support.locale_rig import add_variant, localize
from workers.config.settings import Guard
from workers.model.attempts import Wait

DELAY, DAY = 60, 86_400


@pytest.fixture
def opened(store):
    ways = []

    def open(items=12, guard=None, **options):
        guard = {"guard": Guard(**{"delay": DELAY, **(guard or {})})}
        ways.append(Way(store, items=items, collection=guard, **options))
        return ways[-1]

    yield open
    for way in ways:
        way.check()
        way.close()


def retire(way, *numbers, way_of="archive"):
    for n in numbers:
        way.retire(n, way_of, version=9)


def go_by(way, seconds=DELAY + 1):
    """Let the delay end; deletes are decided on as soon as it is known how many items there are."""
    way.pass_time(seconds)
    for _ in range(6):
        way.context.outbox.sweep()
        while not isinstance(wait := way.step(), Wait):
            pass
        way.pass_time(min(wait.seconds or 0, 5) + 0.001)


def failing(way, status, times=None):
    way.fault("status", times=times, status=status, match={"method": "GET"})


def counted(way):
    """The GETs that asked for the number of items."""
    return [r for r in way.requests if r.query.get("limit") == "1"]


def gone(way, numbers=range(1, 13)):
    return [n for n in numbers if way.products.items[way.id(n)].staged.archived]


def waits(way):
    return way.context.held_deletes.count()["products"]


@pytest.mark.parametrize("options", [{"by": "item"}, {"by": "key"}], ids=["item", "key"])
def test_nine_of_twelve_are_held(opened, options):
    way = opened(**options)
    retire(way, *range(1, 10))
    go_by(way)
    assert (waits(way), gone(way), len(counted(way))) == (9, [], 1)
    assert way.context.held_deletes.list()[0].reason == (
        "9 of 12 items would be retired within 24 h: half of the collection or more"
    )


def test_variants_of_other_locales_are_no_items_of_their_own(opened):
    way = opened(by="item")
    localize(way, "en", "de")
    way.configure(locales="all")
    for n in range(1, 7):
        add_variant(way, n)
    retire(way, *range(1, 7))  # half of 12, a third of 18
    go_by(way)
    assert (waits(way), gone(way), len(counted(way))) == (6, [], 1)


def test_by_v1_too(opened):
    way = opened(api="v1", by="item")
    retire(way, *range(1, 10))
    go_by(way)
    assert (waits(way), gone(way), len(counted(way))) == (9, [], 1)


def test_two_on_a_quiet_day_take_no_call(opened):
    way = opened(by="item")
    retire(way, 1, 2)
    go_by(way)
    assert (waits(way), gone(way), counted(way)) == (0, [1, 2], [])


def test_few_of_many_go_though_more_than_at_most(opened):
    way = opened(items=100, by="item", guard={"at_most": 3, "percent": 10.0})
    retire(way, *range(1, 10))
    go_by(way)
    assert (waits(way), gone(way, range(1, 12)), len(counted(way))) == (0, list(range(1, 10)), 1)
    retire(way, 10, 11)
    go_by(way)
    assert (waits(way), len(counted(way))) == (2, 1)


def test_the_number_is_asked_for_once_a_day(opened):
    way = opened(items=100, by="item")
    for first in (1, 4):
        retire(way, *range(first, first + 3))
        go_by(way)
    assert (len(gone(way)), len(counted(way))) == (6, 1)
    way.pass_time(DAY)
    retire(way, 7, 8, 9)
    go_by(way)
    assert (len(gone(way)), len(counted(way))) == (9, 2)


def test_what_has_gone_since_the_number_was_told_counts(opened):
    way = opened(items=24, by="item", guard={"at_most": 20, "window": 3600.0})
    retire(way, *range(1, 12))
    go_by(way)
    assert len(gone(way)) == 11
    way.pass_time(2 * 3600)
    retire(way, *range(12, 19))  # of the 13 that are left, 7 are more than half
    go_by(way)
    assert (waits(way), len(counted(way))) == (7, 1)


def test_without_a_delay_the_third_waits_for_the_number(opened):
    way = opened(by="item", guard={"delay": 0.0})
    retire(way, *range(1, 10))
    assert len(way.context.held_deletes.list()) == 7
    go_by(way, 0)
    assert (waits(way), gone(way), len(counted(way))) == (7, [1, 2], 1)


def test_none_goes_while_the_cms_does_not_answer(opened):
    way = opened(by="item")
    failing(way, 503)
    retire(way, *range(1, 10))
    go_by(way)
    go_by(way, 120)
    assert (waits(way), gone(way)) == (0, [])
    assert len(way.context.held_deletes.list()) == 9
    way.site.faults.clear()
    go_by(way, 30)
    go_by(way, 30)
    assert waits(way) == 9


def test_none_goes_while_the_destination_is_paused(opened):
    way = opened(by="item")
    way.context.breaker.pause("destination:site", "for now")
    retire(way, *range(1, 10))
    go_by(way)
    assert (counted(way), len(way.context.held_deletes.list())) == ([], 9)
    way.resume()
    go_by(way)
    assert waits(way) == 9


def test_nor_is_a_paused_collection_asked_about(opened):
    way = opened(by="item")
    way.context.breaker.pause("collection:products", "for now")
    retire(way, *range(1, 10))
    go_by(way)
    assert (counted(way), way.context.outbox.sweep()[0]) == ([], ())


def test_without_a_number_at_most_decides(opened):
    way = opened(by="item")
    failing(way, 400, times=1)
    retire(way, *range(1, 10))
    go_by(way)
    assert (waits(way), len(gone(way)), len(counted(way))) == (0, 9, 1)


def test_a_worker_that_dies_over_it_holds_nothing_up(opened):
    way = opened(by="item")
    retire(way, *range(1, 10))
    way.pass_time(DELAY + 1)
    assert way.context.outbox.sweep()[0] == ("site",)
    lost = way.claim()
    assert lost.kind == "total"
    assert way.claim().seconds is None  # a second worker does not ask too
    go_by(way, 31)
    assert (waits(way), len(counted(way))) == (9, 1)
    way.context.item_totals.postpone(lost)
    way.context.item_totals.keep(way.settings.collections["products"], 12, lost.at)
    assert waits(way) == 9


def test_what_is_dropped_meanwhile_is_not_asked_about(opened):
    way = opened(by="item")
    retire(way, *range(1, 10))
    way.pass_time(DELAY + 1)
    way.context.outbox.sweep()
    named = [(each.record, each.arrival) for each in way.context.held_deletes.list()]
    way.context.held_deletes.drop("products", named, "ada")
    go_by(way)
    assert counted(way) == []


def test_a_number_that_a_run_was_told_is_not_asked_for_again(opened):
    way = opened(by="key")
    products = way.settings.collections["products"]
    way.context.item_totals.keep(products, 12, way.context.item_totals.now_ms())
    assert way.context.item_totals.read(products, 600) == 12
    way.pass_time(601)
    assert way.context.item_totals.read(products, 600) is None
    retire(way, *range(1, 10))
    go_by(way)
    assert (waits(way), counted(way)) == (9, [])
