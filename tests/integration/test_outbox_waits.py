"""Collections that wait: what the steps keep of it, whoever dies or asks twice."""

import pytest

from tests.support.outbox_driver import Bench, event
from workers.model.attempts import Batch, BatchOutcome, Call, ItemOutcome, Wait

CLOSED = "the structure changed"


def kept(batch):
    return tuple(ItemOutcome(item.record) for item in batch.items)


def close(bench, batch):
    batch_outcome = BatchOutcome(kept(batch), "refusal", heard=True, not_published=CLOSED)
    return bench.outbox.settle(batch, batch_outcome, call=Call(409))


def answered(bench, batch):
    """Another answer: the items stay as they are."""
    return bench.outbox.settle(
        batch, BatchOutcome(kept(batch), "refusal", heard=True), call=Call(400)
    )


def held(bench):
    return bench.client.hgetall("instep:collection:products")


@pytest.fixture
def closed(bench):
    """A collection that has been closed for a moment, with three items due."""
    bench.accept(*(event(f"i{n}", {"stock": n}) for n in range(3)))
    close(bench, bench.batch())
    return bench


def test_a_closed_collection_hands_out_one_item_when_its_time_has_come(closed):
    wait = closed.claim()
    assert isinstance(wait, Wait)
    assert 29 < wait.seconds <= 30
    closed.pass_time(wait.seconds)
    assert closed.woken()
    assert closed.batch().alone


def test_while_a_try_is_out_there_is_no_other(closed):
    closed.pass_time(31)
    assert closed.batch().alone
    assert isinstance(closed.claim(), Wait)


def test_a_try_that_nobody_answers_is_followed_by_the_next(closed):
    closed.pass_time(31)
    first = closed.batch()
    closed.pass_time(31)
    second = closed.batch()
    assert second.alone
    assert second.items[0].record != first.items[0].record


def test_the_answer_to_a_try_puts_off_the_next_by_3_min_once(closed):
    closed.pass_time(31)
    batch = closed.batch()
    close(closed, batch)
    closed.steps.repeat("settle")
    wait = closed.claim()
    assert 179 < wait.seconds <= 180


def test_an_answer_to_another_request_neither_ends_the_wait_nor_puts_it_off(bench):
    bench.accept(event("i1", {"stock": 1}))
    early = bench.batch()
    bench.accept(event("i2", {"stock": 2}))
    close(bench, bench.batch())
    before = held(bench)
    answered(bench, early)
    assert held(bench) == before


def test_any_other_answer_to_a_try_ends_the_wait(closed):
    closed.pass_time(31)
    answered(closed, closed.batch())
    assert held(closed).keys() <= {"refused"}
    assert len(closed.batch().items) == 3


def test_a_clock_that_steps_back_does_not_make_it_wait_for_hours(closed):
    closed.pass_time(-7200)
    closed.sweep()  # puts right when the items are due
    assert isinstance(closed.claim(), Batch)


def test_the_sweep_wakes_for_a_try_and_not_before(closed):
    closed.client.delete("instep:wakes")
    assert not closed.woken()
    closed.pass_time(31)
    assert closed.woken()


def test_a_collection_beside_it_is_served(closed):
    closed.accept(event("s1", {"stock": 1}, collection="stores"))
    assert closed.batch().collection == "stores"


def test_it_stays_closed_for_the_next_process(closed):
    other = Bench(closed.client)
    other.steps.clock_offset_ms = closed.steps.clock_offset_ms
    assert isinstance(other.claim(), Wait)
    other.pass_time(31)
    assert other.batch().alone
