"""Requests of unknown outcome: the newest value is written once more when they can land no more."""

import pytest

from tests.support.outbox_driver import event, sent
from workers.model.attempts import Batch, FieldFailure, ItemOutcome, Wait


@pytest.fixture
def unknown(bench):
    """An outbox where a request with stock 5 got no answer."""
    bench.accept(event("i1", {"stock": 5}))
    bench.settle(bench.batch(), ItemOutcome("i1", unknown=True), health="failure")
    return bench


def repair_of(bench):
    """The field of the next batch, which must be a repair."""
    (field,) = bench.batch().items[0].fields
    assert field.repair
    return field


def idle(bench):
    return not isinstance(bench.claim(), Batch)


def test_an_ordinary_retry_does_not_wait_for_what_may_still_land(unknown):
    (field,) = unknown.batch().items[0].fields
    assert not field.repair


def test_after_an_unknown_outcome_the_value_is_written_once_more_after_a_minute(unknown):
    unknown.write(unknown.batch())
    assert unknown.claim() == Wait(pytest.approx(60, abs=1), "later")
    assert not unknown.woken()
    unknown.pass_time(60.1)
    assert repair_of(unknown).value == "5"


def test_a_repair_is_not_counted(unknown):
    unknown.write(unknown.batch())
    before = unknown.counts()
    unknown.pass_time(61)
    unknown.write(unknown.batch())
    assert unknown.counts() == before
    assert unknown.state("i1") == "written"


def test_a_repair_that_was_answered_clears_the_mark_and_confirms(unknown):
    unknown.write(unknown.batch())
    unknown.pass_time(61)
    unknown.write(unknown.batch())
    unknown.pass_time(100)
    assert unknown.claim() == Wait(None, "idle")
    unknown.accept(event("i1", {"stock": 5}))
    assert unknown.told() == ["unchanged"]


def test_only_a_request_sent_after_a_minute_clears_the_mark(unknown):
    unknown.pass_time(59)
    unknown.write(unknown.batch())
    assert "m" in unknown.field("i1")
    unknown.pass_time(2)
    assert repair_of(unknown)


def test_a_retry_sent_after_a_minute_needs_no_repair(unknown):
    unknown.pass_time(61)
    unknown.write(unknown.batch())
    assert "m" not in unknown.field("i1")


def test_a_repair_writes_the_newest_value(unknown):
    unknown.accept(event("i1", {"stock": 6}))
    unknown.write(unknown.batch())
    unknown.pass_time(61)
    assert repair_of(unknown).value == "6"


def test_only_the_fields_that_were_sent_are_repaired(bench):
    bench.confirm("i1", {"price": 9})
    bench.accept(event("i1", {"stock": 5}))
    bench.settle(bench.batch(), ItemOutcome("i1", unknown=True))
    bench.write(bench.batch())
    bench.pass_time(61)
    assert sent(bench.batch()) == {"i1": {"stock": 5}}


def test_an_expired_claim_may_have_been_sent_at_the_last_moment(bench):
    bench.accept(event("i1", {"stock": 5}))
    bench.batch()
    bench.pass_time(31)
    bench.write(bench.batch())
    bench.pass_time(43)
    assert idle(bench)
    bench.pass_time(2)  # 15 s until it was sent, 60 s until it landed
    assert repair_of(bench)


def test_a_claim_that_finds_nothing_but_a_mark_says_when_it_may_be_repaired(unknown):
    unknown.write(unknown.batch())
    unknown.pass_time(61)
    unknown.batch()  # the repair, and its worker dies
    unknown.pass_time(31)
    assert unknown.claim() == Wait(pytest.approx(44, abs=1), "later")


def test_a_lost_settle_marks_what_it_sent(bench):
    bench.accept(event("i1", {"stock": 5}))
    slow = bench.batch()
    bench.pass_time(80)
    other = bench.batch()
    bench.write(slow)
    bench.write(other)
    bench.pass_time(61)
    assert repair_of(bench)


def test_a_second_unknown_outcome_puts_the_repair_off(unknown):
    unknown.pass_time(40)
    unknown.settle(unknown.batch(), ItemOutcome("i1", unknown=True))
    unknown.write(unknown.batch())
    unknown.pass_time(50)
    assert idle(unknown)
    unknown.pass_time(11)
    assert repair_of(unknown)


def test_a_mark_is_never_brought_forward(bench):
    bench.accept(event("i1", {"stock": 5}))
    slow = bench.batch()
    bench.pass_time(31)
    bench.batch()  # and its worker dies
    bench.pass_time(29)
    bench.write(slow)
    bench.pass_time(2)
    bench.write(bench.batch())
    bench.pass_time(55)  # 117 s: the claim that ran out could land until 106 s
    assert idle(bench)
    bench.pass_time(4)
    assert repair_of(bench)


def test_a_repair_that_fails_backs_off(unknown):
    unknown.write(unknown.batch())
    unknown.pass_time(61)
    unknown.settle(unknown.batch(), ItemOutcome("i1", wait=120))
    assert idle(unknown)
    unknown.pass_time(119)
    assert idle(unknown)
    unknown.pass_time(2)
    assert repair_of(unknown)


def test_a_repair_that_is_due_does_not_cut_the_backoff_of_another_field_short(unknown):
    unknown.write(unknown.batch())
    unknown.accept(event("i1", {"price": 1}))
    unknown.settle(unknown.batch(), ItemOutcome("i1", wait=200))
    unknown.pass_time(100)
    assert idle(unknown)


def test_a_refused_repair_moves_its_value_from_written_to_dead(unknown):
    unknown.write(unknown.batch())
    unknown.pass_time(61)
    unknown.settle(
        unknown.batch(), ItemOutcome("i1", failures=(FieldFailure("refused", ("stock",), "no"),))
    )
    assert unknown.counts("accepted", "written", "dead") == (1, 0, 1)
    assert len(unknown.letters()) == 1


@pytest.mark.parametrize("act", [None, "discard"], ids=["dead", "discarded"])
def test_a_mark_on_a_value_that_is_not_to_be_written_waits_for_the_next_value(unknown, act):
    unknown.settle(
        unknown.batch(), ItemOutcome("i1", failures=(FieldFailure("refused", ("stock",), "no"),))
    )
    if act:
        unknown.letter("d1", act)
    unknown.pass_time(200)
    assert idle(unknown)
    assert "m" in unknown.field("i1")
    unknown.accept(event("i1", {"stock": 6}))
    unknown.write(unknown.batch())
    assert "m" not in unknown.field("i1")


def test_an_unchanged_value_can_need_a_repair(bench):
    bench.accept(event("i1", {"stock": 5}))
    slow = bench.batch()
    bench.pass_time(76)
    bench.write(bench.batch())  # clears the mark of the claim that ran out
    bench.accept(event("i1", {"stock": 5}))
    assert bench.told() == ["unchanged"]
    bench.write(slow)
    bench.pass_time(61)
    assert repair_of(bench)
    assert bench.counts("unchanged") == (1,)


@pytest.mark.parametrize(("missing", "fate"), [("dead-letter", "dead"), ("ignore", "ignored")])
def test_a_repair_of_an_item_that_is_gone_ends(bench_with, missing, fate):
    bench = bench_with(missing=missing)
    bench.accept(event("sku", {"stock": 5}, by="key"))
    bench.list_all(("sku", "id-1"))
    bench.settle(bench.batch(), ItemOutcome("sku", unknown=True))
    bench.write(bench.batch())
    bench.pass_time(61)
    bench.settle(bench.batch(), ItemOutcome("sku", forget=True))
    bench.list_all()
    assert bench.state("sku") == fate
    assert bench.counts("written", fate) == (0, 1)
    bench.pass_time(31)
    assert bench.claim() == Wait(None, "idle")


def test_a_mark_from_before_the_clock_stepped_back_gets_all_of_its_time_again(unknown):
    unknown.write(unknown.batch())
    unknown.pass_time(-3600)
    unknown.sweep()
    assert idle(unknown)
    unknown.pass_time(76)
    assert repair_of(unknown)


def test_a_claim_from_before_the_clock_stepped_back_clears_no_mark(unknown):
    batch = unknown.batch()
    unknown.pass_time(-3600)
    unknown.accept(event("i1", {"price": 1}))
    unknown.write(batch)
    unknown.write(unknown.batch())
    unknown.pass_time(76)
    unknown.sweep()
    assert repair_of(unknown)
