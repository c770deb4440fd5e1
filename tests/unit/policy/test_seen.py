"""What is kept of an answer, so that the same item is known again when an event tells of it."""

import pytest

from workers.config.settings import Collection, Destination
from workers.fields.types import TYPES
from workers.model.attempts import Batch, ClaimedField, ClaimedItem, ItemOutcome
from workers.policy import readback
from workers.policy.rules import judge
from workers.store.settlement import item_outcome_for
from workers.webflow.item_answers import Answer, ItemView

FILE = {"fileId": "f1", "url": "https://cdn.example/f1.jpg", "alt": "Oak"}
FIELDS = (
    ClaimedField("stock", "31", "number", 1),
    ClaimedField("image", '"https://shop.example/a.jpg"', "image", 2),
)
ITEM = ClaimedItem("i1", "i1", FIELDS)


COLLECTION = Collection("products", "site", "c1")


def item_outcome(fields, *, staged=False, **status):
    """The outcome on the one item of a request that is answered 200."""
    item = ClaimedItem("i1", "i1", tuple(ClaimedField(s, "x", k, 1) for s, k, _ in fields))
    view = ItemView("i1", {"image": FILE}, "2025-02-02", **{"published": "2025"} | status)
    batch_outcome = judge(
        Batch("t", "site", "products", (item,), staged=staged),
        Answer(200, items={"i1": view}),
        destination=Destination("site", "v2", "token"),
        collection=COLLECTION,
        sent={"i1": {slug: value for slug, _, value in fields}},
        spread=0.5,
    )
    return batch_outcome.item_outcomes[0]


IMAGE = ("image", "image", {"url": "https://shop.example/a.jpg"})


def test_a_verdict_tells_what_was_seen_and_when():
    found = item_outcome([IMAGE])
    assert (found.written, found.updated) == (("image",), "2025-02-02")
    assert found.seen == {"image": '"f1"'}


def test_it_tells_so_as_well_of_an_item_that_is_to_be_published_now():
    found = item_outcome([IMAGE, ("_draft", "flag", True)], staged=True, draft=True)
    assert not found.publish
    found = item_outcome([IMAGE, ("_draft", "flag", False)], staged=True, published=None)
    assert (found.publish, found.updated) == (True, "2025-02-02")
    assert found.seen == {"image": '"f1"'}


def test_it_tells_the_status_that_the_answer_shows():
    assert item_outcome([IMAGE], staged=True).status == "|2025|2025-02-02"
    assert item_outcome([IMAGE], staged=True, published=None, draft=True).status == "d||2025-02-02"


def seen(**shown):
    sent = {"stock": 31, "image": {"url": "https://shop.example/a.jpg"}}
    return readback.compare(ITEM, ItemView("i1", shown), sent).seen


def test_what_does_not_read_back_as_it_was_sent_is_kept_as_it_reads():
    assert seen(stock=31, image=FILE) == {"image": '"f1"'}


def test_what_the_item_shows_in_place_of_a_value_is_kept():
    assert seen(stock=30, image=FILE) == {"stock": "30", "image": '"f1"'}


def test_only_these_types_read_back_as_they_were_sent():
    verbatim = {name for name, kind in TYPES.items() if kind.verbatim}
    exact = {"plain", "reference", "references", "link", "phone", "email"}
    assert verbatim == exact | {"number", "flag"}


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (FILE, '"f1"'),
        ([FILE, {"url": "u"}], '["f1","u"]'),
        ({"other": 1}, '{"other":1}'),
        (None, "null"),
        (float("nan"), ""),
    ],
)
def test_one_text_stands_for_what_is_the_same(answer, text):
    assert TYPES["image"].seen(answer) == text


@pytest.mark.parametrize(
    ("updated", "answered"),
    [
        ("2026-05-12T09:29:59.640Z", "t01778578199640000"),
        ("2026-05-12T09:29:59.640", None),
        ("1950-01-01T00:00:00Z", None),
        ("yesterday", None),
        (None, None),
    ],
)
def test_the_time_of_an_answer_is_told_as_a_version_where_it_is_one(updated, answered):
    told = item_outcome_for(ItemOutcome("i1", updated=updated, seen={"image": '"f1"'}), ITEM)
    assert (told.get("updated"), told.get("answered")) == (updated, answered)
    assert told["seen"] == {"image": '"f1"'}


def test_a_step_is_told_of_an_item_only_what_there_is():
    told = item_outcome_for(ItemOutcome("i1"), ITEM)
    assert told.keys() == {"record", "id", "written", "sent", "seen"}
    told = item_outcome_for(ItemOutcome("i1", staged=False, limit=1, unsent=("stock",)), ITEM)
    assert (told["staged"], told["limit"], told["sent"]) == (False, 1, ["image"])


def test_an_item_that_may_go_with_any_others_again_is_told_so():
    assert item_outcome_for(ItemOutcome("i1", part=""), ITEM)["part"] == ""
    assert "part" not in item_outcome_for(ItemOutcome("i1", part=None), ITEM)
