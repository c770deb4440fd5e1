"""The sweep: nothing that is due stays unattended, and nobody is woken for nothing."""

import pytest

from tests.support.outbox_driver import bad, event
from workers.model.attempts import Batch, ItemOutcome, Lookup, Wait

HOUR = 3600


def start(bench):
    """What the job does first that a wake-up enqueued."""
    bench.client.delete("instep:wake:site")


def put(bench, record="i1", **options):
    bench.accept(event(record, {"stock": 1}, **options))
    start(bench)


def test_a_due_item_that_nobody_was_woken_for_is_woken(bench):
    put(bench)
    assert bench.sweep()["wake"] == ["site"]


def test_with_nothing_to_do_nobody_is_woken(bench):
    assert bench.sweep() == {"wake": {}, "ms": 1000, "held": {}}
    bench.confirm("i1", {"stock": 1})
    start(bench)
    assert not bench.woken()


def test_while_a_job_is_on_its_way_nobody_else_is_woken(bench):
    put(bench)
    assert bench.woken()
    assert not bench.woken()


def test_the_marker_of_a_job_that_got_lost_runs_out_within_five_seconds(bench):
    bench.accept(event("i1", {"stock": 1}))
    assert 0 < bench.client.pttl("instep:wake:site") <= 5000


def test_a_claim_whose_worker_died_is_woken_when_it_has_run_out(bench):
    put(bench)
    bench.batch()
    bench.pass_time(29.9)
    assert not bench.woken()
    bench.pass_time(0.2)
    assert bench.woken()


def test_a_stored_time_wakes_when_it_has_come(bench):
    put(bench)
    bench.settle(bench.batch(), ItemOutcome("i1", wait=10))
    bench.claim()
    assert not bench.woken()
    bench.pass_time(10.1)
    assert bench.woken()


def test_the_sweep_says_when_the_next_stored_time_comes(bench):
    put(bench)
    bench.settle(bench.batch(), ItemOutcome("i1", wait=0.5))
    bench.claim()
    assert 0 < bench.sweep()["ms"] <= 500


def test_the_sweep_sleeps_for_a_second_at_most(bench):
    put(bench)
    bench.settle(bench.batch(), ItemOutcome("i1", wait=200))
    bench.claim()
    assert bench.sweep()["ms"] == 1000


def test_a_nearer_stored_time_nudges_the_sweep_out_of_its_sleep(bench):
    put(bench)
    bench.settle(bench.batch(), ItemOutcome("i1", wait=10))
    bench.claim()
    assert bench.client.llen("instep:nudge") == 1


def test_what_is_due_is_woken_although_a_later_time_is_stored(bench):
    put(bench)
    bench.settle(bench.batch(), ItemOutcome("i1", wait=200))
    bench.claim()
    put(bench, "i2")
    assert bench.woken()


def test_while_the_budget_is_spent_nobody_is_woken(bench_with):
    bench = bench_with(requests_per_minute=2)
    put(bench)
    bench.write(bench.batch())
    put(bench, "i2")
    assert bench.claim().reason == "budget"
    assert not bench.woken()
    bench.pass_time(61)
    assert bench.woken()


def test_a_paused_destination_is_not_woken(bench):
    put(bench)
    bench.client.hset("instep:destination:site", "paused", "401")
    assert not bench.woken()


def test_a_paused_collection_wakes_nobody(bench):
    put(bench)
    bench.client.hset("instep:collection:products", "paused", "404")
    assert not bench.woken()


def test_items_that_wait_for_an_id_wake_when_nobody_looks_it_up(bench):
    put(bench, "a-key", by="key")
    assert isinstance(bench.claim(), Lookup)  # and the worker dies
    start(bench)
    assert bench.woken()


def test_items_that_wait_for_the_next_look_up_wake_nobody_before_it(bench):
    put(bench, "a-key", by="key")
    bench.list_all()
    put(bench, "a-key", by="key")
    assert bench.claim() == Wait(pytest.approx(30, abs=1), "later")
    assert not bench.woken()
    bench.pass_time(31)
    assert bench.woken()


def test_a_wait_for_a_v1_listing_wakes_now_and_then_only(bench_with):
    bench = bench_with(api="v1")
    put(bench, "a-key", by="key")
    bench.list_all()
    put(bench, "a-key", by="key")
    wait = bench.claim()
    assert wait.seconds <= 330
    assert not bench.woken()
    bench.pass_time(wait.seconds)
    assert bench.woken()


def test_a_dead_letter_wakes_nobody(bench):
    bench.accept(bad())
    start(bench)
    assert not bench.woken()


def test_a_stored_time_from_before_the_clock_stepped_back_counts_as_now(bench):
    put(bench)
    bench.settle(bench.batch(), ItemOutcome("i1", wait=300))
    bench.claim()
    bench.pass_time(-HOUR)
    assert bench.woken()
    assert isinstance(bench.claim(), Batch)


def test_a_stored_look_up_from_before_the_clock_stepped_back_counts_as_now(bench):
    put(bench, "a-key", by="key")
    bench.list_all()
    put(bench, "a-key", by="key")
    assert isinstance(bench.claim(), Wait)
    bench.pass_time(-HOUR)
    assert bench.woken()
    assert isinstance(bench.claim(), Lookup)


def test_an_item_whose_time_lies_far_ahead_is_found_without_a_stored_time(bench):
    put(bench)
    bench.batch()
    bench.pass_time(-HOUR)
    assert bench.woken()


def test_a_gate_from_before_the_clock_stepped_back_holds_nobody_up(bench_with):
    bench = bench_with(requests_per_minute=2)
    put(bench)
    bench.write(bench.batch())
    put(bench, "i2")
    bench.claim()
    bench.pass_time(-HOUR)
    assert bench.accept(event("i3", {"stock": 1})).wake == ("site",)
