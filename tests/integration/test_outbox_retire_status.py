"""Items that are archived, made drafts or unpublished, and records that come back."""

import pytest

from tests.support.outbox_driver import at, event, sent
from tests.support.outbox_retiring import GONE, away, held, idle, retire, update
from workers.model.attempts import FieldFailure, ItemOutcome, Wait
from workers.model.changes import Gone, Incoming


def flag(bench, slug, value, version):
    bench.accept(event("k1", {slug: value}, by="key", kind="flag", version=version))


def taken_back(bench):
    """What the next batch takes back of a retirement, and beside it the fields it writes."""
    (values,) = sent(bench.claim()).values()
    return values.pop(GONE, None), values


def test_an_item_is_archived_by_a_patch_with_what_waits_of_it(bench):
    held(bench)
    update(bench, version=at(2), stock=2)
    retire(bench, "k1", "archive", version=at(5))
    batch = bench.batch()
    assert (batch.kind, sent(batch)) == ("update", {"k1": {"stock": 2, GONE: "archive"}})
    bench.write(batch)
    assert bench.counts("accepted", "written", "pending") == (4, 4, 0)
    assert idle(bench)


@pytest.mark.parametrize(
    ("live", "way", "kind"),
    [
        (True, "archive", "update"),
        (False, "archive", "update"),
        (True, "draft", "unpublish"),
        (False, "draft", "update"),
        (True, "unpublish", "unpublish"),
        (False, "unpublish", "unpublish"),
    ],
)
def test_each_way_has_its_request(bench_with, live, way, kind):
    bench = held(bench_with(live=live))
    retire(bench, "k1", way, version=at(5))
    assert bench.batch().kind == kind


def test_an_unpublished_item_is_written_staged_only(bench):
    held(bench)
    update(bench, version=at(2), stock=2)
    retire(bench, "k1", "unpublish", version=at(5))
    batch = bench.batch()
    assert sent(batch) == {"k1": {GONE: "unpublish"}}
    away(bench, batch)
    batch = bench.batch()
    assert (batch.kind, batch.staged, sent(batch)) == ("update", True, {"k1": {"stock": 2}})
    bench.write(batch)
    assert bench.counts("accepted", "written") == (4, 4)
    assert idle(bench)


def test_a_newer_update_takes_out_of_the_archive_what_we_put_there(bench):
    held(bench)
    retire(bench, "k1", "archive", version=at(5))
    bench.write(bench.batch())
    assert update(bench, version=at(4), stock=2) == ["stale"]
    update(bench, version=at(6), stock=3)
    batch = bench.batch()
    assert sent(batch) == {"k1": {"stock": 3, GONE: ["_archived"]}}
    bench.write(batch)
    assert bench.counts("accepted", "written", "stale", "pending") == (5, 4, 1, 0)
    assert idle(bench)


def test_but_nothing_that_was_never_sent(bench):
    held(bench)
    retire(bench, "k1", "archive", version=at(5))
    update(bench, version=at(6), stock=3)
    assert taken_back(bench) == (None, {"stock": 3})


def test_nor_what_was_refused(bench):
    held(bench)
    retire(bench, "k1", "archive", version=at(5))
    bench.settle(
        bench.batch(), ItemOutcome("k1", failures=(FieldFailure("refused", (GONE,), "no"),))
    )
    update(bench, version=at(6), stock=3)
    assert taken_back(bench) == (None, {"stock": 3})


@pytest.mark.parametrize("way", ["draft", "unpublish"])
def test_a_newer_update_publishes_again(bench, way):
    held(bench)
    retire(bench, "k1", way, version=at(5))
    away(bench, bench.batch())
    update(bench, version=at(6), stock=3)
    batch = bench.batch()
    assert (batch.staged, sent(batch)) == (True, {"k1": {"stock": 3, GONE: ["_draft"]}})
    bench.settle(batch, ItemOutcome("k1", publish=True))
    assert bench.batch().publish


def test_a_record_that_comes_back_while_the_request_is_out_is_put_back_after_it(bench):
    held(bench)
    retire(bench, "k1", "unpublish", version=at(5))
    batch = bench.batch()
    update(bench, version=at(6), stock=3)
    assert isinstance(bench.claim(), Wait)
    away(bench, batch)
    assert bench.counts("superseded", "pending") == (1, 1)
    assert taken_back(bench) == (["_draft"], {"stock": 3})


def test_after_two_ways_both_are_taken_back(bench):
    held(bench)
    retire(bench, "k1", "archive", version=at(5))
    bench.write(bench.batch())
    retire(bench, "k1", "unpublish", version=at(6))
    away(bench, bench.batch())
    update(bench, version=at(7), stock=3)
    back, _ = taken_back(bench)
    assert sorted(back) == ["_archived", "_draft"]


def test_a_deletion_that_was_half_done_is_taken_back(bench):
    held(bench)
    retire(bench, "k1", "delete", version=at(5))
    away(bench, bench.batch())
    update(bench, version=at(6), stock=3)
    assert taken_back(bench) == (["_draft"], {"stock": 3})


def test_what_a_mapping_said_of_the_status_is_put_back(bench):
    held(bench)
    flag(bench, "_archived", True, at(2))
    bench.write(bench.batch())
    retire(bench, "k1", "archive", version=at(5))
    bench.write(bench.batch())
    update(bench, version=at(6), stock=3)
    assert taken_back(bench) == (None, {"stock": 3, "_archived": True})


def test_a_status_that_waited_does_not_undo_the_retirement(bench):
    held(bench)
    flag(bench, "_archived", False, at(2))
    retire(bench, "k1", "archive", version=at(5))
    assert sent(bench.batch()) == {"k1": {GONE: "archive"}}
    assert bench.counts("superseded") == (1,)


def test_nor_does_one_that_may_still_land(bench):
    held(bench)
    flag(bench, "_archived", False, at(2))
    bench.settle(bench.batch(), ItemOutcome("k1", unknown=True), health="failure")
    retire(bench, "k1", "archive", version=at(5))
    bench.write(bench.batch())
    bench.pass_time(61)
    batch = bench.batch()
    assert sent(batch) == {"k1": {GONE: "archive"}}
    bench.write(batch)
    assert idle(bench)


def test_an_archiving_of_unknown_outcome_goes_once_more(bench):
    held(bench)
    retire(bench, "k1", "archive", version=at(5))
    bench.settle(bench.batch(), ItemOutcome("k1", unknown=True), health="failure")
    bench.write(bench.batch())
    bench.pass_time(61)
    batch = bench.batch()
    assert sent(batch) == {"k1": {GONE: "archive"}}
    bench.write(batch)
    assert idle(bench)
    assert bench.counts("accepted", "written") == (3, 3)


def test_an_archived_item_that_is_gone_again_needs_no_request(bench):
    held(bench)
    retire(bench, "k1", "archive", version=at(5))
    bench.write(bench.batch())
    retire(bench, "k1", "archive", version=at(6))
    assert bench.told() == ["unchanged"]


def test_a_record_that_went_twice_and_came_back_between_is_archived_twice(bench):
    held(bench)
    for second in (5, 7):
        retire(bench, "k1", "archive", version=at(second))
        bench.write(bench.batch())
        update(bench, version=at(second + 1), stock=second)
        assert taken_back(bench)[0] == ["_archived"]
        bench.pass_time(31)
        bench.write(bench.batch())
        bench.pass_time(80)
        if isinstance(step := bench.claim(), Wait):
            continue
        bench.write(step)
    assert idle(bench)


def test_a_refused_return_is_a_letter(bench):
    held(bench)
    retire(bench, "k1", "archive", version=at(5))
    bench.write(bench.batch())
    update(bench, version=at(6), stock=3)
    failure = FieldFailure("refused", (GONE,), "no")
    bench.settle(bench.batch(), ItemOutcome("k1", written=("stock",), failures=(failure,)))
    assert bench.counts("accepted", "written", "dead") == (4, 3, 1)
    (letter,) = bench.letters()
    bench.letter(letter["id"], "replay")
    batch = bench.batch()
    assert sent(batch) == {"k1": {GONE: ["_archived"]}}
    bench.write(batch)
    assert bench.counts("written", "dead", "pending") == (4, 0, 0)


def test_nor_does_one_that_is_out_and_is_not_answered(bench):
    held(bench)
    flag(bench, "_archived", False, at(2))
    batch = bench.batch()
    retire(bench, "k1", "archive", version=at(5))
    bench.settle(batch, ItemOutcome("k1", unknown=True), health="failure")
    bench.write(bench.batch())
    bench.pass_time(61)
    batch = bench.batch()
    assert sent(batch) == {"k1": {GONE: "archive"}}
    bench.write(batch)
    assert idle(bench)


def test_what_was_archived_before_is_taken_back_also_where_a_second_time_was_refused(bench):
    held(bench)
    retire(bench, "k1", "archive", version=at(5))
    bench.write(bench.batch())
    told = Incoming(None, "gone", 0, gone=(Gone("products", "id-k1", False),))
    bench.accept(told, source="shop")
    retire(bench, "k1", "archive", version=at(6))
    bench.settle(
        bench.batch(), ItemOutcome("k1", failures=(FieldFailure("refused", (GONE,), "no"),))
    )
    update(bench, version=at(7), stock=3)
    assert taken_back(bench) == (["_archived"], {"stock": 3})


def test_what_was_taken_back_is_not_taken_back_again(bench):
    held(bench)
    retire(bench, "k1", "archive", version=at(5))
    bench.write(bench.batch())
    update(bench, version=at(6), stock=3)
    bench.write(bench.batch())
    retire(bench, "k1", "keep", version=at(7))
    update(bench, version=at(8), stock=4)
    assert taken_back(bench) == (None, {"stock": 4})


def test_an_item_that_is_not_there_need_not_be_archived(bench):
    retire(bench, "i1", "archive", by="item", version=at(5))
    failure = FieldFailure("missing", (GONE,), "no such item")
    bench.settle(bench.batch(), ItemOutcome("i1", failures=(failure,)))
    assert bench.letters() == []
    assert bench.counts("unchanged", "dead", "pending") == (1, 0, 0)


def test_what_we_have_only_ever_unpublished_needs_no_second_request(bench):
    retire(bench, "i1", "unpublish", by="item", version=at(5))
    away(bench, bench.batch())
    retire(bench, "i1", "unpublish", by="item", version=at(6))
    assert bench.told() == ["unchanged"]
