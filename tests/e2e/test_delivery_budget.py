"""One budget per token: never above the ceiling, shared, and learned from the answers."""

from bisect import bisect_right
from itertools import pairwise

from tests.support.depth import depth

MINUTE = 60.0
MANY = depth(70, 100)  # more than a minute takes, so that requests wait


def most_in_a_minute(requests):
    """The largest number of requests in any 60 s."""
    times = sorted(request.at for request in requests)
    return max(bisect_right(times, start + MINUTE) - n for n, start in enumerate(times))


def test_no_minute_holds_more_requests_than_the_ceiling(open_way):
    way = open_way(api="v1", items=MANY, linger=0)
    for round in range(2):
        for n in range(1, MANY + 1):
            way.change(n, stock=1000 + MANY * round + n)
        way.run()
        way.pass_time(37)
    assert len(way.patches()) == 2 * MANY
    assert most_in_a_minute(way.requests) <= 60
    assert way.site.calls.statuses[429] == 0


def test_an_idle_destination_sends_at_once(open_way):
    way = open_way(api="v1")
    for n in range(1, 6):
        way.change(n, stock=n)
    began = way.moved()
    way.run(0.5)
    assert len(way.requests) == 5
    assert way.moved() == began  # none has waited, however long this machine takes for them


def test_the_ceiling_is_used(open_way):
    way = open_way(api="v1", items=MANY)
    for n in range(1, MANY + 1):
        way.change(n, stock=n)
    began = way.now()
    way.run()
    assert way.now() - began < MANY + 10


def test_the_edge_of_a_window_holds_up_nothing(open_way, api):
    count = depth(75, 120)  # one edge or two
    way = open_way(api=api, items=count, linger=0)
    for n in range(1, count + 1):
        way.change(n, stock=n)
        way.run(1.2)
    assert way.shown("stock", range(1, count + 1)) == list(range(1, count + 1))
    times = [request.at for request in way.patches()]
    assert max(later - earlier for earlier, later in pairwise(times)) < 5


def test_two_destinations_with_one_token_share_the_budget(open_way, api):
    way = open_way(api=api, by="key", linger=0, more={"shop": {}})
    for round in range(depth(25, 40)):
        for n in (1, 2):
            way.change(f"P-{n:04d}", stock=100 + round)
            way.change(f"P-{n:04d}", stock=100 + round, collection="shop")
        way.run(1)
    way.run()
    assert most_in_a_minute(way.requests) <= 60
    assert way.site.calls.statuses[429] == 0
    assert way.counts("pending") == (0,)
    calls = way.context.report.status()["destinations"]
    assert calls["site"]["calls"] + calls["shop"]["calls"] == len(way.requests)
    assert min(calls["site"]["calls"], calls["shop"]["calls"]) > len(way.requests) / 3


def test_a_lower_limit_is_learned_from_the_headers(open_way):
    way = open_way(api="v1", items=MANY, window=30, requests_per_minute=120)
    for n in range(1, MANY + 1):
        way.change(n, stock=n)
    way.run()
    assert most_in_a_minute(way.requests) <= 31
    assert way.site.calls.statuses[429] <= 1
    assert way.counts("written") == (MANY,)


def test_a_second_consumer_of_the_token_costs_a_refusal_or_two(open_way):
    way = open_way(api="v1", items=MANY)
    way.site.tokens.hide(30)
    for round in range(2):
        for n in range(1, MANY + 1):
            way.change(n, stock=1000 + MANY * round + n)
        way.run()
    assert way.counts("pending") == (0,)
    assert way.site.calls.statuses[429] <= 2


def test_waiting_for_the_budget_shows_and_is_no_attempt(open_way):
    # A budget that a slow machine uses up as well, before a minute of it is over.
    way = open_way(api="v1", items=15, requests_per_minute=10)
    for n in range(1, 16):
        way.change(n, stock=n)
    way.run(20)
    way.run(0)
    assert way.state()[0] == "waiting"
    assert len(way.requests) < 15
    assert all(way.meta(n, "attempts") is None for n in range(1, 16))


def test_a_busy_destination_fills_its_batches(open_way):
    way = open_way(items=100)
    for n in range(1, 101):
        way.change(n, stock=n)
        way.run(0.05)
    way.run()
    assert way.shown("stock", range(1, 101)) == list(range(1, 101))
    assert len(way.requests) <= 8


def test_without_lingering_nothing_waits(open_way):
    way = open_way(items=100, linger=0)
    for n in range(1, 6):
        way.change(n, stock=n)
        way.run(0)
    assert len(way.requests) == 5
