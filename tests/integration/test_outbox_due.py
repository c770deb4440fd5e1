"""When an item may be sent: lanes, linger, backoff, and clocks that jump."""

import pytest

from tests.support.outbox_driver import event, sent
from workers.model.attempts import Batch, FieldFailure, ItemOutcome, Wait

HOUR = 3600


def put(bench, *records, mode="live"):
    for record in records:
        bench.accept(event(record, {"stock": 1}), mode=mode)


def next_records(bench):
    return sorted(item.record for item in bench.batch().items)


def test_live_goes_before_replay_and_replay_before_reconcile(bench):
    put(bench, "replayed")
    bench.settle(
        bench.batch(),
        ItemOutcome("replayed", failures=(FieldFailure("refused", ("stock",), "no"),)),
    )
    bench.accept(event("reconciled", {"stock": 1}, collection="stores"), mode="reconcile")
    bench.letter("d1", "replay")
    bench.pass_time(1)
    put(bench, "live")
    assert [next_records(bench) for _ in range(3)] == [["live"], ["replayed"], ["reconciled"]]


def test_live_goes_first_across_the_collections_of_a_destination(bench):
    put(bench, "i1", mode="reconcile")
    bench.pass_time(1)
    bench.accept(event("s1", {"stock": 1}, collection="stores"))
    assert next_records(bench) == ["s1"]


def test_within_a_lane_the_collection_that_has_waited_longest_goes_first(bench):
    bench.accept(event("s1", {"stock": 1}, collection="stores"))
    bench.pass_time(1)
    put(bench, "i1")
    assert next_records(bench) == ["s1"]


def test_an_item_goes_in_the_best_lane_of_its_fields(bench):
    put(bench, "i1", mode="reconcile")
    bench.accept(event("i1", {"price": 1}))
    assert set(bench.due("live")) == {"i1"}
    assert bench.due("reconcile") == {}


def test_a_live_value_is_not_slowed_down_by_the_reconcile_that_overtakes_it(bench):
    bench.accept(event("i1", {"stock": 1}))
    bench.accept(event("i1", {"stock": 2}), mode="reconcile")
    assert set(bench.due("live")) == {"i1"}


def test_what_stays_pending_is_due_after_its_wait(bench):
    put(bench, "i1")
    bench.settle(bench.batch(), ItemOutcome("i1", wait=10))
    assert bench.due()["i1"] == pytest.approx(10, abs=0.5)
    assert bench.claim() == Wait(pytest.approx(10, abs=0.5), "later")
    bench.pass_time(10)
    assert next_records(bench) == ["i1"]


def test_a_newer_value_does_not_wait_out_the_backoff_of_the_older_one(bench):
    put(bench, "i1")
    bench.settle(bench.batch(), ItemOutcome("i1", wait=300))
    bench.accept(event("i1", {"stock": 2}))
    assert next_records(bench) == ["i1"]


def test_a_stale_value_cuts_no_backoff_short(bench):
    bench.accept(event("i1", {"stock": 1}, version=bench.ahead(10)))
    bench.settle(bench.batch(), ItemOutcome("i1", wait=300))
    bench.accept(event("i1", {"stock": 2}, version=bench.ahead(0)))
    assert isinstance(bench.claim(), Wait)


def test_the_wait_of_a_given_back_claim_is_a_snooze_and_no_attempt(bench):
    put(bench, "i1")
    bench.outbox.give_back(bench.batch(), wait=20)
    bench.pass_time(19)
    assert isinstance(bench.claim(), Wait)
    bench.pass_time(1)
    assert bench.batch().items[0].attempts == 0


def test_an_idle_destination_sends_at_once(bench_with):
    bench = bench_with(linger=1.0)
    put(bench, "i1")
    assert next_records(bench) == ["i1"]


def test_a_busy_destination_lets_a_part_filled_batch_wait_for_the_linger(bench_with):
    bench = bench_with(linger=2.0)
    put(bench, "i1")
    bench.write(bench.batch())
    put(bench, "i2")
    assert bench.claim() == Wait(pytest.approx(2, abs=0.3), "linger")
    bench.pass_time(2)
    assert next_records(bench) == ["i2"]


def test_a_request_in_flight_makes_a_destination_busy(bench_with):
    bench = bench_with(linger=2.0)
    put(bench, "i1")
    bench.batch()
    bench.pass_time(5)
    put(bench, "i2")
    assert bench.claim().reason == "linger"


def test_a_full_batch_does_not_linger(bench_with):
    bench = bench_with(linger=60.0)
    put(bench, "i1")
    bench.write(bench.batch())
    bench.accept(*(event(f"n{n}", {"stock": 1}, index=n) for n in range(100)))
    assert len(bench.batch().items) == 100


def test_v1_does_not_linger(bench_with):
    bench = bench_with(api="v1", linger=60.0)
    put(bench, "i1")
    bench.batch()
    put(bench, "i2")
    assert next_records(bench) == ["i2"]


def test_while_a_batch_lingers_an_event_wakes_nobody_and_a_full_batch_wakes(bench_with):
    bench = bench_with(linger=60.0)
    put(bench, "i1")
    bench.write(bench.batch())
    put(bench, "i2")
    assert bench.claim().reason == "linger"
    assert bench.accept(event("i3", {"stock": 1})).wake == ()
    events = (event(f"n{n}", {"stock": 1}, index=n) for n in range(100))
    assert bench.accept(*events).wake == ("site",)


def test_the_first_of_several_events_wakes_and_the_next_do_not_until_the_job_has_begun(bench):
    assert bench.accept(event("i1", {"stock": 1})).wake == ("site",)
    assert bench.accept(event("i1", {"stock": 2})).wake == ()
    bench.write(bench.batch())
    assert bench.accept(event("i1", {"stock": 3})).wake == ("site",)


def test_an_event_for_a_paused_destination_wakes_nobody(bench):
    bench.client.hset("instep:destination:site", "paused", "401")
    assert bench.accept(event("i1", {"stock": 1})).wake == ()


def test_a_backoff_from_before_the_clock_stepped_back_counts_as_over(bench):
    put(bench, "i1")
    bench.settle(bench.batch(), ItemOutcome("i1", wait=300))
    bench.pass_time(-HOUR)
    bench.sweep()
    assert next_records(bench) == ["i1"]


def test_a_claim_from_before_the_clock_stepped_back_counts_as_over(bench):
    put(bench, "i1")
    bench.batch()
    bench.pass_time(-HOUR)
    bench.sweep()
    assert sent(bench.batch()) == {"i1": {"stock": 1}}


def test_a_flight_from_before_the_clock_stepped_back_takes_no_place(bench):
    put(bench, "i1")
    bench.batch(flights=1)
    bench.pass_time(-HOUR)
    put(bench, "i2")
    assert isinstance(bench.claim(flights=1), Batch)


def test_a_linger_from_before_the_clock_stepped_back_is_over_in_time(bench_with):
    bench = bench_with(linger=2.0)
    put(bench, "i1")
    bench.write(bench.batch())
    bench.pass_time(-HOUR)
    put(bench, "i2")
    bench.pass_time(2.1)
    assert next_records(bench) == ["i2"]
