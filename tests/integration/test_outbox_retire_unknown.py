"""Items that are taken away by a request of which nobody knows whether it landed."""

import json

import pytest

from tests.support.outbox_creating import created
from tests.support.outbox_driver import at, sent
from tests.support.outbox_retiring import (
    GONE,
    away,
    delete,
    held,
    idle,
    listed,
    retire,
    unanswered,
    update,
)
from workers.model.attempts import FieldFailure, ItemOutcome, Wait
from workers.model.changes import Gone, Incoming


@pytest.mark.parametrize("how", ["no answer", "expired", "lost"])
def test_what_is_newer_waits_until_no_deletion_can_land(bench, how):
    held(bench)
    retire(bench, "k1", version=at(5))
    away(bench, bench.batch())
    batch = bench.batch()
    if how == "no answer":
        unanswered(bench, batch)
        passed = 0
    else:
        bench.pass_time(31)
        passed = 31
        if how == "lost":
            bench.batch()
            unanswered(bench, batch)
            bench.pass_time(31)
            passed = 31
    update(bench, version=at(6), stock=3)
    bench.claim()
    assert bench.claim().seconds > 20  # and nobody is woken before
    bench.pass_time(59 - passed if how != "expired" else 43)
    assert isinstance(bench.claim(), Wait)
    bench.pass_time(80)
    batch = bench.batch()
    assert (batch.kind, sent(batch)["k1"]["stock"]) == ("update", 3)


def test_a_deletion_of_unknown_outcome_goes_again_without_waiting_for_that(bench):
    held(bench)
    retire(bench, "k1", version=at(5))
    away(bench, bench.batch())
    unanswered(bench, bench.batch())
    bench.pass_time(3)
    batch = bench.batch()
    assert batch.kind == "delete"
    away(bench, batch)
    assert idle(bench)


def test_once_one_is_answered_the_next_item_need_not_wait(bench_with):
    bench = held(bench_with(missing="create"))
    retire(bench, "k1", version=at(5))
    away(bench, bench.batch())
    unanswered(bench, bench.batch())
    bench.pass_time(3)
    away(bench, bench.batch())
    update(bench, version=at(6), name="Pine desk")
    listed(bench)
    assert bench.batch().create


def test_an_item_that_is_deleted_while_its_record_comes_back_is_looked_up(bench_with):
    bench = held(bench_with(missing="create"))
    retire(bench, "k1", version=at(5))
    away(bench, bench.batch())
    batch = bench.batch()
    update(bench, version=at(6), name="Pine desk")
    away(bench, batch)
    assert bench.counts("written", "superseded", "pending") == (2, 1, 1)
    listed(bench)
    batch = bench.batch()
    assert (batch.create, sent(batch)) == (True, {"k1": {"name": "Pine desk"}})


def test_an_answer_that_comes_late_still_tells_that_the_item_is_gone(bench):
    held(bench)
    retire(bench, "k1", version=at(5))
    away(bench, bench.batch())
    batch = bench.batch()
    bench.pass_time(31)
    bench.sweep()
    bench.batch()
    assert away(bench, batch).lost == 1
    assert bench.client.keys("instep:ids:*") == []


def test_what_a_late_write_may_undo_is_not_written_to_a_deleted_item(bench):
    held(bench)
    update(bench, version=at(2), stock=2)
    bench.settle(bench.batch(), ItemOutcome("k1", unknown=True), health="failure")
    delete(bench, version=at(5))
    bench.pass_time(100)
    assert idle(bench)


def test_a_write_that_may_land_is_put_right_where_the_item_stays_after_all(bench):
    held(bench)
    update(bench, version=at(2), stock=2)
    bench.settle(bench.batch(), ItemOutcome("k1", unknown=True), health="failure")
    retire(bench, "k1", version=at(5))
    update(bench, version=at(6), stock=3)
    bench.write(bench.batch())
    bench.pass_time(61)
    batch = bench.batch()
    assert sent(batch)["k1"]["stock"] == 3
    bench.write(batch)
    assert idle(bench)


def test_it_waits_as_long_after_the_clock_was_set_back(bench):
    held(bench)
    retire(bench, "k1", "unpublish", version=at(5))
    unanswered(bench, bench.batch())
    update(bench, version=at(6), stock=3)
    bench.pass_time(-7200)
    bench.sweep()
    assert isinstance(bench.claim(), Wait)
    bench.pass_time(76)
    assert sent(bench.batch())["k1"]["stock"] == 3


def test_the_hash_of_a_retired_item_has_no_ttl(bench):
    delete(held(bench), version=at(5))
    assert bench.client.ttl("instep:item:products:k1") == -1
    assert json.loads(bench.client.hget("instep:item:products:k1", "f::gone"))["r"] == at(5)


def test_a_refusal_that_comes_once_the_record_is_back_makes_no_letter(bench):
    held(bench)
    retire(bench, "k1", "archive", version=at(5))
    batch = bench.batch()
    update(bench, version=at(6), stock=3)
    bench.settle(batch, ItemOutcome("k1", failures=(FieldFailure("refused", (GONE,), "no"),)))
    assert bench.letters() == []
    assert bench.counts("superseded", "dead") == (1, 0)


def test_a_record_that_was_never_taken_away_is_created_whole_if_somebody_deletes_it(bench_with):
    bench = held(bench_with(missing="create"))
    retire(bench, "k1", version=at(5))
    update(bench, version=at(6), stock=2)
    bench.settle(bench.batch(), ItemOutcome("k1", forget=True))
    listed(bench)
    assert sent(bench.batch()) == {"k1": {"name": "Oak desk", "stock": 2}}


def test_a_write_that_may_land_where_no_item_is_left_is_looked_for_and_forgotten(bench):
    held(bench)
    update(bench, version=at(2), stock=2)
    bench.settle(bench.batch(), ItemOutcome("k1", unknown=True), health="failure")
    bench.accept(Incoming(None, "gone", 0, gone=(Gone("products", "id-k1", True),)), source="shop")
    retire(bench, "k1", version=at(5))
    for _ in range(3):
        bench.claim()
        listed(bench)
        bench.pass_time(61)
        if idle(bench):
            break
    assert idle(bench)
    assert bench.counts("unchanged", "pending") == (1, 0)


def test_of_a_new_item_nothing_is_taken_back(bench_with):
    bench = held(bench_with(missing="create"))
    retire(bench, "k1", version=at(5))
    away(bench, bench.batch())
    unanswered(bench, bench.batch())
    update(bench, version=at(6), name="Pine desk")
    bench.pass_time(80)
    bench.settle(bench.batch(), ItemOutcome("k1", forget=True))
    listed(bench)
    bench.settle(batch := bench.batch(), *created(batch))
    bench.pass_time(120)
    assert idle(bench)
