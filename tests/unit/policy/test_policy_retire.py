"""What an answer means for items that were to be taken away, and how a retirement is sent."""

import pytest

from workers.config.settings import Collection, Destination
from workers.errors import DestinationError
from workers.model import retirement
from workers.model.attempts import Batch, ClaimedField, ClaimedItem
from workers.policy import readback
from workers.policy.rules import judge
from workers.webflow import item_payloads
from workers.webflow.item_answers import Answer, ItemView
from workers.webflow.schema import Schema

PRODUCTS = Collection("products", "site", "c1", key="sku")


def item(n=0, way="delete", **more):
    return ClaimedItem(f"k{n}", f"i{n}", (ClaimedField(":gone", f'"{way}"', "gone", 1),), **more)


def judged(outcome, *items, retire="delete"):
    return judge(
        Batch("t", "site", "products", items or (item(),), kind=retire),
        outcome,
        destination=Destination("site", "v2", "token"),
        collection=PRODUCTS,
        sent={each.record: {":gone": {}} for each in items or (item(),)},
        spread=0.5,
    )


def item_outcome(outcome, *items, **more):
    return judged(outcome, *items, **more).item_outcomes[0]


REFERENCED = Answer(409, "conflict", "Conflict: This item is still being used by other items")
NO_ITEM = Answer(404, "resource_not_found", "Requested resource not found")
NOT_LIVE = Answer(409, "conflict", "Conflict: the item has never been published")


@pytest.mark.parametrize("status", [200, 202, 204])
@pytest.mark.parametrize("retire", ["unpublish", "delete"])
def test_any_success_takes_all_of_them_away(status, retire):
    found = judged(Answer(status), item(0), item(1), retire=retire)
    assert [each.retired for each in found.item_outcomes] == [True, True]
    assert found.health == "success"


@pytest.mark.parametrize("retire", ["unpublish", "delete"])
def test_an_item_that_is_not_there_is_what_was_wanted(retire):
    assert item_outcome(NO_ITEM, retire=retire).retired


def test_of_several_it_is_read_which_is_not_there_and_then_they_are_parted():
    found = judged(NO_ITEM, item(0), item(1))
    assert [(each.retired, each.look) for each in found.item_outcomes] == [(False, "refused")] * 2
    found = judged(NO_ITEM, item(0, looked=True), item(1, looked=True))
    assert [each.look for each in found.item_outcomes] == [""] * 2
    assert len({each.part for each in found.item_outcomes}) == 2


def test_a_collection_that_is_not_there_is_another_matter():
    found = judged(Answer(404, "resource_not_found", "Requested resource not found: the site"))
    assert found.pause_collection
    assert not found.item_outcomes[0].retired


def test_an_item_that_is_still_referred_to_dies_with_the_words_of_the_cms():
    found = item_outcome(REFERENCED, item(0, attempts=2))
    (failure,) = found.failures
    assert (failure.kind, failure.slugs, failure.status) == ("refused", (":gone",), 409)
    assert "still being used" in failure.message
    assert (found.retired, found.attempt) == (False, True)


@pytest.mark.parametrize(("attempts", "wait"), [(0, 5.0), (1, 15.0)])
@pytest.mark.parametrize("answer", [REFERENCED, Answer(400, "Conflict", "still being used")])
def test_before_that_what_refers_to_it_may_go_first(answer, attempts, wait):
    found = item_outcome(answer, item(0, attempts=attempts))
    assert (found.failures, found.wait, found.attempt) == ((), wait, True)


def test_but_not_for_another_one_of_its_batch():
    found = judged(REFERENCED, item(0), item(1))
    assert [each.failures for each in found.item_outcomes] == [()] * 2
    assert len({each.part for each in found.item_outcomes}) == 2


def test_what_was_never_published_has_no_live_copy_to_be_taken_away():
    assert item_outcome(NOT_LIVE, item(way="unpublish"), retire="unpublish").retired
    assert item_outcome(NOT_LIVE, item(0, attempts=2), retire="delete").failures


def test_whether_an_item_can_be_deleted_its_deletion_tells():
    refusal = Answer(400, "validation_error", "no")
    assert item_outcome(refusal, retire="unpublish").retired
    assert item_outcome(refusal, item(way="unpublish"), retire="unpublish").failures


@pytest.mark.parametrize(
    ("outcome", "unknown"),
    [
        (DestinationError("no answer", sent=True), True),
        (DestinationError("no connection", sent=False), False),
        (Answer(500), True),
        (Answer(502), True),
        (Answer(503), True),
    ],
)
def test_without_an_answer_that_says_no_it_may_still_be_taken_away(outcome, unknown):
    found = judged(outcome)
    assert found.item_outcomes[0].unknown is unknown
    assert not found.item_outcomes[0].retired
    assert found.health == "failure"


def test_an_item_that_always_fails_where_others_do_not_dies_of_it():
    tried = item(attempts=11, healthy=True, failed_seconds=1.0)
    (failure,) = item_outcome(Answer(500), tried).failures
    assert (failure.kind, failure.slugs) == ("exhausted", (":gone",))


@pytest.mark.parametrize(
    ("outcome", "part"),
    [(Answer(401), "pause"), (Answer(403), "pause"), (Answer(429), "close_budget")],
)
def test_what_is_said_of_the_token_is_not_about_the_item(outcome, part):
    found = judged(outcome)
    assert getattr(found, part) is not None
    assert not found.item_outcomes[0].failures


# retirements that a PATCH shows


@pytest.mark.parametrize(
    ("value", "flags"),
    [
        ("archive", {"_archived": True}),
        ("draft", {"_draft": True}),
        ("unpublish", {"_draft": True}),
        ("delete", {}),
        (["_archived"], {"_archived": False}),
        (["_draft", "_archived"], {"_archived": False, "_draft": False}),
    ],
)
def test_each_way_has_its_flag_and_is_taken_back_by_it(value, flags):
    assert retirement.flags(value) == flags


def prepared(*fields):
    one = ClaimedItem("k0", "i0", fields)
    return item_payloads.prepare(
        Batch("t", "site", "products", (one,)), "v2", Schema(), checked=True
    ).values["k0"]


ARCHIVE = ClaimedField(":gone", '"archive"', "gone", 1)
BACK = ClaimedField(":gone", '["_archived"]', "gone", 1)


def test_the_flags_stand_in_what_is_sent_and_the_slug_does_not():
    sent = prepared(ARCHIVE, ClaimedField("stock", "2", "number", 2))
    assert retirement.on_wire(sent) == {"stock": 2, "_archived": True}


def test_what_a_mapping_says_of_the_status_comes_first():
    sent = prepared(BACK, ClaimedField("_archived", "true", "flag", 2))
    assert retirement.on_wire(sent) == {"_archived": True}
    assert sent[":gone"] == {"_archived": True}


@pytest.mark.parametrize(
    ("field", "archived", "shown"),
    [(ARCHIVE, True, True), (ARCHIVE, False, False), (BACK, False, True), (BACK, True, False)],
)
def test_it_is_written_once_the_answer_shows_the_flags(field, archived, shown):
    view = ItemView("i0", {}, archived=archived)
    found = readback.compare(ClaimedItem("k0", "i0", (field,)), view, prepared(field))
    assert (found.shown == (":gone",), ":gone" in found.missed) == (shown, not shown)
