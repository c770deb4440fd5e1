"""What the guard of runs adds up in the store: bounded, and true when the clock jumps."""

import uuid

import pytest

from workers.model.changes import Change, Delivery, FieldValue, Incoming
from workers.model.run_limits import RunLimit
from workers.store.run_counts import RunCounts

HOUR = 3600


@pytest.fixture
def runs(bench):
    return RunCounts(bench.steps, bench.settings, bench.settings.collections["products"])


def hand_over(bench, runs, keys, *, most=10, first=False, token=None):
    """Accept a value for each of *keys*, as a run that creates their items does."""
    fields = (FieldValue("stock", "1", "number"),)
    events = tuple(
        Incoming(None, None, n, (Change("stock", "products", key, "key", fields, None),))
        for n, key in enumerate(keys)
    )
    limit = RunLimit(runs.place, "created", most, runs.window_ms, first)
    delivery = Delivery("erp", token or uuid.uuid4().hex, events, mode="reconcile", limit=limit)
    return bench.outbox.accept(delivery)


def test_what_was_handed_over_counts_and_no_more(bench, runs):
    assert hand_over(bench, runs, "abc").outcome == "kept"
    assert hand_over(bench, runs, "defghij").outcome == "kept"
    assert hand_over(bench, runs, "k").outcome == "held"
    assert runs.read().created == 10
    assert bench.outbox.counts()["accepted"] == 10


def test_a_repeat_of_the_call_counts_once(bench, runs):
    for _ in range(2):
        hand_over(bench, runs, "abc", token="one")
    assert runs.read().created == 3


def test_what_is_over_counts_no_more_and_is_dropped(bench, runs, store):
    hand_over(bench, runs, "abc")
    bench.steps.clock_offset_ms += 25 * HOUR * 1000
    assert runs.read().created == 0
    hand_over(bench, runs, "def")
    bench.steps.clock_offset_ms += 9 * 24 * HOUR * 1000
    hand_over(bench, runs, "g")
    assert store.hlen(f"instep:guard:{runs.place}") == 1
    assert 0 < store.ttl(f"instep:guard:{runs.place}") <= 8 * 24 * HOUR


def test_what_was_counted_before_the_clock_stepped_back_counts_as_now(bench, runs):
    bench.steps.clock_offset_ms += 400 * 24 * HOUR * 1000
    hand_over(bench, runs, "abc")
    bench.steps.clock_offset_ms = 0
    hand_over(bench, runs, "d")
    assert runs.read().created == 4
    bench.steps.clock_offset_ms += 25 * HOUR * 1000
    assert runs.read().created == 0


def test_the_first_load_may_create_what_it_wanted_once(bench, runs):
    assert runs.read().first is None
    assert runs.load(5).first == 5
    assert runs.load(500).first == 5
    assert hand_over(bench, runs, "abc", first=True).outcome == "kept"
    assert hand_over(bench, runs, "def", first=True).outcome == "held"
    assert hand_over(bench, runs, "de", first=True).outcome == "kept"
    assert (runs.read().first, runs.read().created) == (0, 0)


def test_what_the_first_load_left_lapses_with_the_window(bench, runs):
    runs.load(5)
    bench.steps.clock_offset_ms += 25 * HOUR * 1000
    assert runs.read().first == 0
