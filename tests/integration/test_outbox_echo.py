"""What the CMS tells of its own items: our write that comes back is no news, an edit is."""

import pytest

from tests.support.outbox_driver import at, event, sent
from tests.support.outbox_echoes import iso, tell, write
from workers.model.attempts import Batch, FieldFailure, ItemOutcome


def nothing_goes_out(bench):
    return not isinstance(bench.claim(), Batch)


@pytest.fixture
def written(bench):
    """An outbox whose source said 30 and then 31, each of which was written a second later."""
    write(bench, 30, 10, 11)
    write(bench, 31, 20, 21)
    return bench


def untouched(bench):
    return bench.client.hgetall("instep:item:products:i1"), bench.client.get("instep:arrival")


def test_our_own_write_that_comes_back_changes_nothing(written):
    before = untouched(written)
    assert tell(written, {"stock": 31}, 21) == ["unchanged"]
    assert untouched(written) == before
    assert nothing_goes_out(written)
    assert written.counts("accepted", "written", "superseded", "unchanged") == (3, 2, 0, 1)


def test_an_echo_does_not_outdate_a_change_that_was_made_before_our_write_and_comes_later(written):
    tell(written, {"stock": 31}, 21)
    written.accept(event("i1", {"stock": 32}, version=at(20.5)))
    assert sent(written.batch()) == {"i1": {"stock": 32}}


@pytest.mark.parametrize(
    ("ours", "shown"), [(31, 31.0), (0, -0.0), ("31", 31), (None, ""), ("", None), (None, False)]
)
def test_an_echo_is_told_by_value_not_by_text(bench, ours, shown):
    write(bench, ours, 10, 11)
    assert tell(bench, {"stock": shown}, 11) == ["unchanged"]


def test_a_text_of_digits_is_no_number_where_the_field_holds_text(bench):
    write(bench, "31", 10, 11, kind="plain")
    assert tell(bench, {"stock": 31}, 12, kind="plain") == ["accepted"]


def test_an_echo_that_comes_before_the_answer_changes_nothing(bench):
    bench.accept(event("i1", {"stock": 31}, version=at(10)))
    batch = bench.batch()
    assert tell(bench, {"stock": 31, "price": 5}, 11) == ["unchanged", "unchanged"]
    bench.write(batch, updated=iso(11))
    assert nothing_goes_out(bench)
    assert "price" not in bench.item("i1")[1]


def test_a_late_echo_of_an_older_write_does_not_put_it_back(written):
    # Its time is later than that of the change that it would undo.
    written.accept(event("i1", {"stock": 32}, version=at(10.5)))
    assert tell(written, {"stock": 30}, 11) == ["stale"]
    assert nothing_goes_out(written)


def test_a_late_echo_is_none_the_less_where_the_newer_value_comes_from_further_back(bench):
    write(bench, 30, 1, 11)
    write(bench, 31, 2, 21)
    assert tell(bench, {"stock": 30}, 11) == ["stale"]
    assert bench.value("i1") == 31


@pytest.mark.parametrize("off", [-0.004, 0.004])
def test_an_echo_may_be_told_with_a_time_that_is_some_ms_off(bench, off):
    write(bench, 30, 1, 11)
    write(bench, 31, 2, 21)
    assert tell(bench, {"stock": 30}, 11 + off) == ["stale"]
    assert tell(bench, {"stock": 31}, 21 + off) == ["unchanged"]


def test_an_older_write_is_known_while_the_next_is_still_in_the_air(bench):
    write(bench, 30, 1, 11)
    bench.accept(event("i1", {"stock": 31}, version=at(2)))
    bench.batch()
    assert tell(bench, {"stock": 30}, 11) == ["stale"]


def test_an_echo_of_what_has_been_overtaken_while_in_the_air_changes_nothing(bench):
    bench.accept(event("i1", {"stock": 30}, version=at(1)))
    bench.batch()
    bench.accept(event("i1", {"stock": 31}, version=at(2)))
    assert tell(bench, {"stock": 30}, 11) == ["stale"]
    assert bench.value("i1") == 31


def test_what_somebody_sets_back_to_an_older_value_of_ours_gets_out(written):
    assert tell(written, {"stock": 30}, 21.001) == ["accepted"]
    assert sent(written.batch()) == {"i1": {"stock": 30}}


@pytest.mark.parametrize("updated", [21.0, 21.001, 21.5])
def test_an_edit_in_the_second_of_our_write_gets_out(written, updated):
    assert tell(written, {"stock": 40}, updated) == ["accepted"]
    assert sent(written.batch()) == {"i1": {"stock": 40}}
    assert written.counts("written", "pending", "unchanged") == (2, 1, 0)


def test_an_edit_that_is_told_before_our_write_was_answered_gets_out(bench):
    bench.accept(event("i1", {"stock": 31}, version=at(10)))
    batch = bench.batch()
    assert tell(bench, {"stock": 40}, 11) == ["accepted"]
    bench.write(batch, updated=iso(10.9))
    assert sent(bench.batch()) == {"i1": {"stock": 40}}


def test_an_edit_that_our_write_went_over_is_weighed_by_its_version(bench):
    write(bench, 31, 10, 21)
    assert tell(bench, {"stock": 40}, 15) == ["accepted"]
    write(bench, 41, 30, 31)
    assert tell(bench, {"stock": 42}, 29) == ["stale"]


def test_our_write_of_an_edit_that_comes_back_changes_nothing(written):
    tell(written, {"stock": 40}, 22)
    written.write(written.batch(), updated=iso(23))
    assert tell(written, {"stock": 40}, 23) == ["unchanged"]
    assert nothing_goes_out(written)


def test_our_older_write_that_landed_after_an_edit_does_not_undo_it(bench):
    bench.accept(event("i1", {"stock": 31}, version=at(10)))
    batch = bench.batch()
    tell(bench, {"stock": 40}, 11)
    bench.write(batch, updated=iso(12))
    assert [known.split(",")[2] for known in bench.field("i1")["k"].split()] == [at(12), at(11)]
    assert tell(bench, {"stock": 31}, 12) == ["stale"]
    assert sent(bench.batch()) == {"i1": {"stock": 40}}


def test_nor_where_it_is_told_before_it_was_answered(bench):
    bench.accept(event("i1", {"stock": 31}, version=at(10)))
    bench.batch()
    tell(bench, {"stock": 40}, 11)
    assert tell(bench, {"stock": 31}, 12) == ["stale"]
    assert bench.value("i1") == 40


def test_what_the_cms_shows_already_does_not_outdate_what_is_about_to_be_sent(bench):
    bench.accept(event("i1", {"stock": 31}, version=at(10)))
    assert tell(bench, {"stock": 31}, 20) == ["unchanged"]
    bench.accept(event("i1", {"stock": 32}, version=at(15)))
    assert sent(bench.batch()) == {"i1": {"stock": 32}}


def test_an_edit_of_another_field_does_not_bring_back_what_is_about_to_be_replaced(written):
    written.accept(event("i1", {"stock": 32}, version=at(22)))
    assert tell(written, {"stock": 31}, 25) == ["stale"]
    assert sent(written.batch()) == {"i1": {"stock": 32}}


def test_nor_an_edit_that_has_been_overtaken_before_it_was_written(written):
    tell(written, {"stock": 40}, 22)
    written.accept(event("i1", {"stock": 41}, version=at(23)))
    assert tell(written, {"stock": 40}, 25) == ["stale"]
    assert sent(written.batch()) == {"i1": {"stock": 41}}


def test_an_edit_of_another_field_leaves_a_dead_letter_as_it_is(written):
    written.accept(event("i1", {"stock": 32}, version=at(22)))
    failures = (FieldFailure("refused", ("stock",), "no"),)
    written.settle(written.batch(), ItemOutcome("i1", failures=failures))
    assert tell(written, {"stock": 31}, 25) == ["stale"]
    assert written.counts("dead") == (1,)


def test_what_was_confirmed_is_doubted_once_somebody_has_edited_it(written):
    tell(written, {"stock": 40}, 22)
    written.accept(event("i1", {"stock": 31}, version=at(23)))
    assert sent(written.batch()) == {"i1": {"stock": 31}}


def test_it_is_doubted_as_well_where_the_edit_has_an_older_version(bench):
    write(bench, 31, 25, 21)  # the clock of the source is ahead
    assert tell(bench, {"stock": 40}, 22) == ["stale"]
    bench.accept(event("i1", {"stock": 31}, version=at(26)))
    assert sent(bench.batch()) == {"i1": {"stock": 31}}


def test_an_edit_that_our_write_went_over_casts_no_doubt_on_it(bench):
    write(bench, 31, 20, 21)
    assert tell(bench, {"stock": 40}, 19) == ["stale"]
    bench.accept(event("i1", {"stock": 31}, version=at(26)))
    assert bench.told() == ["unchanged"]


def test_a_field_that_is_not_ours_is_not_taken_over_from_our_own_write(written):
    assert tell(written, {"stock": 31, "price": 9}, 21) == ["unchanged", "unchanged"]
    assert "price" not in written.item("i1")[1]
    assert nothing_goes_out(written)


def test_a_field_that_is_not_ours_counts_once_somebody_wrote_after_us(written):
    assert tell(written, {"stock": 31, "price": 9}, 21.001) == ["unchanged", "accepted"]
    assert sent(written.batch()) == {"i1": {"price": 9}}


def test_of_an_item_that_we_never_wrote_any_edit_counts(bench):
    assert tell(bench, {"stock": 7}, 5) == ["accepted"]
    assert tell(bench, {"stock": 6}, 4) == ["stale"]


def test_an_answer_that_shows_another_value_is_known_by_it(bench):
    bench.accept(event("i1", {"stock": 1.234}, version=at(10)))
    item_outcome = ItemOutcome(
        "i1", missed=("stock",), updated=iso(11), seen={"stock": "1.2"}, limit=1
    )
    bench.settle(bench.batch(), item_outcome)
    assert tell(bench, {"stock": 1.2}, 11) == ["unchanged"]
    assert bench.value("i1") == 1.234


def test_writes_before_those_that_are_kept_are_not_taken_for_edits(bench):
    for n in range(6):
        write(bench, n, n / 10, 11 + n)
    assert tell(bench, {"stock": 0}, 11) == ["stale"]
    assert len(bench.field("i1")["k"].split()) == 4


def test_a_retry_of_one_value_takes_one_place_of_those_that_are_kept(written):
    written.accept(event("i1", {"stock": 32}, version=at(22)))
    for _ in range(5):
        written.settle(written.batch(), ItemOutcome("i1"))
    assert tell(written, {"stock": 30}, 11) == ["stale"]
    assert len(written.field("i1")["k"].split()) == 3


@pytest.mark.parametrize("how", ["given back", "left out"])
def test_a_value_that_was_not_sent_takes_no_place(written, how):
    before = written.field("i1")["k"]
    written.accept(event("i1", {"stock": 32, "price": 7}, version=at(22)))
    if how == "given back":
        written.outbox.give_back(written.batch())
    else:
        left_out = ItemOutcome(
            "i1", written=("price",), unsent=("stock",), updated=iso(23), seen={"stock": "30"}
        )
        written.settle(written.batch(), left_out)
    assert written.field("i1")["k"] == before


def test_a_value_that_was_not_sent_again_keeps_the_place_of_a_request_that_may_land(written):
    written.accept(event("i1", {"stock": 32}, version=at(22)))
    written.settle(written.batch(), ItemOutcome("i1", unknown=True), health="failure")
    before = written.field("i1")["k"]
    written.pass_time(120)
    written.outbox.give_back(written.batch())
    assert written.field("i1")["k"] == before


def test_a_retried_value_that_is_written_in_the_end_has_its_time(bench):
    write(bench, 30, 1, 11)
    bench.accept(event("i1", {"stock": 31}, version=at(2)))
    bench.settle(bench.batch(), ItemOutcome("i1", unknown=True), health="failure")
    bench.write(bench.batch(), updated=iso(21))
    assert tell(bench, {"stock": 30}, 22) == ["accepted"]


@pytest.fixture
def late(bench):
    """An outbox whose first request, with 30, got no answer and landed after the one with 31."""
    bench.accept(event("i1", {"stock": 30}, version=at(1)))
    bench.settle(bench.batch(), ItemOutcome("i1", unknown=True), health="failure")
    bench.write(bench.batch(), updated=iso(11))
    write(bench, 31, 2, 21)
    return bench


def test_a_request_of_unknown_outcome_that_lands_late_is_no_edit(late):
    assert tell(late, {"stock": 30}, 31) == ["stale"]


def test_nor_is_it_once_it_was_put_right(late):
    late.pass_time(61)
    late.write(late.batch(), updated=iso(91))
    assert tell(late, {"stock": 30}, 31) == ["stale"]
    assert tell(late, {"stock": 30}, 92) == ["accepted"]


def test_an_event_whose_time_is_unknown_is_ours_where_its_value_was(written):
    fallback = -1735689600  # 1970
    assert tell(written, {"stock": 30}, fallback) == ["stale"]


# what does not read back as it was sent

URL, FILE, OTHER = "https://shop.example/a.jpg", {"fileId": "f1"}, {"fileId": "f2"}


@pytest.fixture
def pictured(bench):
    """An outbox that wrote a picture by its URL, which the CMS shows by its file."""
    write(bench, URL, 10, 21, slug="image", kind="image", seen="f1")
    return bench


def show(bench, file, seconds):
    return tell(bench, {"image": file}, seconds, kind="image", seen=file["fileId"])


def test_a_picture_that_comes_back_by_its_file_changes_nothing(pictured):
    before = untouched(pictured)
    assert show(pictured, FILE, 21) == ["unchanged"]
    assert untouched(pictured) == before


def test_a_picture_is_no_edit_because_another_field_was_edited_later(pictured):
    assert show(pictured, FILE, 60) == ["unchanged"]


def test_another_picture_after_our_write_is_an_edit(pictured):
    assert show(pictured, OTHER, 21.001) == ["accepted"]
    assert sent(pictured.batch()) == {"i1": {"image": OTHER}}


@pytest.mark.parametrize("seconds", [20.9, 21])
def test_a_picture_that_is_told_in_other_words_is_ours_up_to_the_time_of_our_write(
    pictured, seconds
):
    assert show(pictured, OTHER, seconds) == ["unchanged"]


def test_a_picture_is_ours_while_our_write_is_in_the_air(bench):
    bench.accept(event("i1", {"image": URL}, version=at(10), kind="image"))
    batch = bench.batch()
    assert show(bench, FILE, 21) == ["unchanged"]
    bench.outbox.give_back(batch)
    assert show(bench, FILE, 21) == ["accepted"]


def test_a_picture_is_ours_while_what_came_of_our_write_is_unknown(bench):
    bench.accept(event("i1", {"image": URL}, version=at(10), kind="image"))
    bench.settle(bench.batch(), ItemOutcome("i1", unknown=True), health="failure")
    assert show(bench, FILE, 21) == ["unchanged"]
