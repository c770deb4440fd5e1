"""Samples of the counters: one a minute, whoever takes it, and never more than fits."""

import json

import pytest

from service.operate.traffic import Traffic
from tests.support.outbox_driver import at, event
from workers.model.samples import ACCEPTED, ALL, DELIVERIES, MINUTES, QUARTERS
from workers.store import keys
from workers.store.minute_samples import MinuteSamples

MINUTE_MS = 60_000


class Clocked:
    """The samples of one process, whose own clock goes with that of the store."""

    def __init__(self, bench):
        self.bench = bench
        self.samples = MinuteSamples(bench.steps, bench.settings, self.monotonic)
        # Its first sample comes as a minute begins.
        now = self.samples.read().now
        bench.steps.clock_offset_ms += int(MINUTE_MS - now % MINUTE_MS) + 20

    def monotonic(self):
        return self.bench.steps.clock_offset_ms / 1000

    def look(self, seconds=60):
        """Look, then let *seconds* pass."""
        self.samples.look()
        self.bench.steps.clock_offset_ms += int(seconds * 1000)

    def traffic(self):
        found = self.samples.read()
        return Traffic.of(found.now, found.minutes, found.quarters)

    def bars(self):
        return self.traffic().hour.increases(ACCEPTED, [ALL])

    def total(self):
        return self.traffic().hour.totals(ACCEPTED)[ALL]


@pytest.fixture
def clocked(bench):
    return Clocked(bench)


def take(bench, number, **options):
    bench.accept(event(f"i{number}", {"stock": number}, version=at(number)), **options)


def test_a_sample_has_what_the_counters_say(clocked, store):
    take(clocked.bench, 1)
    store.hset(
        keys.source("erp"), mapping={"refused:refused": 3, "refused:late": 1, "duplicates": 2}
    )
    store.hset(keys.destination("site"), mapping={"calls": 9, "rate_limited": 1})
    clocked.look()
    (sample,) = clocked.samples.read().minutes.values()
    assert sample.parts == {
        "sources": {"erp": [1, 2, 4], "shop": [0, 0, 0]},
        "destinations": {"site": [9, 1, 1]},
        "all": {ALL: [1]},
    }
    assert sample.at % MINUTE_MS == pytest.approx(20, abs=2000)


def test_minutes_have_what_came_in_them(clocked):
    for number in range(4):
        clocked.look(1)
        take(clocked.bench, number)
        clocked.look(59)
    assert clocked.bars()[-4:] == [None, 1, 1, 1]


def test_a_minute_is_sampled_once_however_many_sample(clocked):
    other = MinuteSamples(clocked.bench.steps, clocked.bench.settings, clocked.monotonic)
    for number in range(3):
        clocked.samples.look()
        take(clocked.bench, number)
        other.look()
        # One that was started anew.
        MinuteSamples(clocked.bench.steps, clocked.bench.settings, clocked.monotonic).look()
        clocked.look()
    # The first of each minute stays.
    held = clocked.samples.read().minutes.values()
    assert [each.numbers(ACCEPTED)[ALL] for each in held] == [0, 1, 2]
    assert clocked.bars()[-3:] == [None, 1, 1]
    assert clocked.total() == 2


def test_the_store_is_asked_once_a_minute(clocked, monkeypatch):
    asked = []
    run = clocked.bench.steps.run
    monkeypatch.setattr(clocked.bench.steps, "run", lambda *call: asked.append(call) or run(*call))
    for _ in range(120):
        clocked.look(1)
    assert len(asked) in (2, 3)


def test_a_pause_of_the_process_is_a_gap(clocked):
    take(clocked.bench, 1)
    clocked.look()
    take(clocked.bench, 2)
    clocked.look(300)
    take(clocked.bench, 3)
    clocked.look()
    clocked.look()
    assert clocked.bars()[-7:] == [1, None, None, None, None, None, 0]
    assert clocked.total() == 2


def test_an_emptied_store_begins_anew(clocked, store):
    for number in range(3):
        take(clocked.bench, number)
        clocked.look()
    store.delete(keys.COUNTS)
    clocked.look()
    take(clocked.bench, 9)
    clocked.look()
    assert clocked.bars()[-4:] == [1, 1, None, 1]


@pytest.mark.parametrize("minutes", [3, 60, 600_000], ids=["minutes", "an hour", "a year"])
def test_a_clock_that_goes_back_leaves_no_bar_of_two_times(clocked, minutes):
    for number in range(6):
        take(clocked.bench, number)
        clocked.look()
    clocked.look(-60 * minutes)
    clocked.samples = MinuteSamples(clocked.bench.steps, clocked.bench.settings, clocked.monotonic)
    take(clocked.bench, 8)
    clocked.look()
    assert set(clocked.bars()) == {None}
    take(clocked.bench, 9)
    clocked.look()
    assert clocked.bars()[-2:] == [None, 1]


def test_a_clock_that_goes_forward_leaves_a_gap(clocked):
    for number in range(2):
        take(clocked.bench, number)
        clocked.look()
    clocked.look(600)
    clocked.look()
    clocked.look()
    assert clocked.bars()[-11:] == [*[None] * 10, 0]


def test_samples_take_no_more_than_their_slots(clocked, store):
    for _ in range(MINUTES.slots + 5):
        clocked.look()
    assert store.hlen(keys.samples("minute")) == MINUTES.slots
    slot = int(clocked.samples.read().now // QUARTERS.ms)
    old = {str(slot - back): "{}" for back in range(1, QUARTERS.slots + 400)}
    store.delete(keys.samples("quarter"))
    store.hset(keys.samples("quarter"), mapping=old)
    clocked.look()
    assert store.hlen(keys.samples("quarter")) == QUARTERS.slots


def test_samples_that_are_too_old_are_not_read(clocked, store):
    clocked.look(3600 * 30)
    assert clocked.samples.read().minutes == clocked.samples.read().quarters == {}
    assert store.hlen(keys.samples("minute")) == 1


def test_a_later_release_may_write_more(clocked, store):
    clocked.look()
    ((slot, text),) = store.hgetall(keys.samples("minute")).items()
    held = json.loads(text)
    held["sources"]["erp"].append(17)
    store.hset(keys.samples("minute"), slot, json.dumps(held | {"more": 1}))
    (sample,) = clocked.samples.read().minutes.values()
    assert sample.numbers(DELIVERIES) == {"erp": 0, "shop": 0}


def test_the_last_use_of_a_secret_is_known_within_a_minute(clocked, store):
    mark = clocked.bench.settings.sources["erp"].marks[0]
    store.hset(keys.source("erp"), f"secret:{mark}", 5)
    store.hset(keys.SECRETS_USED, "erp:gone", "5 5")
    clocked.look()
    assert clocked.samples.read().secrets == {}  # when, no sample tells
    store.hincrby(keys.source("erp"), f"secret:{mark}", 1)
    clocked.look()
    used = clocked.samples.read()
    ((name, ms),) = used.secrets.items()
    assert name == ("erp", mark)
    assert used.now - ms == pytest.approx(60_000, abs=2000)
    clocked.look()
    assert clocked.samples.read().secrets == {name: ms}
    store.hset(keys.source("erp"), f"secret:{mark}", 2)  # of an older copy
    clocked.look()
    assert clocked.samples.read().secrets == {}
    assert store.hlen(keys.SECRETS_USED) == 2
