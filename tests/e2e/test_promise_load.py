"""
Many events over few items, through the real thing, to a CMS that counts.

--full gives them the size that the promise speaks of.
"""

import random
import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.depth import depth
from tests.support.real_processes import Instep, Load, say, signed, wrong
from tests.support.standin import StandIn, item_id

EVENTS, ITEMS, SECONDS = depth((400, 80, 3.0), (10_000, 1_000, 10.0))
VERSIONED, VERSIONS = depth((16, 16), (200, 50))


@pytest.fixture(scope="module")
def cms():
    cms = StandIn(ITEMS + 2 * VERSIONED)
    cms.delay = 0.1
    yield cms
    cms.close()


@pytest.fixture(scope="module")
def instep(tmp_path_factory, cms):
    """One installation; each test has events and items of its own."""
    instep = Instep(tmp_path_factory.mktemp("load"), cms, processes=depth(1, 2))
    instep.up()
    yield instep
    instep.close()


def stock(number, at, item, quantity):
    data = {"item_id": item, "qty": quantity}
    return {"id": f"{item}-{number}", "type": "stock.changed", "at": at, "data": data}


def duplicates(instep):
    return instep.status()["sources"]["erp"]["duplicates"]


def shown(quantity):
    return {"stock": quantity, "in-stock": quantity > 0}


def test_a_burst_of_stock_events_takes_few_calls_and_ends_right(cms, instep):
    chosen, before = random.Random(5), len(cms.calls())  # noqa: S311  # no secret
    weights = [1 / rank for rank in range(1, ITEMS + 1)]
    begin = int(time.time() * 1000) - EVENTS
    truth, whole = {}, []
    for number, place in enumerate(chosen.choices(range(ITEMS), weights, k=EVENTS)):
        quantity, item = chosen.randrange(500), item_id(place)
        truth[item] = shown(quantity)
        whole.append(signed(stock(number, begin + number, item, quantity)))
    load = Load(instep, whole, rate=EVENTS / SECONDS)
    took = load.join()
    status = instep.settled(60)
    calls, last = cms.calls()[before:], max(done for _, done in load.acks)
    say(f"{EVENTS / took:.0f} acks/s, {len(calls)} calls, last {calls[-1].at - last:.1f} s after")
    assert wrong(cms, truth) == {}
    assert cms.calls(status=429) == []
    # A machine too busy to send within the time gives the budget longer to be spent.
    assert len(calls) <= 30 + max(0.0, took - SECONDS)
    assert calls[-1].at - last < 30
    assert status["dead_letters"] == 0


def test_versions_in_any_order_and_doubled_end_at_the_newest(cms, instep):
    chosen, before = random.Random(6), duplicates(instep)  # noqa: S311
    begin, number, payloads, truth = int(time.time() * 1000) - 100_000, 0, [], {}
    for item in map(item_id, range(ITEMS, ITEMS + VERSIONED)):
        for version in range(VERSIONS):
            quantity, number = chosen.randrange(500), number + 1
            payloads.append(stock(number, begin + version * 7, item, quantity))
        truth[item] = shown(quantity)
    payloads += chosen.sample(payloads, len(payloads) // 10)
    chosen.shuffle(payloads)
    Load(instep, payloads).join()
    instep.settled(90)
    assert wrong(cms, truth) == {}
    assert duplicates(instep) - before >= len(payloads) // 11
    assert cms.calls(status=429) == []


def test_of_equal_times_the_later_delivery_shows(cms, instep):
    chosen = random.Random(7)  # noqa: S311
    begin, lanes, truth, number = datetime.now(UTC) - timedelta(hours=1), [], {}, 0
    for item in map(item_id, range(ITEMS + VERSIONED, ITEMS + 2 * VERSIONED)):
        lane, newest = [], None
        for _ in range(VERSIONS):
            quantity, number = chosen.randrange(500), number + 1
            at = begin + timedelta(seconds=chosen.randrange(VERSIONS // 4))
            lane.append(stock(number, at.strftime("%Y-%m-%dT%H:%M:%SZ"), item, quantity))
            if newest is None or lane[-1]["at"] >= newest:
                newest, truth[item] = lane[-1]["at"], shown(quantity)
        # A repeat of what has been sent is no later delivery.
        for place in sorted(chosen.sample(range(VERSIONS), VERSIONS // 10)):
            lane.insert(chosen.randrange(place + 1, len(lane) + 1), lane[place])
        lanes.append(lane)
    # "Later" is defined within an item only: one thread sends the events of one item in turn.
    for turn in range(0, len(lanes), 8):
        loads = [Load(instep, lane, threads=1) for lane in lanes[turn : turn + 8]]
        for load in loads:
            load.join()
    instep.settled(90)
    assert wrong(cms, truth) == {}
