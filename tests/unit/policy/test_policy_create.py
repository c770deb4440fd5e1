"""What an answer means for items that were to be created."""

from dataclasses import replace

import pytest

from workers.config.settings import Collection, Destination
from workers.errors import DestinationError
from workers.fields.slugify import slugs_for
from workers.model.attempts import Batch, ClaimedField, ClaimedItem
from workers.model.changes import FieldProblem
from workers.policy.create import resolved
from workers.policy.rules import judge
from workers.webflow.create_payloads import completed
from workers.webflow.item_answers import Answer, ItemView
from workers.webflow.item_payloads import Prepared
from workers.webflow.schema import Schema

NAME = ClaimedField("name", '"Oak desk"', "plain", 1)
STOCK = ClaimedField("stock", "2", "number", 2)
PRODUCTS = Collection("products", "site", "c1", key="sku", missing="create")


def item(n=0, **more):
    return ClaimedItem(f"k{n}", "", (NAME, STOCK), **more)


def mapped(**more):
    """An item whose slug a mapping gives."""
    slug = ClaimedField("slug", '"oak-k0"', "plain", 3)
    return replace(item(**more), fields=(NAME, slug, STOCK))


def judged(outcome, *items, api="v2", live=True, **batch):
    items = items or (item(),)
    return judge(
        Batch("t", "site", "products", items, kind="create", **batch),
        outcome,
        destination=Destination("site", api, "token", live=live),
        collection=PRODUCTS,
        sent={
            each.record: {
                "name": "Oak desk",
                "stock": 2,
                "slug": f"oak-{each.record}",
                "sku": each.record,
            }
            for each in items
        },
        spread=0.5,
    )


def item_outcome(outcome, *items, **more):
    return judged(outcome, *items, **more).item_outcomes[0]


def view(n=0, **fields):
    held = {"name": "Oak desk", "stock": 2, "sku": f"k{n}", "slug": f"oak-k{n}"} | fields
    held = {slug: value for slug, value in held.items() if value is not None}
    return ItemView(f"i{n}", held, "2025-02-02")


def shows(*views, status=202):
    return Answer(status, items={each.id: each for each in views})


def refusal(*problems, status=400):
    told = tuple(FieldProblem(slug, words) for slug, words in problems)
    return Answer(status, "validation_error", "Validation Error", told)


TAKEN = refusal(("slug", "Unique value is already in database: 'oak-k0'"))


def test_items_are_told_apart_by_their_keys_not_by_their_places():
    found = judged(shows(view(1), view(0)), item(0), item(1))
    assert [each.made for each in found.item_outcomes] == ["i0", "i1"]
    assert [each.written for each in found.item_outcomes] == [("name", "stock")] * 2
    assert found.health == "success"


@pytest.mark.parametrize("status", [200, 201, 202])
def test_any_success_is_one(status):
    assert item_outcome(shows(view(), status=status)).made == "i0"


def test_a_value_that_the_answer_does_not_show_goes_again_alone():
    found = item_outcome(shows(view(stock=3)))
    assert (found.made, found.written, found.missed, found.limit) == (
        "i0",
        ("name",),
        ("stock",),
        1,
    )
    assert not found.failures


def test_an_item_that_the_answer_leaves_out_is_of_unknown_outcome():
    one, other = judged(shows(view(1)), item(0), item(1)).item_outcomes
    assert (one.unknown, one.made) == (True, None)
    assert other.made == "i1"


@pytest.mark.parametrize(
    ("shown", "others"),
    [
        pytest.param(view(sku=None), (), id="by its slug"),
        pytest.param(view(sku="another", slug="oak-2"), (), id="for it was alone"),
    ],
)
def test_an_item_without_its_key_is_known_by_its_id_and_told(shown, others):
    found = item_outcome(shows(shown, *others))
    assert (found.made, found.written) == ("i0", ())
    (failure,) = found.failures
    assert (failure.kind, failure.slugs) == ("not-applied", ("name", "stock"))
    assert "sku" in failure.message


@pytest.mark.parametrize(
    "outcome",
    [
        DestinationError("no answer", sent=True),
        Answer(500, "internal_error", "An Internal Error occurred"),
        Answer(502),
        Answer(503, "service_unavailable"),
        Answer(504),
    ],
)
def test_without_an_answer_that_says_no_nobody_knows(outcome):
    found = judged(outcome, item(0), item(1))
    assert all(each.unknown for each in found.item_outcomes)
    assert found.health == "failure"


def test_what_surely_did_not_leave_may_go_again_at_once():
    found = item_outcome(DestinationError("no connection", sent=False))
    assert not found.unknown


@pytest.mark.parametrize(
    "outcome",
    [
        Answer(429, "too_many_requests", "Too Many Requests"),
        Answer(401, "not_authorized"),
        Answer(
            409, "conflict", "Conflict: The collection structure changed since the last publish"
        ),
        Answer(409, "conflict", "The site is not published"),
        Answer(409, "conflict", "You've created all the items allowed on your current plan."),
    ],
)
def test_what_is_no_fault_of_the_item_leaves_it_as_it_is(outcome):
    found = item_outcome(outcome)
    assert found == replace(found, made=None, failures=(), unknown=False, attempt=False, limit=None)


@pytest.mark.parametrize("words", ["Requested resource not found", "Collection not found: null"])
def test_a_404_can_only_mean_the_collection(words):
    found = judged(Answer(404, "resource_not_found", words))
    assert found.pause_collection
    assert not found.item_outcomes[0].failures


def test_what_is_not_there_has_no_live_copy_to_be_held_back():
    words = "Conflict: items that are drafts or have never been published"
    found = item_outcome(Answer(409, "conflict", words))
    assert found.staged is None
    assert [failure.slugs for failure in found.failures] == [("name", "stock")]


def test_a_batch_that_is_refused_is_parted():
    found = judged(refusal(("stock", "Is too long")), *(item(n) for n in range(4)))
    assert all(
        (each.limit, each.failures, each.taken) == (None, (), None) for each in found.item_outcomes
    )
    parts = [each.part for each in found.item_outcomes]
    assert parts[0] == parts[1] != parts[2] == parts[3]


def test_of_a_batch_the_items_whose_slugs_are_quoted_are_looked_into_and_the_others_go_again():
    both = refusal(
        ("slug", "Unique value is already in database: 'oak-k0'"),
        ("", "slug: Unique value is already in database: 'oak-k2'"),
    )
    found = judged(both, *(item(n) for n in range(4))).item_outcomes
    assert [each.taken for each in found] == ["oak-k0", None, "oak-k2", None]
    assert [each.limit for each in found] == [1, None, 1, None]
    assert not any(each.failures or each.attempt for each in found)


def test_a_batch_with_a_slug_that_is_not_quoted_is_parted():
    found = judged(refusal(("slug", "Unique value is already in database")), item(0), item(1))
    assert [each.taken for each in found.item_outcomes] == [None] * 2
    assert len({each.part for each in found.item_outcomes}) == 2


def test_a_named_field_dies_and_the_rest_goes_again():
    found = item_outcome(refusal(("stock", "Is too long")))
    assert [failure.slugs for failure in found.failures] == [("stock",)]
    assert found.refused


@pytest.mark.parametrize("slug", ["name", "slug", "sku"])
def test_without_name_slug_or_key_nothing_can_be_created(slug):
    found = item_outcome(refusal((slug, "Is too long"), ("stock", "Is too long")))
    assert [failure.slugs for failure in found.failures] == [("name", "stock")]


def test_v2_is_asked_who_has_the_slug():
    found = item_outcome(TAKEN)
    assert (found.taken, found.forget, found.limit, found.failures) == ("oak-k0", False, 1, ())


def test_v1_lists_the_items_anew_before_the_next_slug():
    found = item_outcome(TAKEN, api="v1")
    assert (found.passed, found.taken, found.forget, found.failures) == ("oak-k0", None, True, ())


def test_v1_lists_the_items_anew_before_a_slug_of_a_mapping_is_told():
    found = item_outcome(TAKEN, mapped(), api="v1")
    assert (found.passed, found.taken, found.forget) == (None, "oak-k0", True)
    (failure,) = item_outcome(TAKEN, mapped(taken="oak-k0"), api="v1").failures
    assert (failure.kind, failure.slugs) == ("refused", ("name", "slug", "stock"))
    assert "oak-k0" in failure.message
    assert "k0" in failure.message


def test_an_item_that_says_draft_is_written_staged_from_then_on():
    assert item_outcome(shows(view()), staged=True).staged is True
    assert item_outcome(shows(view())).staged is False


@pytest.mark.parametrize(
    ("got", "named"),
    [
        pytest.param("oak-desk", None, id="the one made of its name"),
        pytest.param("oak-desk-k0", ("oak-desk-k0", "oak-desk"), id="the next one"),
        pytest.param("oak-desk-d2192", ("oak-desk-d2192", "oak-desk"), id="one that the CMS made"),
    ],
)
def test_another_slug_than_the_one_made_of_the_name_is_told(got, named):
    assert item_outcome(shows(view(slug=got))).named == named


def test_of_a_slug_that_a_mapping_gives_nothing_is_told():
    assert item_outcome(shows(view(slug="oak-k0")), mapped()).named is None


# whose the slug is


def page(*views):
    return Answer(200, items={each.id: each for each in views})


def owned(item, *views):
    return resolved(PRODUCTS, item, page(*views), spread=0.5)


def test_the_item_with_our_key_is_ours():
    found = owned(item(taken="oak-k0"), view(0))
    assert (found.made, found.failures) == ("i0", ())


def test_behind_a_slug_of_an_item_with_another_key_the_next_one_is_tried():
    found = owned(item(taken="oak-k0"), view(7, slug="oak-k0"))
    assert (found.passed, found.taken, found.made, found.failures) == ("oak-k0", None, None, ())


def test_a_slug_that_a_mapping_gives_is_not_changed_and_its_holder_is_named():
    found = owned(mapped(taken="oak-k0"), view(7, slug="oak-k0"))
    (failure,) = found.failures
    assert (found.passed, failure.slugs) == (None, ("name", "slug", "stock"))
    assert "i7" in failure.message
    assert "k7" in failure.message


def test_an_item_without_a_key_may_be_this_very_one():
    found = owned(item(taken="oak-k0"), view(7, slug="oak-k0", sku=None))
    (failure,) = found.failures
    assert found.passed is None
    assert "i7" in failure.message
    assert "give it the key k0" in failure.message


def test_once_others_have_every_slug_the_last_one_is_told():
    *_, last = slugs_for("Oak desk", "k0")
    (failure,) = owned(item(taken=last), view(7, slug=last)).failures
    assert last in failure.message
    assert "k7" in failure.message


@pytest.mark.parametrize("views", [(), (view(0, slug="another"),)])
def test_a_slug_that_no_item_is_seen_to_have_is_asked_for_again(views):
    found = owned(item(taken="oak-k0", attempts=1), *views)
    assert (found.taken, found.wait, found.attempt) == ("oak-k0", 15.0, True)
    assert (found.passed, found.failures) == (None, ())


@pytest.mark.parametrize("views", [(), (view(0, slug="another"),)])
def test_a_slug_that_no_item_has_is_that_of_a_deleted_one(views):
    found = owned(item(taken="oak-k0", attempts=3), *views)
    (failure,) = found.failures
    assert found.passed is None
    assert "until the site is published" in failure.message


def test_a_key_of_other_parts_than_its_fields_are_is_told():
    two = replace(PRODUCTS, key=("sku", "country"))
    batch = Batch("t", "site", "products", (item(),), kind="create")
    prepared = Prepared({"k0": {"name": "Oak desk"}}, {}, frozenset(), {})
    schema = [{"slug": "sku", "type": "PlainText", "displayName": "SKU", "options": []}]
    fields = Schema({field["slug"]: field for field in schema})
    (failure,) = completed(prepared, batch, two, fields).failures.values()
    assert failure.message == "the key k0 has 1 parts, while 2 fields hold the key"
