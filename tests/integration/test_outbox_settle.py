"""What an attempt leaves behind: written values, attempts, and what came meanwhile."""

import pytest

from tests.support.outbox_driver import event, sent
from workers.model.attempts import Batch, FieldFailure, ItemOutcome, Wait


@pytest.fixture
def one(bench):
    """An outbox with one pending value, and its claim."""
    bench.accept(event("i1", {"stock": 5}))
    return bench, bench.batch()


def claimed(bench):
    """The one item of the next batch."""
    (item,) = bench.batch().items
    return item


def test_what_the_answer_shows_is_written_and_due_no_more(one):
    bench, batch = one
    settled = bench.write(batch)
    assert (settled.settled, settled.lost, settled.letters) == (1, 0, 0)
    assert bench.counts("written", "pending") == (1, 0)
    assert bench.claim() == Wait(None, "idle")


def test_a_value_that_came_meanwhile_stays_pending_and_is_due_at_once(one):
    bench, batch = one
    bench.accept(event("i1", {"stock": 6}))
    bench.settle(batch, ItemOutcome("i1", written=("stock",), wait=300))
    assert bench.counts("superseded", "written", "pending") == (1, 0, 1)
    assert sent(bench.batch()) == {"i1": {"stock": 6}}


def test_the_same_value_that_came_meanwhile_is_another_value_and_goes_once_more(one):
    bench, batch = one
    bench.accept(event("i1", {"stock": 5}))
    bench.write(batch)
    assert sent(bench.batch()) == {"i1": {"stock": 5}}


def test_a_field_that_came_meanwhile_is_not_settled_with_the_others(one):
    bench, batch = one
    bench.accept(event("i1", {"price": 1}))
    bench.write(batch)
    assert sent(bench.batch()) == {"i1": {"price": 1}}


def test_a_death_spares_what_came_meanwhile(one):
    bench, batch = one
    bench.accept(event("i1", {"stock": 6}))
    settled = bench.settle(
        batch, ItemOutcome("i1", failures=(FieldFailure("refused", ("stock",), "no"),))
    )
    assert settled.letters == 0
    assert bench.state("i1") == "pending"


def test_an_item_is_not_claimed_twice_while_its_claim_lasts(one):
    bench, _ = one
    bench.pass_time(29)
    assert isinstance(bench.claim(), Wait)
    bench.pass_time(1.1)
    assert sent(bench.batch()) == {"i1": {"stock": 5}}


def test_a_late_settle_counts_while_nobody_else_has_claimed_the_item(one):
    bench, batch = one
    bench.pass_time(40)
    assert bench.write(batch).settled == 1
    assert bench.counts("written") == (1,)


def test_a_settle_whose_claim_was_lost_settles_nothing(one):
    bench, slow = one
    bench.pass_time(31)
    other = bench.batch()
    settled = bench.write(slow)
    assert (settled.settled, settled.lost) == (0, 1)
    assert bench.counts("written", "pending") == (0, 1)
    assert bench.write(other).settled == 1


def test_a_repeat_of_the_same_settle_gets_the_first_answer_and_does_nothing(one):
    bench, batch = one
    bench.settle(batch, ItemOutcome("i1", failures=(FieldFailure("refused", ("stock",), "no"),)))
    bench.letter("d1", "replay")
    assert bench.steps.repeat("settle") == {"settled": 1, "lost": 0, "letters": 1}
    assert bench.state("i1") == "pending"


def test_a_counted_attempt_is_told_to_the_next_claim(one):
    bench, batch = one
    bench.settle(batch, ItemOutcome("i1", attempt=True))
    bench.settle(bench.batch(), ItemOutcome("i1", attempt=True))
    assert claimed(bench).attempts == 2


def test_an_attempt_that_does_not_count_is_not_counted(one):
    bench, batch = one
    bench.settle(batch, ItemOutcome("i1"))
    assert claimed(bench).attempts == 0


def test_a_newer_value_starts_the_count_afresh(one):
    bench, batch = one
    bench.settle(batch, ItemOutcome("i1", attempt=True, refused=True, failed=True, wait=300))
    bench.pass_time(10)
    bench.accept(event("i1", {"stock": 6}))
    item = claimed(bench)
    assert (item.attempts, item.refused, item.failed_seconds) == (0, False, 0)


def test_a_stale_value_does_not_start_the_count_afresh(bench):
    bench.accept(event("i1", {"stock": 5}, version=bench.ahead(10)))
    bench.settle(bench.batch(), ItemOutcome("i1", attempt=True))
    bench.accept(event("i1", {"stock": 6}, version=bench.ahead(0)))
    assert claimed(bench).attempts == 1


def test_a_success_starts_the_count_afresh(one):
    bench, batch = one
    bench.settle(batch, ItemOutcome("i1", attempt=True, failed=True, refused=True))
    bench.write(bench.batch())
    bench.accept(event("i1", {"stock": 6}))
    bench.settle(bench.batch(), ItemOutcome("i1"))
    item = claimed(bench)
    assert (item.attempts, item.refused, item.failed_seconds) == (0, False, 0)


def test_the_time_since_an_item_first_failed_alone_is_told(one):
    bench, batch = one
    bench.settle(batch, ItemOutcome("i1", failed=True))
    bench.pass_time(100)
    bench.settle(bench.batch(), ItemOutcome("i1", failed=True))
    bench.pass_time(50)
    assert claimed(bench).failed_seconds == pytest.approx(150, abs=2)


def test_the_destination_is_healthy_once_another_patch_succeeded_since_the_last_attempt(one):
    bench, batch = one
    assert batch.items[0].healthy
    bench.settle(batch, ItemOutcome("i1"))
    again = bench.batch()
    assert not again.items[0].healthy
    bench.settle(again, ItemOutcome("i1"))
    bench.pass_time(1)
    bench.steps.run("record_health", {"destination": "site", "event": "success"})
    assert claimed(bench).healthy


def test_an_answer_without_effect_is_counted_for_the_value_and_not_for_the_next(one):
    bench, batch = one
    bench.settle(batch, ItemOutcome("i1", missed=("stock",)))
    again = bench.batch()
    assert again.items[0].fields[0].misses == 1
    bench.accept(event("i1", {"stock": 6}))
    bench.settle(again, ItemOutcome("i1", missed=("stock",)))
    assert claimed(bench).fields[0].misses == 0


def test_an_answer_without_effect_is_forgotten_once_the_value_was_shown(one):
    bench, batch = one
    bench.settle(batch, ItemOutcome("i1", missed=("stock",), unknown=True))
    bench.write(bench.batch())
    bench.pass_time(61)
    assert claimed(bench).fields[0].misses == 0


def test_a_new_picture_is_sent_with_the_file_that_the_item_held(bench):
    bench.accept(event("i1", {"photo": "https://x/1.png"}, kind="image"))
    batch = bench.batch()
    bench.settle(batch, ItemOutcome("i1", written=("photo",), files={"photo": '{"fileId": "f1"}'}))
    bench.accept(event("i1", {"photo": "https://x/2.png"}, kind="image"))
    assert claimed(bench).fields[0].file == '{"fileId": "f1"}'


def test_a_picture_is_sent_again_by_the_file_that_the_answer_named(bench):
    bench.accept(event("i1", {"photo": "https://x/1.png"}, kind="image"))
    bench.settle(
        bench.batch(), ItemOutcome("i1", files={"photo": '{"fileId": "f1"}'}, unknown=True)
    )
    assert claimed(bench).fields[0].file == '{"fileId": "f1"}'


def test_a_claim_that_was_given_back_is_due_again_and_leaves_nothing_behind(one):
    bench, batch = one
    bench.outbox.give_back(batch)
    item = claimed(bench)
    assert (item.attempts, item.healthy) == (0, False)
    assert "m" not in bench.field("i1")


def test_several_items_of_a_batch_meet_each_their_own_fate(bench):
    bench.accept(*(event(f"i{n}", {"stock": n}, index=n) for n in range(3)))
    batch = bench.batch()
    dead = (FieldFailure("refused", ("stock",), "no"),)
    bench.settle(
        batch,
        ItemOutcome("i0", written=("stock",)),
        ItemOutcome("i1", failures=dead),
        ItemOutcome("i2"),
    )
    assert [bench.state(f"i{n}") for n in range(3)] == ["written", "dead", "pending"]
    assert isinstance(bench.claim(), Batch)


def test_who_goes_by_a_new_schema_is_told_of_it_until_it_is_taken_or_dies(bench):
    bench.accept(event("i1", {"stock": 5}))

    def attempt(**outcome):
        batch = bench.batch()
        bench.settle(batch, ItemOutcome("i1", **outcome))
        return batch.items[0].by_new_schema

    assert not attempt(by_new_schema=True)
    assert attempt(limit=1)
    assert attempt(written=("stock",))
    bench.accept(event("i1", {"stock": 6}))
    assert not attempt(by_new_schema=True)
    assert attempt(failures=(FieldFailure("refused", ("stock",), "no"),))
    bench.accept(event("i1", {"stock": 7}))
    assert not attempt()
