"""One budget per token: an even pace with a small burst, never above the ceiling in any minute."""

import pytest

from tests.support.depth import depth
from tests.support.outbox_driver import event
from workers.config.settings import Destination
from workers.model.attempts import Batch, Wait
from workers.store.rate_limiter import Limiter
from workers.store.scripts import Steps

MINUTES = depth(10, 60)


def take(bench, number):
    """
    Take a slot, now and then with a claim; return the seconds after which to ask again, or 0.
    """
    if number % 10 == 0:
        bench.accept(event(f"i{number}", {"stock": 1}))
        step = bench.claim(flights=99)
        return 0 if isinstance(step, Batch) else step.seconds
    request = {"token": str(number), "destination": "site", "budget": bench.site.budget}
    request |= {"limit": bench.site.requests_per_minute, "lane": "live"}
    return bench.steps.run("acquire_slot", request)["ms"] / 1000


def busy_time(bench, *, gap):
    """Take whatever can be taken; return the seconds at which a slot was taken."""
    start, number, slots = bench.now_ms(), 0, []
    while (now := (bench.now_ms() - start) / 1000) < 60 * MINUTES:
        number += 1
        if wait := take(bench, number):
            bench.pass_time(wait + gap(number))
        else:
            slots.append(now)
    return slots


def most_in_a_minute(slots):
    return max(sum(1 for later in slots[i:] if later < slot + 60) for i, slot in enumerate(slots))


@pytest.mark.parametrize(("limit", "pace"), [(2, 1), (10, 8), (60, 54)])
def test_in_no_minute_of_a_busy_time_more_is_sent_than_the_ceiling(bench_with, limit, pace):
    slots = busy_time(bench_with(requests_per_minute=limit), gap=lambda _: 0)
    assert most_in_a_minute(slots) <= limit
    assert len(slots) >= MINUTES * pace


def test_in_no_minute_more_is_sent_after_pauses_of_any_length(bench_with):
    pauses = (0, 0, 1, 0, 5, 0, 0, 30, 0, 61, 0)
    bench = bench_with(requests_per_minute=60)
    slots = busy_time(bench, gap=lambda number: pauses[number % len(pauses)])
    assert most_in_a_minute(slots) <= 60


def test_an_idle_budget_gives_a_burst_at_once(bench_with):
    bench = bench_with(requests_per_minute=60)
    taken = 0
    for n in range(10):
        bench.accept(event(f"i{n}", {"stock": 1}))
        taken += isinstance(bench.claim(flights=99), Batch)
    assert taken == 5


def test_a_spent_budget_says_when_to_come_back_and_takes_no_claim(bench_with):
    bench = bench_with(requests_per_minute=2)
    bench.accept(event("i1", {"stock": 1}))
    bench.write(bench.batch())
    bench.accept(event("i2", {"stock": 1}))
    wait = bench.claim()
    assert wait == Wait(pytest.approx(60, abs=1), "budget")
    assert "claim" not in bench.item("i2")[0]
    bench.pass_time(wait.seconds)
    assert isinstance(bench.claim(), Batch)


def test_while_the_budget_is_spent_an_event_wakes_nobody(bench_with):
    bench = bench_with(requests_per_minute=2)
    bench.accept(event("i1", {"stock": 1}))
    bench.write(bench.batch())
    bench.accept(event("i2", {"stock": 1}))
    bench.claim()
    assert bench.accept(event("i3", {"stock": 1})).wake == ()


def test_nothing_to_send_takes_no_slot_and_stores_no_time(bench_with):
    bench = bench_with(requests_per_minute=2)
    bench.accept(event("i1", {"stock": 1}))
    bench.write(bench.batch())
    assert bench.claim() == Wait(None, "idle")
    assert bench.client.zscore("instep:wakes", "site") is None
    assert bench.client.hget("instep:destination:site", "calls") == "1"


def test_a_look_up_spends_of_the_same_budget(bench_with):
    bench = bench_with(requests_per_minute=2)
    bench.accept(event("a-key", {"stock": 1}, by="key"))
    bench.list_all(("a-key", "id-1"))
    assert bench.claim().reason == "budget"


def test_a_long_retry_after_is_waited_out(store):
    steps = Steps(store)
    destination = Destination("site", "v2", "token")
    limiter = Limiter(steps)
    limiter.learn(destination, limit=None, remaining=None, age=0.0, close=1800.0)
    assert limiter.take(destination) > 1700


def test_a_window_that_was_not_seen_to_open_tells_nothing_of_others(store):
    steps = Steps(store)
    destination = Destination("site", "v2", "token")
    limiter = Limiter(steps)

    def answered(remaining, close=None):
        assert limiter.take(destination) == 0
        limiter.learn(destination, limit=60, remaining=remaining, age=0.0, close=close)

    answered(40, close=3.0)
    for remaining in (39, 38, 37):
        steps.clock_offset_ms += 11_000
        answered(remaining)
    steps.clock_offset_ms += 4_000
    assert limiter.take(destination) == 0


def test_a_slot_that_nothing_was_sent_for_is_given_back(bench_with):
    bench = bench_with(requests_per_minute=60)
    limiter = Limiter(bench.steps)
    for _ in range(20):
        assert limiter.take(bench.site) == 0
        limiter.give_back(bench.site)
    taken = sum(limiter.take(bench.site) == 0 for _ in range(10))
    assert taken == 5
    assert bench.client.hget("instep:destination:site", "calls") == "5"


def test_slots_given_back_let_no_more_through_than_the_ceiling(bench_with):
    bench = bench_with(requests_per_minute=60)
    limiter, slots, start = Limiter(bench.steps), [], bench.now_ms()
    for number in range(600):
        if wait := limiter.take(bench.site):
            bench.pass_time(wait)
        elif number % 3:
            slots.append((bench.now_ms() - start) / 1000)
        else:
            limiter.give_back(bench.site)
    assert most_in_a_minute(slots) <= 60
    assert len(slots) > 0.9 * 54 * slots[-1] / 60
