"""The outbox against its reference: histories at random, and what must hold after each step."""

import os

import redis
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from outbox_invariants import check_quiet, check_store
from outbox_network import Flight
from outbox_play import Play

NUMBERS = {"stock": [1, 2, 3], "price": [1, 2, 3], "name": [None]}
FIELDS = st.lists(st.sampled_from(list(NUMBERS)), min_size=1, max_size=3, unique=True).flatmap(
    lambda slugs: st.fixed_dictionaries(
        {slug: st.tuples(st.integers(0, 2), st.sampled_from(NUMBERS[slug])) for slug in slugs}
    )
)
EVENTS = st.lists(
    st.tuples(
        st.sampled_from([None, "e1", "e2", "e3"]),
        st.sampled_from(["i1", "i1", "i2", "ghost"]),
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
HOUR = 3600
CLOCKS = (-5 * HOUR, -200, -45, 45, 2 * HOUR)  # s by which the store's clock is set


class Machine(RuleBasedStateMachine):
    """Any flight is named by a number, modulo how many there are."""

    client: redis.Redis

    @initialize(missing=st.sampled_from(["dead-letter", "ignore"]), known=st.booleans())
    def start(self, missing, known):
        self.client.flushall()
        self.play = Play(self.client, missing=missing)
        if known:  # so that half of the histories need not begin with a look-up
            self.play.accept("erp", "live", [(None, "i1", {"stock": (0, 0)})])
            self.play.claim()

    @rule(source=SOURCES, mode=MODES, events=EVENTS, again=AGAIN)
    def accept(self, source, mode, events, again):
        self.play.accept(source, mode, events, again=again)

    @precondition(lambda self: self.play.deliveries)
    @rule(number=st.integers(0, 20))
    def deliver_again(self, number):
        deliveries = self.play.deliveries
        self.play.accept(*deliveries[number % len(deliveries)])

    @rule(outcome=OUTCOMES, pick=PICK, again=AGAIN)
    def attempt(self, outcome, pick, again):
        """A whole attempt."""
        flight = self.play.claim(again=again)
        if isinstance(flight, Flight):
            self.play.send(flight)
            if outcome in APPLIED:
                self.play.land(flight)
            self.play.answer(flight, outcome, pick=pick, again=again)

    @rule(do=st.sampled_from(["send", "send", "land", "claim", "failed", "lost"]), again=AGAIN)
    def begin(self, do, again):
        """An attempt that stands still half-way, or a look-up that fails."""
        page = do if do in ("failed", "lost") else "whole"
        flight = self.play.claim(again=again, page=page)
        if isinstance(flight, Flight) and do in ("send", "land"):
            self.play.send(flight)
            if do == "land":
                self.play.land(flight)

    @precondition(lambda self: any(self.play.open_flights()))
    @rule(number=PICK, do=st.sampled_from(["send", "land", "land late", "drop", "die"]), pick=PICK)
    def go_on(self, number, do, pick):
        flight = self._flight(number)
        self.play.network.tick(self.play.now)
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

    @precondition(lambda self: any(self.play.open_flights()))
    @rule(number=PICK, outcome=OUTCOMES, pick=PICK, again=AGAIN)
    def answer(self, number, outcome, pick, again):
        flight = self._flight(number)
        if not flight.settled:
            self.play.answer(flight, outcome, pick=pick, again=again)

    def _flight(self, number):
        flights = self.play.open_flights()
        return flights[number % len(flights)]

    @rule(seconds=st.sampled_from([0.3, 2, 2, 16, 31, 31, 61, 76, 331]))
    def pass_time(self, seconds):
        self.play.pass_time(seconds)

    @precondition(lambda self: self.play.reference.counts["dead"])
    @rule(number=PICK, act=st.sampled_from(["replay", "replay", "discard"]), again=AGAIN)
    def use_letter(self, number, act, again):
        letters = self.play.bench.letters()
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


def test_any_history_ends_with_the_newest_values_and_every_value_counted_once(store):
    Machine.client = store
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=int(os.environ.get("MODEL_EXAMPLES", "60")),
            stateful_step_count=40,
            deadline=None,
            derandomize=bool(os.environ.get("CI")),
            print_blob=True,
            phases=[Phase.generate] if os.environ.get("MODEL_RAW") else list(Phase),
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
