"""The outbox against its reference: histories at random, and what must hold after each step."""

import os

import pytest
import redis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tests.support.depth import depth
from tests.support.outbox_invariants import check_quiet, check_store
from tests.support.outbox_network import Flight
from tests.support.outbox_play import Play
from tests.support.outbox_undoing import undo
from workers.store import claims

# Few values, versions and ids, so that they meet; versions: times, sequences, arrivals.
NUMBERS = {"stock": [1, 2, 3, "held", "first"], "price": [1, 2, 3, "held"], "name": [None]}
SLUGS = [("stock",), ("stock",), ("name",), ("stock", "price"), ("stock", "price", "name")]
FIELDS = st.sampled_from(SLUGS).flatmap(
    lambda slugs: st.fixed_dictionaries(
        {slug: st.tuples(st.integers(0, 1), st.sampled_from(NUMBERS[slug])) for slug in slugs}
    )
)
EVENTS = st.lists(
    st.tuples(
        st.sampled_from([None, None, "e1", "e2", "e3"]),
        st.sampled_from(["i1", "i1", "i1", "i2", "ghost"]),
        FIELDS,
    ),
    min_size=1,
    max_size=2,
)
SOURCES = st.sampled_from(["erp", "shop"])
MODES = st.sampled_from(["live", "live", "live", "reconcile"])
APPLIED = ("success", "success, then no answer")
OUTCOMES = st.sampled_from([*APPLIED, "no answer", "refused", "error", "missing", "give back"])
AGAIN = st.booleans()
PICK = st.integers(0, 3)
SECONDS = st.sampled_from([0.3, 2, 16, 31, 31, 61, 76, 331])
HOUR = 3600
CLOCKS = (-5 * HOUR, -200, -45, 45, 2 * HOUR)  # s by which the store's clock is set


class Machine(RuleBasedStateMachine):
    """
    Any flight is named by a number, modulo how many there are. No rule has a precondition: which
    flights there are depends on the real clock too, and what is drawn must not.
    """

    client: redis.Redis
    patch: pytest.MonkeyPatch

    @initialize(
        missing=st.sampled_from(["dead-letter", "ignore"]),
        known=st.sampled_from([True, True, False]),
        most=st.sampled_from([claims.MOST, claims.MOST, 1]),
    )
    def start(self, missing, known, most):
        self.client.flushall()
        self.patch.setattr(claims, "MOST", most)  # 1: each item takes a step of its own
        self.play = Play(self.client, missing=missing)
        if known:  # so that not every history begins with a look-up
            self.play.accept("erp", "live", [(None, "i1", {"stock": (0, 0)})])
            self.play.claim()

    @rule(source=SOURCES, mode=MODES, events=EVENTS, again=AGAIN)
    def accept(self, source, mode, events, again):
        self.play.accept(source, mode, events, again=again)

    @rule()
    def rest(self):
        self.play.bench.pack()

    @rule(number=st.integers(0, 20))
    def echo(self, number):
        """A webhook of the CMS, of any of our requests so far: late, twice, in any order."""
        self.play.echo(-1 - number)

    @rule(number=st.integers(0, 20))
    def deliver_again(self, number):
        if deliveries := self.play.deliveries:
            self.play.accept(*deliveries[number % len(deliveries)])

    @rule(number=st.integers(0, 20), again=AGAIN)
    def undo(self, number, again):
        undo(self.play, number, again=again)

    @rule(outcome=OUTCOMES, pick=PICK, again=AGAIN)
    def attempt(self, outcome, pick, again):
        """A whole attempt."""
        if flight := self._sent(again=again):
            self._answer(flight, outcome, pick, again=again)

    @rule(events=EVENTS, outcome=OUTCOMES, pick=PICK)
    def overtake(self, events, outcome, pick):
        """A delivery comes while a request is on its way."""
        flight = self._sent()
        self.play.accept("erp", "live", events)
        if flight:
            self._answer(flight, outcome, pick)

    @rule(seconds=SECONDS, outcome=OUTCOMES, late=OUTCOMES, pick=PICK)
    def lose(self, seconds, outcome, late, pick):
        """A worker is slow: another one tries the item before it settles."""
        slow = self._sent()
        self.play.pass_time(seconds)
        if flight := self._sent():
            self._answer(flight, outcome, pick)
        if slow and not slow.settled:
            self._answer(slow, late, pick)

    @rule(events=EVENTS, outcome=OUTCOMES, settle=AGAIN, pick=PICK)
    def linger_in_the_air(self, events, outcome, settle, pick):
        """A request lands at the last moment, after the next one was answered."""
        slow = self._sent()
        if slow and settle:
            self.play.answer(slow, "no answer", pick=0)
        self.play.accept("erp", "live", events)
        self.play.pass_time(31)
        if flight := self._sent():
            self._answer(flight, outcome, pick)
        if slow and slow.aloft:
            self.play.land_late(slow)

    def _sent(self, *, again=False):
        """Claim and send; None: there was no batch."""
        flight = self.play.claim(again=again)
        if not isinstance(flight, Flight):
            return None
        self.play.send(flight)
        return flight

    def _answer(self, flight, outcome, pick, *, again=False):
        if outcome in APPLIED and flight.aloft:
            self.play.land(flight)
        self.play.answer(flight, outcome, pick=pick, again=again)

    @rule(do=st.sampled_from(["claim", "failed", "lost"]), again=AGAIN)
    def begin(self, do, again):
        """A claim that nothing is done with yet, or a look-up that fails."""
        self.play.claim(again=again, page="whole" if do == "claim" else do)

    @rule(number=PICK, do=st.sampled_from(["send", "land", "land late", "drop", "die"]), pick=PICK)
    def go_on(self, number, do, pick):
        flight = self._flight(number)
        if not flight:
            return
        if do == "die":
            flight.settled = True  # nobody settles; what was sent may still land
        elif do == "send" and flight.sent is None and not flight.over:
            self.play.send(flight)
        elif flight.aloft:
            self._go_on_in_the_air(flight, do, pick)

    def _go_on_in_the_air(self, flight, do, pick):
        if do == "land":
            self.play.land(flight)
        elif do == "land late":
            self.play.land_late(flight)
        elif do == "drop" and not flight.settled and self.play.network.knows(flight.batch):
            self.play.drop(flight, pick)

    @rule(number=PICK, outcome=OUTCOMES, pick=PICK, again=AGAIN)
    def answer(self, number, outcome, pick, again):
        flight = self._flight(number)
        if flight and not flight.settled:
            self.play.answer(flight, outcome, pick=pick, again=again)

    def _flight(self, number):
        self.play.network.tick(self.play.now)
        flights = self.play.open_flights()
        return flights[number % len(flights)] if flights else None

    @rule(seconds=SECONDS)
    def pass_time(self, seconds):
        self.play.pass_time(seconds)

    @rule(name=st.sampled_from(["source:erp", "source:shop", "lane:live", "lane:reconcile"]))
    def pause_or_resume(self, name):
        self.play.turn(name)

    @rule(number=PICK, act=st.sampled_from(["replay", "replay", "discard"]), again=AGAIN)
    def use_letter(self, number, act, again):
        if letters := self.play.bench.letters():
            self.play.letter(letters[number % len(letters)]["id"], act, again=again)

    @rule(do=st.sampled_from(["sweep", "create", "delete", *CLOCKS]), land=AGAIN)
    def disturb(self, do, land):
        items = self.play.network.items
        if do in CLOCKS and abs(self.play.jumped / 1000 + do) <= 6 * HOUR:
            self.play.jump(do, land=land)
        if do == "sweep":
            self.play.bench.sweep()
        elif do == "create" and "ghost" not in items:
            self.play.network.create("ghost")
        elif do == "delete" and "i2" in items:
            self.play.network.delete("i2")
            self.play.gone.add("i2")

    @invariant()
    def holds(self):
        if hasattr(self, "play"):
            check_store(self.client, self.play.bench.outbox, self.play.reference)

    def teardown(self):
        if not hasattr(self, "play"):
            return
        play = self.play
        play.settle_down(land=len(play.deliveries) % 2 == 0)
        check_store(self.client, play.bench.outbox, play.reference)
        check_quiet(self.client, play.network, play.reference, play.gone)


def test_any_history_ends_with_the_newest_values_and_every_value_counted_once(store, monkeypatch):
    # MODEL_EXAMPLES: how many histories; a failure prints how to play it again.
    Machine.client, Machine.patch = store, monkeypatch
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=int(os.environ.get("MODEL_EXAMPLES", depth(20, 250))),
            stateful_step_count=40,
            deadline=None,
            derandomize=bool(os.environ.get("CI")),
            print_blob=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.fixture
def play(store):
    play = Play(store, missing="dead-letter")
    yield play
    play.settle_down(land=True)
    check_store(store, play.bench.outbox, play.reference)


VERSIONED, UNVERSIONED = {"stock": (0, 1)}, {"name": (0, None)}
NEWER = {"stock": (1, 2), "name": (1, None)}


def test_a_clock_that_was_two_hours_ahead_may_end_the_hour_of_an_id(play):
    play.accept("erp", "live", [("e1", "i1", VERSIONED)])
    play.jump(2 * HOUR, land=True)
    play.jump(-5 * HOUR, land=True)
    assert play.accept("erp", "live", [("e1", "i1", NEWER)]) == "kept"


def test_a_clock_that_was_two_hours_ahead_ends_no_window_of_a_day(play):
    play.accept("erp", "live", [("e1", "i1", UNVERSIONED)])
    play.jump(2 * HOUR, land=True)
    play.jump(-5 * HOUR, land=True)
    assert play.accept("erp", "live", [("e1", "i1", NEWER)]) == "duplicate"


def test_a_clock_that_went_back_and_is_put_right_ends_not_even_the_hour_of_an_id(play):
    play.accept("erp", "live", [("e1", "i1", VERSIONED)])
    play.jump(-5 * HOUR, land=True)
    play.jump(2 * HOUR, land=True)
    assert play.accept("erp", "live", [("e1", "i1", NEWER)]) == "duplicate"
