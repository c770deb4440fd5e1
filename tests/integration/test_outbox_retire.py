"""Records that are gone at their source: what becomes of their items and of what comes late."""

import pytest

from tests.support.outbox_creating import created
from tests.support.outbox_driver import at, number, sent
from tests.support.outbox_retiring import GONE, away, delete, held, idle, listed, retire, update
from workers.model.attempts import Batch, FieldFailure, ItemOutcome, Lookup, Wait


def test_a_deleted_record_takes_its_live_copy_away_and_then_its_item(bench):
    held(bench)
    retire(bench, "k1", version=at(5))
    first = bench.batch()
    assert (first.kind, [item.id for item in first.items]) == ("unpublish", ["id-k1"])
    away(bench, first)
    assert bench.counts("pending", "written") == (1, 2)
    second = bench.batch()
    assert (second.kind, [item.id for item in second.items]) == ("delete", ["id-k1"])
    away(bench, second)
    assert bench.counts("accepted", "written", "pending") == (3, 3, 0)
    assert idle(bench)


def test_an_item_that_is_staged_only_is_deleted_at_once(bench_with):
    bench = held(bench_with(live=False))
    retire(bench, "k1", version=at(5))
    assert bench.batch().kind == "delete"


def test_a_hundred_items_are_deleted_by_two_requests(bench):
    records = [f"k{n}" for n in range(100)]
    held(bench, *records)
    for record in records:
        retire(bench, record, version=at(5))
    for kind in ("unpublish", "delete"):
        batch = bench.batch()
        assert (batch.kind, len(batch.items)) == (kind, 100)
        away(bench, batch)
    assert idle(bench)


def test_a_request_that_takes_items_away_carries_nothing_else(bench):
    held(bench, "k1", "k2")
    retire(bench, "k1", version=at(5))
    update(bench, "k2", version=at(5), stock=7)
    batches = [bench.batch(), bench.batch()]
    assert {batch.kind: sent(batch) for batch in batches} == {
        "unpublish": {"k1": {GONE: "delete"}},
        "update": {"k2": {"stock": 7}},
    }


def test_a_late_update_does_not_bring_a_deleted_record_back(bench):
    delete(held(bench), version=at(5))
    assert update(bench, version=at(4), stock=2, price=3) == ["stale", "stale"]
    assert idle(bench)


def test_nor_one_that_comes_before_the_item_is_deleted(bench):
    held(bench)
    retire(bench, "k1", version=at(5))
    assert update(bench, version=at(4), stock=2) == ["stale"]
    assert bench.batch().retire


def test_a_deletion_that_comes_late_does_not_take_a_newer_record_away(bench):
    held(bench, version=at(5))
    retire(bench, "k1", version=at(4))
    assert bench.told() == ["stale"]
    assert idle(bench)


def test_it_is_compared_with_the_newest_of_all_fields(bench):
    held(bench)
    update(bench, version=at(9), price=3)
    bench.write(bench.batch())
    retire(bench, "k1", version=at(5))
    assert bench.told() == ["stale"]


def test_the_later_of_two_equal_versions_wins(bench):
    held(bench)
    retire(bench, "k1", version=at(1))
    assert bench.told() == ["accepted"]
    assert update(bench, version=at(1), stock=2) == ["accepted"]
    assert update(bench, version=at(1), price=2) == ["accepted"]
    assert bench.batch().kind == "update"


def test_a_repeat_of_a_deletion_does_not_delete_what_came_after_it(bench):
    held(bench)
    retire(bench, "k1", version=at(5), id="e1")
    update(bench, version=at(5), stock=2, id="e2")
    bench.pass_time(4 * 86400)  # longer than ids are remembered
    retire(bench, "k1", version=at(5), id="e1")
    assert bench.told() == ["stale"]


@pytest.mark.parametrize("mode", ["remap", "reconcile"])
def test_neither_a_replay_nor_a_snapshot_wins_a_tie(bench, mode):
    held(bench)
    retire(bench, "k1", version=at(1), mode=mode)
    assert bench.told() == ["stale"]
    retire(bench, "k1", version=at(5))
    assert update(bench, version=at(5), stock=2, mode=mode) == ["stale"]


def test_without_a_version_the_last_to_come_wins(bench):
    held(bench)
    retire(bench, "k1")
    assert bench.told() == ["accepted"]
    assert update(bench, stock=2) == ["accepted"]
    retire(bench, "k1")
    assert bench.told() == ["accepted"]


def test_also_after_a_time_that_is_ahead_of_the_clock(bench):
    held(bench, version=bench.ahead(1800))
    retire(bench, "k1")
    assert bench.told() == ["accepted"]
    assert update(bench, price=2) == ["accepted"]


def test_a_retirement_of_another_kind_than_all_values_is_a_problem_of_the_event(bench):
    held(bench, version=number(1))
    retire(bench, "k1", version=at(5))
    (letter,) = bench.letters()
    assert "of products k1 holds a sequence" in letter["problems"]


def test_retirements_of_two_kinds_are_a_problem_of_the_event(bench):
    retire(bench, "k1", version=at(5))
    retire(bench, "k1", version=number(1))
    (letter,) = bench.letters()
    words = "its version is a sequence, but its retirement of products k1 holds a time"
    assert words in letter["problems"]


def test_what_still_waited_is_overtaken_by_the_deletion(bench):
    held(bench)
    update(bench, version=at(2), stock=2)
    retire(bench, "k1", version=at(5))
    assert bench.counts("written", "superseded", "pending") == (2, 1, 1)
    assert sent(bench.batch()) == {"k1": {GONE: "delete"}}


def test_what_lay_in_a_letter_leaves_it_and_the_letter_closes(bench):
    held(bench)
    update(bench, version=at(2), stock=2)
    failure = FieldFailure("refused", ("stock",), "no")
    bench.settle(bench.batch(), ItemOutcome("k1", failures=(failure,)))
    assert len(bench.letters()) == 1
    retire(bench, "k1", version=at(5))
    assert bench.letters() == []
    assert bench.counts("dead", "superseded", "pending") == (0, 1, 1)


def test_a_value_that_is_out_when_its_record_goes_is_counted_once(bench):
    held(bench)
    update(bench, version=at(2), stock=2)
    batch = bench.batch()
    retire(bench, "k1", version=at(5))
    bench.write(batch)
    assert bench.counts("written", "superseded", "pending") == (2, 1, 1)


def test_its_refusal_makes_no_letter(bench):
    held(bench)
    update(bench, version=at(2), stock=2)
    batch = bench.batch()
    retire(bench, "k1", version=at(5))
    bench.settle(batch, ItemOutcome("k1", failures=(FieldFailure("refused", ("stock",), "no"),)))
    assert bench.letters() == []


def test_a_newer_update_keeps_an_item_that_was_not_deleted_yet(bench):
    held(bench)
    retire(bench, "k1", version=at(5))
    assert update(bench, version=at(6), stock=2) == ["accepted"]
    batch = bench.batch()
    assert (batch.kind, sent(batch)) == ("update", {"k1": {"stock": 2}})
    bench.write(batch)
    assert bench.counts("accepted", "written", "superseded", "pending") == (4, 3, 1, 0)
    assert idle(bench)


def test_a_newer_update_creates_a_deleted_item_anew(bench_with):
    bench = held(bench_with(missing="create"))
    delete(bench, version=at(5))
    update(bench, version=at(6), name="Pine desk")
    listed(bench)
    batch = bench.batch()
    # The old stock is that of a record that is gone.
    assert (batch.create, sent(batch)) == (True, {"k1": {"name": "Pine desk"}})
    bench.settle(batch, *created(batch))
    assert bench.counts("written", "pending", "dead") == (4, 0, 0)
    assert idle(bench)


def test_an_old_name_names_no_new_item(bench_with):
    bench = held(bench_with(missing="create"))
    delete(bench, version=at(5))
    update(bench, version=at(6), stock=2)
    listed(bench)
    assert isinstance(bench.claim(), Wait)
    assert [letter["kind"] for letter in bench.letters()] == ["missing"]


def test_an_item_that_is_not_created_is_missing_as_ever(bench):
    delete(held(bench), version=at(5))
    update(bench, version=at(6), stock=2)
    listed(bench)
    assert bench.counts("dead", "pending") == (1, 0)


def test_what_is_gone_is_never_created(bench_with):
    bench = bench_with(missing="create")
    update(bench, "k1", version=at(1), name="Oak desk")
    retire(bench, "k1", "archive", version=at(5))
    bench.list_all()
    assert bench.counts("superseded", "unchanged", "pending") == (1, 1, 0)
    assert idle(bench)


def test_nor_once_it_was_to_be_created(bench_with):
    bench = held(bench_with(missing="create"), "k2")
    update(bench, "k1", version=at(1), name="Oak desk")
    bench.pass_time(31)
    bench.list_all(("k2", "id-k2"))
    retire(bench, "k1", version=at(5))
    assert not isinstance(bench.claim(), Batch)
    listed(bench, ("k2", "id-k2"))
    assert bench.counts("superseded", "unchanged", "pending") == (1, 1, 0)


def test_where_there_is_no_item_there_is_nothing_to_delete(bench):
    retire(bench, "k1", version=at(5))
    bench.list_all(("k2", "id-k2"))
    assert bench.counts("accepted", "unchanged", "dead") == (1, 1, 0)
    assert update(bench, version=at(4)) == ["stale"]


def test_an_item_that_is_named_by_its_id_is_deleted_too(bench):
    bench.confirm("i1", {"stock": 5}, version=at(1))
    retire(bench, "i1", by="item", version=at(5))
    away(bench, bench.batch())
    batch = bench.batch()
    assert (batch.kind, batch.items[0].id) == ("delete", "i1")
    away(bench, batch)
    assert idle(bench)


def test_a_refused_deletion_is_a_letter_and_can_be_replayed(bench):
    held(bench)
    retire(bench, "k1", version=at(5))
    away(bench, bench.batch())
    failure = FieldFailure("refused", (GONE,), "still referenced", 409)
    bench.settle(
        bench.batch(), ItemOutcome("k1", failures=(failure,), attempt=True), health="refusal"
    )
    (letter,) = bench.letters()
    assert (letter["kind"], letter["key"], bench.counts("dead")) == ("refused", "k1", (1,))
    assert update(bench, version=at(4)) == ["stale"]
    bench.letter(letter["id"], "replay")
    away(bench, bench.batch())
    assert bench.counts("dead", "written", "pending") == (0, 3, 0)


def test_a_newer_update_takes_a_refused_deletion_out_of_its_letter(bench):
    held(bench)
    retire(bench, "k1", version=at(5))
    away(bench, bench.batch())
    failure = FieldFailure("refused", (GONE,), "still referenced", 409)
    bench.settle(bench.batch(), ItemOutcome("k1", failures=(failure,)), health="refusal")
    update(bench, version=at(6), stock=2)
    assert bench.letters() == []
    assert bench.counts("dead", "superseded") == (0, 1)


def test_a_repeat_of_the_settle_changes_nothing(bench):
    held(bench)
    delete(bench, version=at(5))
    before = bench.counts()
    first = bench.steps.repeat("settle")
    assert (first["settled"], bench.counts()) == (1, before)


def test_the_index_has_no_id_of_a_deleted_item(bench):
    delete(held(bench), version=at(5))
    assert bench.client.keys("instep:ids:*") + bench.client.keys("instep:keys:*") == []


def test_a_look_up_that_was_under_way_finds_what_is_to_be_deleted(bench):
    knowing = held(bench, "k2")
    retire(knowing, "k1", version=at(5))
    knowing.pass_time(31)
    step = knowing.claim()
    assert isinstance(step, Lookup)
    knowing.page(step, [("k1", "id-k1")])
    assert [item.id for item in knowing.batch().items] == ["id-k1"]
