"""A clock of the store that goes back or forward: what was due stays due, a wait is as long."""

import pytest

from tests.support.outbox_driver import event
from workers.model.attempts import Batch, ItemOutcome, Lookup, Probe, Wait
from workers.store import clock, keys

BACK = [pytest.param(seconds, id=f"{seconds} s") for seconds in (3, 300, 86_400)]
WITHIN = 2.0  # s that a clock that goes back may delay anything


@pytest.fixture
def steady(bench):
    """An outbox whose sweep has just run, as it does each second."""
    bench.sweep()
    return bench


def go_back(bench, seconds):
    bench.sweep()
    bench.pass_time(-seconds)
    bench.sweep()


def step_within(bench, seconds):
    """The first step that is no wait, within *seconds* and what a clock may delay."""
    for _ in range(int((seconds + WITHIN) * 4)):
        step = bench.claim()
        if not isinstance(step, Wait):
            return step
        bench.pass_time(0.25)
        bench.sweep()
    raise AssertionError("nothing is to be done")


@pytest.mark.parametrize("back", BACK)
def test_what_is_due_is_sent(steady, back):
    steady.accept(event("i1", {"stock": 1}))
    go_back(steady, back)
    assert isinstance(step_within(steady, 0), Batch)


@pytest.mark.parametrize("back", BACK)
def test_what_is_due_wakes_a_job(steady, back):
    steady.accept(event("i1", {"stock": 1}))
    steady.client.delete("instep:wake:site")
    go_back(steady, back)
    steady.client.delete("instep:wake:site")
    assert steady.outbox.sweep()[0] == ("site",)


@pytest.mark.parametrize("back", BACK)
@pytest.mark.parametrize("wait", [10, 300])
def test_a_retry_comes_when_it_would_have_come(steady, back, wait):
    steady.accept(event("i1", {"stock": 1}))
    steady.settle(steady.batch(), ItemOutcome("i1", wait=wait))
    go_back(steady, back)
    assert isinstance(steady.claim(), Wait)
    steady.pass_time(wait - 1)
    assert isinstance(step_within(steady, 1), Batch)


@pytest.mark.parametrize("back", BACK)
def test_a_claim_that_was_lost_runs_out(steady, back):
    steady.accept(event("i1", {"stock": 1}))
    steady.batch()
    go_back(steady, back)
    steady.pass_time(29)
    assert isinstance(step_within(steady, 1), Batch)


@pytest.mark.parametrize("back", BACK)
def test_a_claim_that_is_held_stays_its_own(steady, back):
    steady.accept(event("i1", {"stock": 1}))
    batch = steady.batch()
    go_back(steady, back)
    assert isinstance(steady.claim(), Wait)
    assert steady.write(batch).lost == 0


@pytest.mark.parametrize("back", BACK)
def test_the_budget_opens_when_it_would_have_opened(bench_with, back):
    bench = bench_with(requests_per_minute=60)
    bench.sweep()
    for number in range(70):
        bench.accept(event(f"i{number}", {"stock": 1}))
        if isinstance(step := bench.claim(), Batch):
            bench.write(step)
    go_back(bench, back)
    bench.accept(event("j", {"stock": 1}))
    assert isinstance(step_within(bench, 2), Batch)


@pytest.mark.parametrize("back", BACK)
def test_the_breaker_probes_when_it_would_have_probed(steady, back):
    for _ in range(3):
        steady.outbox.steps.run(
            "record_health", {"destination": "site", "event": "failure", "reason": "502"}
        )
    steady.accept(event("i1", {"stock": 1}))
    go_back(steady, back)
    steady.pass_time(4)
    assert isinstance(step_within(steady, 1), Probe)


@pytest.mark.parametrize("back", BACK)
def test_a_look_up_that_died_is_begun_again(bench, back):
    bench.sweep()
    bench.accept(event("a", {"stock": 1}, by="key"))
    assert isinstance(bench.claim(), Lookup)
    go_back(bench, back)
    bench.pass_time(29)
    assert isinstance(step_within(bench, 1), Lookup)


@pytest.mark.parametrize("back", BACK)
def test_what_comes_afterwards_is_sent_at_once(steady, back):
    go_back(steady, back)
    steady.accept(event("i1", {"stock": 1}))
    assert isinstance(step_within(steady, 0), Batch)


def test_a_clock_that_goes_forward_makes_due_what_waits(steady):
    steady.accept(event("i1", {"stock": 1}))
    steady.settle(steady.batch(), ItemOutcome("i1", wait=300))
    steady.pass_time(86_400)
    assert isinstance(step_within(steady, 0), Batch)


def test_a_clock_that_is_put_right_again_is_taken_as_it_is(steady):
    go_back(steady, 3600)
    assert behind(steady) == pytest.approx(3_600_000, abs=2000)
    steady.pass_time(3600)
    steady.sweep()
    assert behind(steady) == 0


def test_what_it_went_back_is_made_up_for_little_by_little(steady):
    go_back(steady, 60)
    before = behind(steady)
    for _ in range(10):
        steady.pass_time(1)
        steady.sweep()
    assert 0 < before - behind(steady) <= 200


def test_a_clock_that_is_right_is_not_touched(steady):
    for _ in range(5):
        steady.pass_time(0.5)
        steady.sweep()
    assert behind(steady) == 0


def test_versions_by_arrival_are_of_the_clock_itself(steady):
    go_back(steady, 3600)
    steady.accept(event("i1", {"stock": 1}))
    version = steady.field("i1")["r"]
    assert int(version[1:]) // 1000 == pytest.approx(steady.now_ms(), abs=5000)


def behind(bench):
    return clock.behind_ms(bench.client.get(keys.CLOCK))


def test_a_marker_of_a_lost_job_that_outlives_itself_is_taken_away(bench):
    bench.accept(event("i1", {"stock": 1}))
    bench.client.pexpire("instep:wake:site", 3_600_000)
    assert bench.outbox.sweep()[0] == ("site",)
    bench.client.pexpire("instep:wake:site", 3_600_000)
    assert bench.outbox.wants_job("site")
