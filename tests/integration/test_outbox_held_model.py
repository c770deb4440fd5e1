"""Records that go and come back while their deletes are held, approved and dropped at random."""

import json
import os
from collections import Counter
from dataclasses import dataclass

import redis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from hypothesis.stateful import run_state_machine_as_test as run

from tests.support.depth import depth
from tests.support.outbox_driver import at
from tests.support.outbox_holding import deletes, guarded, keys, listed, sweep
from tests.support.outbox_retiring import retire, update
from tests.support.stored_items import item_of
from workers.model.attempts import Batch
from workers.store.outbox import balanced

RECORDS = tuple(keys(6))
AT_MOST, DELAY = 2, 60.0
VERSIONS = st.integers(2, 6)
SOME = st.sets(st.sampled_from(RECORDS), min_size=1)


@dataclass
class Record:
    """What is true of one record, said as simply as possible."""

    value: int = 1
    version: int = 1  # of its newest value
    gone: int = 0  # version of the newest retirement that took its place
    away: bool = False  # and nothing newer came
    waits: int = 0  # version of the one that is held; 0: none is
    since: float = 0.0
    dropped: int = 0

    def hear(self, version, value):
        """Whether a value is any news."""
        if version < max(self.version, self.gone):
            return False
        self.value, self.version, self.away = value, version, False
        if version >= self.waits:
            self.waits = 0
        if version >= self.dropped:
            self.dropped = 0
        return True

    def retire(self, version, now):
        """The fate of a retirement."""
        if version < max(self.version, self.gone, self.waits):
            return "stale"
        if self.dropped:
            return "discarded"
        if self.away:
            # Nothing leaves the site by it.
            self.gone, self.waits = version, 0
            return "accepted"
        self.since = self.since if self.waits else now
        self.waits = version
        return "held"

    def release(self):
        self.gone, self.away, self.waits = self.waits, True, 0


class Machine(RuleBasedStateMachine):
    client: redis.Redis

    @initialize()
    def start(self):
        self.client.flushall()
        self.bench = guarded(self.client, *RECORDS, at_most=AT_MOST, percent=0, delay=DELAY)
        self.records = {record: Record() for record in RECORDS}
        self.shown = {record: {"stock": 1, "archived": False} for record in RECORDS}
        self.asks, self.retired = False, 0

    @rule(record=st.sampled_from(RECORDS), version=VERSIONS, value=st.integers(2, 9))
    def hear(self, record, version, value):
        update(self.bench, record, version=at(version), stock=value)
        news = self.records[record].hear(version, value)
        assert ("stale" in self.bench.told()) != news
        self._decided()

    @rule(records=SOME, version=VERSIONS)
    def retire(self, records, version):
        for record in sorted(records):
            retire(self.bench, record, "archive", version=at(version))
            fate = self.records[record].retire(version, self.bench.now_ms())
            if fate == "held" and len(self._held()) + self.retired > AT_MOST:
                self.asks = True
            [told] = self.bench.told()
            assert (told if told != "unchanged" else "accepted") == fate
            held = sum(bool(one.waits) for one in self.records.values())
            if fate == "held" and held + self.retired > AT_MOST:
                self.asks = True
            self._decided()

    @rule(seconds=st.sampled_from([1, 20, 61]))
    def wait(self, seconds):
        self.bench.pass_time(seconds)
        sweep(self.bench)
        held = self._held()
        ends = self.bench.now_ms() - DELAY * 1000
        due = [one for one in held if one.since <= ends]
        if due and not self.asks and len(held) + self.retired > AT_MOST:
            self.asks = True
        if not self.asks:
            self.retired += len(due)
            for one in due:
                one.release()
        self._decided()

    @rule(records=SOME, act=st.sampled_from(["approve", "approve", "drop"]))
    def decide(self, records, act):
        shown = [(each.record, each.arrival) for each in listed(self.bench)]
        chosen = [pair for pair in shown if pair[0] in records]
        getattr(deletes(self.bench), act)("products", chosen, "ada")
        for record, _ in chosen:
            one = self.records[record]
            if act == "approve":
                self.retired += 1
                one.release()
            else:
                one.dropped, one.waits = one.waits, 0
        self._decided()

    @rule()
    def send(self):
        for _ in range(20):
            step = self.bench.claim()
            if not isinstance(step, Batch):
                return
            for item in step.items:
                for field in item.fields:
                    self._show(item.record, field.slug, json.loads(field.value))
            self.bench.write(step)

    def _show(self, record, slug, value):
        if slug == ":gone":
            self.shown[record]["archived"] = value == "archive"
        elif slug == "stock":
            self.shown[record]["stock"] = value

    def _held(self):
        return [one for one in self.records.values() if one.waits]

    def _decided(self):
        """With the last one that is held nothing is asked any more."""
        if not self._held():
            self.asks = False

    @invariant()
    def hold(self):
        counts = self.bench.counts()
        assert balanced(counts), counts
        states, held = Counter(), {}
        for record in RECORDS:
            stored = item_of(self.client, f"instep:item:products:{record}")
            states.update(json.loads(v)["s"] for name, v in stored.items() if name[:2] == "f:")
            if "held" in stored:
                held[record] = float(json.loads(json.loads(stored["held"])["gone"])["a"])
        assert states["pending"] + len(held) == counts["pending"]
        assert dict(self.client.zrange("instep:held:products", 0, -1, withscores=True)) == held
        assert set(self.client.zrange("instep:held-delay:products", 0, -1)) <= set(held)
        assert set(held) == {name for name, one in self.records.items() if one.waits}
        assert bool(self.client.hexists("instep:collection:products", "asks")) == self.asks
        for one in listed(self.bench):
            assert (one.waits == "approval") == self.asks

    def teardown(self):
        self.send()
        for record, one in self.records.items():
            assert self.shown[record] == {"stock": one.value, "archived": one.away}, record


def test_what_is_held_goes_only_by_a_decision_and_values_are_right(store):
    # MODEL_EXAMPLES: how many histories; a failure prints how to play it again.
    Machine.client = store
    run(
        Machine,
        settings=settings(
            max_examples=int(os.environ.get("MODEL_EXAMPLES", depth(10, 60))),
            stateful_step_count=25,
            deadline=None,
            derandomize=bool(os.environ.get("CI")),
            print_blob=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
