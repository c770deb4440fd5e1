"""A job settles and claims in one round trip; what goes wrong in between loses nothing."""

import threading
from dataclasses import replace

import pytest
import redis

from workers.errors import StoreUnavailable
from workers.model.attempts import Wait
from workers.runtime.jobs import Jobs
from workers.store.outbox import balanced
from workers.store.step_library import library

PAIR = ("settle", "claim")


class Woken(list):
    """In the place of RQ: remembers who is to get a job."""

    def wake(self, name):
        self.append(name)


class Rig:
    """A worker's jobs on a way out by single changes, and its round trips to the store."""

    def __init__(self, way):
        self.way, self.trips, self.stop = way, [], threading.Event()
        self.pair, self.before_claim = None, lambda: None
        self.woken = Woken()
        self._run, self._together = way.steps.run, way.steps.run_together
        way.steps.run, way.steps.run_together = self.run, self.run_together
        context = replace(way.context, wakes=self.woken)
        self.jobs = Jobs(context, self.stop, sound=lambda: self.before_claim())

    def run(self, step, *arguments):
        self.trips.append((step,))
        return self._run(step, *arguments)

    def run_together(self, *calls, **options):
        self.trips.append(tuple(step for step, _ in calls))
        if len(calls) > 1 and self.pair:
            return self.pair(*calls)
        return self._together(*calls, **options)

    def deliver(self):
        self.jobs.deliver("site")

    def close(self):
        self.jobs.deliverer.close()
        self.way.steps.run, self.way.steps.run_together = self._run, self._together

    def sent(self):
        return len(self.way.patches())

    def settled(self):
        """Whether all that was accepted is written, and nothing is held."""
        counts = self.way.counts()
        return (
            balanced(counts)
            and counts["pending"] == 0
            and not self.way.store.exists("instep:flight:site")
        )


@pytest.fixture
def rig(open_way):
    """Whose destination takes one item a request."""
    made = Rig(open_way(api="v1", items=40, window=60_000, requests_per_minute=60_000))
    made.way.change(40, stock=1)  # its scripts are loaded
    made.deliver()
    made.way.forget_requests()
    yield made
    made.close()


def test_thirty_changes_after_each_other_take_two_round_trips_each(rig):
    for n in range(1, 31):
        rig.way.change(n, stock=n)
        rig.way.pass_time(1)
        rig.trips.clear()
        rig.deliver()
        assert rig.trips == [("claim",), PAIR]
    assert rig.sent() == 30
    assert rig.settled()


def test_a_burst_takes_one_round_trip_for_each_request(rig):
    for n in range(1, 31):
        rig.way.change(n, stock=n)
    rig.trips.clear()
    rig.deliver()
    assert rig.trips == [("claim",), *[PAIR] * 30]
    assert rig.sent() == 30
    assert rig.settled()


def stopped(rig):
    rig.stop.set()


def weak(_):
    raise StoreUnavailable("weak")


@pytest.mark.parametrize("end", [stopped, weak])
def test_a_job_that_is_to_end_settles_and_claims_nothing(rig, end):
    rig.way.change(1, stock=1)
    rig.way.change(2, stock=2)
    asked = []

    def before_claim():
        asked.append(1)
        if len(asked) > 1 or rig.stop.is_set():
            end(rig)

    rig.before_claim = before_claim
    if end is stopped:
        rig.jobs.hand_over = lambda _: rig.stop.set()  # while its request is on its way
        rig.deliver()
    else:
        with pytest.raises(StoreUnavailable):
            rig.deliver()
    assert rig.sent() == 1
    assert rig.trips[-1] == ("settle",)
    assert not rig.way.store.exists("instep:flight:site")


def test_a_stop_after_the_claim_has_its_request_sent(rig):
    rig.way.change(1, stock=1)
    rig.way.change(2, stock=2)

    def then_stop(*calls):
        rig.pair = None
        answers = rig.run_together(*calls)
        rig.stop.set()
        return answers

    rig.pair = then_stop
    rig.deliver()
    assert rig.sent() == 2
    assert rig.settled()


def test_a_process_that_dies_after_it_has_claimed_loses_nothing(rig):
    rig.way.change(1, stock=1)
    rig.way.change(2, stock=2)
    site = rig.way.settings.destinations["site"]
    left = rig.jobs.deliverer.step(site, flights=1, more=lambda _: None, goes_on=lambda: True)
    assert left is not None
    assert not isinstance(left, Wait)
    assert rig.way.context.outbox.claim(site, flights=1).reason == "flight"
    rig.way.pass_time(31)
    rig.deliver()
    assert rig.sent() == 2
    assert rig.settled()


def test_what_was_claimed_is_sent_though_the_store_did_not_settle(rig):
    rig.way.change(1, stock=1)
    rig.way.change(2, stock=2)

    def refuse(_, claim):
        rig.pair = None
        return [redis.ResponseError("no"), *rig.run_together(claim)]

    rig.pair = refuse
    with pytest.raises(StoreUnavailable):
        rig.deliver()
    assert rig.sent() == 2
    assert rig.way.counts()["written"] == 2
    rig.way.pass_time(31)
    rig.deliver()
    assert rig.settled()


def test_an_answer_that_was_lost_is_asked_for_again(rig):
    rig.way.change(1, stock=1)
    rig.way.change(2, stock=2)

    def lose(*calls):
        rig.pair = None
        rig.run_together(*calls)
        raise StoreUnavailable("timed out")

    rig.pair = lose
    rig.deliver()
    assert rig.sent() == 2
    assert rig.settled()


def test_a_store_that_has_lost_its_functions_meanwhile_gets_them(rig):
    rig.way.change(1, stock=1)
    rig.way.change(2, stock=2)

    def flush(*calls):
        rig.pair = None
        rig.way.store.function_flush()
        return rig.run_together(*calls)

    rig.pair = flush
    rig.deliver()
    assert rig.sent() == 2
    assert rig.settled()


def test_a_claim_that_came_before_what_it_was_to_follow_is_asked_anew(rig):
    rig.way.change(1, stock=1)
    rig.way.change(2, stock=2)

    def flush(settle, claim):
        """Another process has loaded the functions in between."""
        rig.pair = None
        rig.way.store.function_flush()
        settled = rig.run_together(settle)
        rig.way.store.function_load(library().functions)
        return settled + rig.run_together(claim)

    rig.jobs._flights = lambda: (1, 1)  # so that the claim finds the one before on its way
    rig.pair = flush
    rig.deliver()
    assert rig.sent() == 2
    assert rig.settled()
