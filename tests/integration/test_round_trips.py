"""Calls of several fibers share a round trip, and each keeps its own answer or error."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from tests.support.fiber_thread import FiberThread
from tests.support.outbox_driver import Bench, bad, event, settings
from tests.support.store_clients import eventually
from workers.errors import StoreFull, StoreUnavailable
from workers.model.changes import Delivery
from workers.store import slicing
from workers.store.outbox import CHEAP, SHORT, Outbox
from workers.store.round_trips import AT_ONCE, MOST
from workers.store.scripts import Steps

HELD = 10.0  # s at most
MANY = slicing.MOST // slicing.CHANGE  # events that are accepted in slices


class Trips(Steps):
    """Holds each of the first round trips until it is told, and counts the calls of each."""

    def __init__(self, client):
        super().__init__(client)
        self.counts, self.fault = [], None
        self.held = [threading.Event() for _ in range(AT_ONCE)]

    def run(self, step, request, *more):
        self._hold(1)
        return super().run(step, request, *more)

    def run_in_order(self, step, calls):
        self._hold(len(calls))
        if self.fault:
            raise self.fault
        return super().run_in_order(step, calls)

    def _hold(self, count):
        number = len(self.counts)
        self.counts.append(count)
        if number < AT_ONCE:
            assert self.held[number].wait(HELD)


class Door:
    """Hands deliveries over in fibers, while the first round trips are held."""

    def __init__(self, client):
        self.steps = Trips(client)
        self.outbox = Outbox(self.steps, settings())
        self._fibers = FiberThread()
        self._given = []

    def give(self, *deliveries):
        """Hand over *deliveries*, each once the one before it waits."""
        trips = self.outbox._trips
        for delivery in deliveries:
            before = len(trips._waiting) + len(self.steps.counts)
            self._given.append(self.give_freely(delivery))
            eventually(lambda n=before: len(trips._waiting) + len(self.steps.counts) > n)

    def give_freely(self, delivery):
        """Hand over *delivery*, or the arguments of a call."""
        if isinstance(delivery, Delivery):
            return self._fibers.submit(self.outbox.accept, delivery)
        return self._fibers.submit(self.outbox._trips.run, *delivery)

    def results(self):
        """Let the round trips go on, the first one first; return what became of each delivery."""
        first, *others = self.steps.held
        first.set()
        eventually(lambda: not self.outbox._trips._waiting or len(self.steps.counts) > AT_ONCE)
        for held in others:
            held.set()
        return [given.exception(HELD) or given.result() for given in self._given]

    def close(self):
        for held in self.steps.held:
            held.set()


@pytest.fixture
def door(store):
    door = Door(store)
    yield door
    door.close()


def delivery(number, *events, body=b"{}"):
    events = events or (event(f"i{number}", {"stock": number}, id=f"E{number}"),)
    return Delivery("erp", f"token {number}", events, body)


def call(**parts):
    """The arguments of a call with something wrong in them."""
    made = Outbox(Steps(redis.Redis()), settings())._call(delivery(50)).arguments
    return (made[0] | parts, *made[1:])


FIRST = [delivery(number) for number in range(AT_ONCE)]


def test_what_comes_meanwhile_goes_in_one_round_trip(store, door):
    door.give(*FIRST, *(delivery(number) for number in range(10, 10 + MOST + 1)))
    found = door.results()
    assert sorted(door.steps.counts) == [1] * (AT_ONCE + 1) + [MOST]
    assert [(each.outcome, each.accepted) for each in found] == [("kept", 1)] * len(found)
    bench = Bench(store)
    assert [bench.value(f"i{number}") for number in (0, 10, 26)] == [0, 10, 26]


def test_each_has_its_own_answer(door):
    again = delivery(13, event("i12", {"stock": 12}, id="E12"))
    door.give(*FIRST, delivery(12), again, delivery(11, bad(id="B")))
    found = door.results()[AT_ONCE:]
    assert [(each.accepted, each.letters) for each in found] == [(1, 0), (0, 0), (0, 1)]
    assert [each.outcome for each in found] == ["kept", "duplicate", "kept"]


def test_what_the_store_refuses_takes_none_along(door):
    door.give(*FIRST, call(events=[{}]), delivery(12))
    wrong, right = door.results()[AT_ONCE:]
    assert isinstance(wrong, StoreUnavailable)
    assert right.accepted == 1


def test_what_cannot_be_sent_takes_none_along(door):
    door.give(*FIRST, delivery(11), call(source="\ud800"), delivery(12))
    one, unsent, other = door.results()[AT_ONCE:]
    assert isinstance(unsent, UnicodeEncodeError)
    assert one.accepted == other.accepted == 1


def test_a_store_that_was_started_anew_meanwhile_learns_the_step_again(store, door):
    door.give(*FIRST, *(delivery(number) for number in range(10, 15)))
    store.function_flush()
    assert [each.accepted for each in door.results()] == [1] * (AT_ONCE + 5)


def test_a_full_store_refuses_each(store, door):
    door.give(*FIRST, *(delivery(number) for number in range(10, 15)))
    # One that is set back at once: `check_room` would refuse them before.
    store.config_set("maxmemory", 1)
    try:
        found = door.results()
    finally:
        store.config_set("maxmemory", 0)
    assert [type(each) for each in found] == [StoreFull] * (AT_ONCE + 5)


def test_a_store_that_does_not_answer_leaves_the_outcome_of_each_unknown(door):
    door.steps.fault = StoreUnavailable("no answer")
    door.give(*FIRST, *(delivery(number) for number in range(10, 15)))
    *_, one, other = door.results()
    assert str(one) == str(other) == "no answer"
    assert one is not other  # each is raised in a thread of its own
    door.steps.fault = None
    assert door.outbox.accept(delivery(20)).accepted == 1
    assert door.outbox.accept(delivery(10)).accepted == 1


def test_a_round_trip_that_ends_unexpectedly_holds_nobody_up(door):
    door.steps.fault = SystemExit()
    door.give(*FIRST, *(delivery(number) for number in range(10, 13)))
    assert [each.accepted for each in door.results()[AT_ONCE:]] == [1, 1, 1]
    door.steps.fault = None
    assert door.give_freely(delivery(20)).result(HELD).accepted == 1


def test_a_thread_of_its_own_waits_for_nobody(door):
    door.give(*FIRST)
    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(door.outbox.accept, delivery(10)).result(HELD).accepted == 1


@pytest.mark.parametrize(
    "large",
    [
        delivery(11, body=b"x" * (SHORT + 1)),
        delivery(11, event("i11", {f"f{n}": n for n in range(CHEAP)}, id="E11")),
    ],
    ids=["body", "fields"],
)
def test_a_delivery_that_takes_the_store_longer_waits_for_nobody(door, large):
    door.give(*FIRST)
    assert door.give_freely(large).result(HELD).accepted
    assert sum(door.steps.counts) == AT_ONCE + 1


@pytest.mark.parametrize(
    "large",
    [
        delivery(11, body=b"x" * (SHORT + 1)),
        delivery(11, *(event(f"i{n}", {"stock": n}, id=f"E{n}") for n in range(MANY))),
    ],
    ids=["body", "sliced"],
)
def test_a_delivery_that_takes_the_store_longer_holds_up_no_other(door, large):
    given = door.give_freely(large)
    eventually(lambda: door.steps.counts)
    door.give(delivery(1))
    assert not given.done()
    door.results()
    assert given.result(HELD).outcome == "kept"


@pytest.mark.parametrize("under_way", [0, 1])
def test_where_no_thread_can_begin_no_later_call_is_held_up(door, monkeypatch, under_way):
    door.give(*FIRST[:under_way])
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", no_thread)
        refused = door.give_freely(delivery(10))
        eventually(lambda: refused.done() or door.outbox._trips._waiting)
    later = door.give_freely(delivery(11))
    for held in door.steps.held:
        held.set()
    assert later.result(HELD).accepted == 1
    assert (refused.exception(HELD) is None) == bool(under_way)


def no_thread(_):
    raise RuntimeError("can't start new thread")
