"""Records that go and come back at random, over a network that delivers late or never."""

import json
import os
from collections import Counter

import redis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from hypothesis.stateful import run_state_machine_as_test as run

from tests.support.depth import depth
from tests.support.outbox_creating import knowing
from tests.support.outbox_driver import Bench, at, event
from tests.support.outbox_retire_cms import Cms, Flight
from tests.support.outbox_retiring import retire
from tests.support.stored_items import item_of
from workers.model.attempts import Batch, ItemOutcome, Lookup, Wait
from workers.store.outbox import balanced

RECORDS = ("k1", "k1", "k1", "k2")
WAYS = ("archive", "draft", "unpublish", "delete", "delete", "delete", "keep")
LATE_MS = 60_000
NEWS = st.tuples(
    st.sampled_from(RECORDS),
    st.sampled_from([1, 2, 3, 4]),  # the version
    st.one_of(st.integers(1, 3), st.sampled_from(WAYS)),  # a value, or that it is gone
)
OUTCOMES = st.sampled_from(["answer", "answer", "answer lost", "no answer", "nobody settles"])


class Record:
    """What is true of one record, said as simply as possible."""

    def __init__(self):
        self.value, self.version = None, 0  # version: of the newest value
        self.way, self.gone_at = None, 0  # of the newest retirement
        self.gone = False

    def take(self, version, news):
        """Whether *news* is any."""
        if version < self.gone_at or version < self.version:
            return False
        if isinstance(news, int):
            self.value, self.version, self.gone = news, version, False
        else:
            self.way, self.gone_at, self.gone = news, version, True
        return True


class Machine(RuleBasedStateMachine):
    client: redis.Redis

    @initialize()
    def start(self):
        self.client.flushall()
        self.bench = knowing(Bench(self.client, missing="create"))
        self.cms = Cms("k1")
        self.bench.status = self.cms.status  # as a look at an item shows it
        self.records = {"k1": Record(), "k2": Record()}
        self.flights = []

    @rule(news=NEWS)
    def hear(self, news):
        record, version, told = news
        if isinstance(told, int):
            fields = {"name": "Oak desk", "stock": told}
            self.bench.accept(event(record, fields, by="key", version=at(version)))
        else:
            retire(self.bench, record, told, version=at(version))
        fates = set(self.bench.told())
        assert (fates != {"stale"}) == self.records[record].take(version, told), fates

    @rule(outcome=OUTCOMES)
    def attempt(self, outcome):
        if flight := self._sent():
            self._end(flight, outcome)

    @rule(news=NEWS, outcome=OUTCOMES)
    def overtake(self, news, outcome):
        """Something is told while a request is on its way."""
        flight = self._sent()
        self.hear(news)
        if flight:
            self._end(flight, outcome)

    @rule(outcome=OUTCOMES, late=OUTCOMES)
    def lose(self, outcome, late):
        """A worker is slow: another one has the item before it settles."""
        slow = self._sent()
        self._pass(31)
        if flight := self._sent():
            self._end(flight, outcome)
        if slow:
            self._end(slow, late)

    @rule(seconds=st.sampled_from([2, 16, 31, 31, 61, 76]))
    def wait(self, seconds):
        self._pass(seconds)

    @rule(number=st.integers(0, 5))
    def land(self, number):
        aloft = [flight for flight in self.flights if not flight.over]
        if aloft:
            self.cms.land(aloft[number % len(aloft)])

    @invariant()
    def holds(self):
        if hasattr(self, "bench"):
            self._recount()
            for record in self.records:
                assert len(self.cms.of(record)) <= 1, "created twice"

    def teardown(self):
        if not hasattr(self, "bench"):
            return
        for _ in range(200):
            if flight := self._sent():
                self._end(flight, "answer")
            elif not self._rest():
                break
        else:
            raise AssertionError("it never comes to rest")
        self._recount()
        counts = self.bench.counts()
        assert (counts["pending"], counts["dead"]) == (0, 0)
        for record, truth in self.records.items():
            _check(self.cms.of(record), truth)

    def _sent(self):
        step = self.bench.claim(flights=1000)
        if isinstance(step, Lookup):
            items = self.cms.listing()
            self.bench.page(step, items, total=len(items), short=False)
        if not isinstance(step, Batch):
            self.waits = step.seconds if isinstance(step, Wait) else 0
            return None
        self.flights.append(Flight(step, self.bench.now_ms()))
        return self.flights[-1]

    def _end(self, flight, outcome):
        records = [item.record for item in flight.batch.items]
        unknown = [ItemOutcome(record, unknown=True, wait=2.0) for record in records]
        if flight.over:
            item_outcomes = unknown  # it landed before this worker saw an answer
        elif outcome.startswith("answer"):
            item_outcomes = self.cms.land(flight)
        if outcome in ("answer lost", "no answer"):
            item_outcomes = unknown
        if outcome != "nobody settles":
            failed = item_outcomes is unknown
            self.bench.settle(
                flight.batch, *item_outcomes, health="refusal" if failed else "success"
            )

    def _pass(self, seconds):
        """Time passes; what is in the air lands at the last moment, the first of two never."""
        self.bench.pass_time(seconds)
        for number, flight in enumerate(self.flights):
            if not flight.over and self.bench.now_ms() - flight.sent > LATE_MS - 500:
                if self.bench.now_ms() - flight.sent < LATE_MS and number % 2:
                    self.cms.land(flight)
                flight.over = True

    def _rest(self):
        """Wait until something is to be done, or lands; False: nothing is left to wait for."""
        now = self.bench.now_ms()
        landing = [(f.sent + LATE_MS - 250 - now) / 1000 for f in self.flights if not f.over]
        waits = [seconds for seconds in (*landing, self.waits) if seconds is not None]
        if waits:
            self._pass(max(0.001, min(waits)))
        return bool(waits) or self.bench.woken()

    def _recount(self):
        counts = self.bench.counts()
        assert balanced(counts), counts
        states = Counter()
        for key in self.client.scan_iter("instep:item:*"):
            fields = item_of(self.client, key).items()
            states.update(json.loads(text)["s"] for name, text in fields if name[:2] == "f:")
        assert (states["pending"], states["dead"]) == (counts["pending"], counts["dead"])


def _check(items, truth):
    """What the CMS shows in the end of one record."""
    if truth.gone and truth.way == "delete":
        assert items == []
    elif truth.gone and items and truth.way == "archive":
        assert items[0].archived
    elif truth.gone and items and truth.way != "keep":
        assert not items[0].live
    elif not truth.gone and truth.value is not None:
        (item,) = items
        assert (item.archived, item.draft, item.live) == (False, False, True)
        assert item.values["stock"] == truth.value


def test_in_the_end_what_is_gone_is_away_and_what_came_back_is_there(store):
    # MODEL_EXAMPLES: how many histories; a failure prints how to play it again.
    Machine.client = store
    run(
        Machine,
        settings=settings(
            max_examples=int(os.environ.get("MODEL_EXAMPLES", depth(20, 60))),
            stateful_step_count=25,
            deadline=None,
            derandomize=bool(os.environ.get("CI")),
            print_blob=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
