"""A CMS that fails: it shows as an outage, kills nothing, and ends by itself."""

from itertools import product

import pytest

from tests.support.depth import depth, some

MINUTES = 60.0
ITEMS = 120  # more than one request of v2 takes
GETS = ["good", "bad"]
GIVE_UP = depth(0.25, 1.0)  # hours


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_three_failures_open_the_breaker_and_delivery_resumes_by_itself(way, status):
    way.down(status, seconds=90, retry_after=2)
    for n in range(1, 6):
        way.change(n, stock=n)
    way.run(40)
    assert way.state()[0] == "outage"
    assert str(status) in way.state()[1]
    assert len(way.patches()) <= 3 + 40 / 5
    way.run()
    assert way.shown("stock", range(1, 6)) == [1, 2, 3, 4, 5]
    assert way.counts("written", "dead") == (5, 0)
    assert way.state() == ("flowing", "")


@pytest.mark.parametrize("fault", ["timeout-before", "reset-before"])
def test_no_answer_is_an_outage_too(way, fault):
    way.fault(fault, seconds=90, delay=0)
    for n in range(1, 6):
        way.change(n, stock=n)
    way.run(40)
    assert way.state()[0] == "outage"
    way.run()
    assert way.shown("stock", range(1, 6)) == [1, 2, 3, 4, 5]
    assert way.counts("written", "dead") == (5, 0)


def test_a_cms_that_takes_no_connection_is_an_outage_too(way):
    address = way.settings.destinations["site"].base_url
    way.begin(base_url="http://127.0.0.1:9")
    way.change(1, stock=1)
    way.run(40)
    assert way.state()[0] == "outage"
    assert way.counts("pending") == (1,)
    assert way.field(1).get("m") is None
    way.begin(base_url=address)
    way.run()
    assert way.live(1)["stock"] == 1


@pytest.mark.parametrize(("api", "gets"), some(product(("v2", "v1"), GETS), 3))
def test_twenty_minutes_of_500_kill_nothing_and_cost_little_afterwards(open_way, api, gets):
    way = open_way(api=api, items=ITEMS, attempts=3)
    match = {} if gets == "good" else {"method": None}
    way.down(500, seconds=20 * MINUTES, match=match)
    for n in range(1, ITEMS + 1):
        way.change(n, stock=n)
    way.run(20 * MINUTES)
    assert way.counts("pending", "dead") == (ITEMS, 0)
    assert all(way.meta(n, "attempts") is None for n in range(1, ITEMS + 1))
    assert way.state()[0] == "outage"
    during = len(way.requests)
    assert during < 130
    way.forget_requests()
    way.run()
    assert way.shown("stock", range(1, ITEMS + 1)) == list(range(1, ITEMS + 1))
    assert way.counts("written", "dead") == (ITEMS, 0)
    assert len(way.requests) <= (8 if api == "v2" else ITEMS + 2)


@pytest.mark.parametrize(("api", "gets"), some(product(("v2", "v1"), GETS), 3))
def test_keys_that_came_during_an_outage_are_looked_up_after_it(open_way, api, gets):
    way = open_way(api=api, by="key", attempts=3)
    way.change(1, stock=0)
    way.run()
    way.down(500, seconds=20 * MINUTES, match={} if gets == "good" else {"method": None})
    for n in range(1, 6):
        way.change(n, stock=n)
    way.run(20 * MINUTES)
    assert way.counts("pending", "dead") == (5, 0)
    way.run()
    assert way.shown("stock", range(1, 6)) == [1, 2, 3, 4, 5]
    assert len(way.requests) < 150


def test_an_outage_says_since_when_something_waits(way):
    way.down(500, seconds=10 * MINUTES)
    way.change(1, stock=1)
    way.run(5 * MINUTES)
    held = way.context.report.status()["collections"]["products"]
    assert held["pending_items"] == 1
    assert 290 < held["oldest_seconds"] < 310


def test_events_by_item_id_flow_while_every_get_fails(way):
    way.down(500, match={"method": "GET"})
    way.down(500, seconds=30)
    way.change(1, stock=1)
    way.run(25)
    assert way.state()[0] == "outage"
    way.run(60)
    assert way.live(1)["stock"] == 1
    way.change(2, stock=2)
    way.run(5)
    assert way.live(2)["stock"] == 2


def test_failing_listings_do_not_stop_what_needs_none(open_way, api):
    way = open_way(api=api, by="key")
    way.change(1, stock=1)
    way.run()
    way.down(500, match={"method": "GET"})
    way.change(2, stock=2)
    way.run(5)
    for stock in range(10, 14):
        way.change(1, stock=stock)
        way.run(40)
        assert way.live(1)["stock"] == stock
    assert len(way.gets()) < 60
    way.mend()
    way.run(60)
    assert way.live(2)["stock"] == 2


def test_a_poisoned_item_does_not_hold_up_the_others_and_dies_alone(open_way, api):
    items = depth(20 if api == "v2" else 10, 40)
    way = open_way(api=api, items=items, attempts=4)
    way.down(500, match=way.of(7))
    others = [n for n in range(1, items + 1) if n != 7]
    way.change(7, stock=1)
    for round in range(depth(8, 12)):
        for n in others:
            way.change(n, stock=100 * round + n)
        way.run(300)
        assert way.shown("stock", others) == [100 * round + n for n in others]
    (letter,) = way.letters()
    assert (letter.kind, letter.item, letter.status) == ("exhausted", way.id(7), 500)
    assert letter.attempts == 4


def test_an_item_that_fails_alone_dies_only_after_give_up_hours(open_way, api):
    way = open_way(api=api, give_up_hours=GIVE_UP)
    way.down(500, match=way.of(1))
    way.change(1, stock=1)
    way.run(50 * MINUTES * GIVE_UP)
    assert way.counts("pending") == (1,)
    way.run(20 * MINUTES)
    (letter,) = way.letters()
    assert letter.kind == "exhausted"


def test_an_item_that_fails_alone_lives_while_probes_are_bad(open_way, api):
    way = open_way(api=api, give_up_hours=GIVE_UP)
    way.down(500, match={"method": None}, seconds=80 * MINUTES * GIVE_UP)
    way.change(1, stock=1)
    way.run(75 * MINUTES * GIVE_UP)
    assert way.counts("dead", "pending") == (0, 1)
    way.run()
    assert way.live(1)["stock"] == 1


def test_new_items_get_through_beside_a_poisoned_one(open_way, api):
    way = open_way(api=api)
    way.down(500, match=way.of(1))
    way.change(1, stock=1)
    way.run(10 * MINUTES)
    for n in range(2, 5):
        way.change(n, stock=n)
        way.run(35)
        assert way.live(n)["stock"] == n
        way.run(300)
