"""Refusals that speak of a file and name no field: the file fields die, the others go again."""

import json

import pytest

from workers.config.settings import Collection, Destination
from workers.model.attempts import Batch, ClaimedField, ClaimedItem
from workers.policy.rules import judge
from workers.webflow.item_answers import read

PRICE = ClaimedField("price", "1", "number", 1)
PHOTO = ClaimedField("photo", '{"url":"https://a.example/a.jpg"}', "image", 2)
MANUAL = ClaimedField("manual", '{"url":"https://a.example/a.pdf"}', "file", 3)
TEXT = ClaimedField("body", '"<p><img src=\\"https://a.example/a.jpg\\"></p>"', "richtext", 4)
PLAIN = ClaimedField("body", '"<p>none</p>"', "richtext", 4)


def refusal(message, *details, status=400):
    body = {"message": message, "code": "validation_error", "details": list(details)}
    return read(status, {}, json.dumps(body).encode())


def item_outcome(outcome, *fields, create=False, **more):
    item = ClaimedItem("k", "" if create else "i", fields, **more)
    sent = {field.slug: json.loads(field.value) for field in fields}
    if create:
        sent |= {"name": "K", "slug": "k"}
    (found,) = judge(
        Batch("t", "site", "products", (item,), kind="create" if create else "update"),
        outcome,
        destination=Destination("site", "v2", "token"),
        collection=Collection("products", "site", "c1", key="sku"),
        sent={"k": sent},
        spread=0.5,
    ).item_outcomes
    return found


@pytest.mark.parametrize(
    "words",
    [
        "Validation Error: Remote file failed to import: Unsupported file type: text/html",
        "Remote image failed to import: File size limit reached",
        "Validation Error: the asset could not be downloaded",
        "Unsupported MIME type",
        "Picture is too large",
        "Remote file failed to import: 403 Forbidden, not authorized",
    ],
)
@pytest.mark.parametrize("create", [False, True])
def test_the_files_die_with_the_words_of_the_cms_and_the_rest_goes_again(words, create):
    found = item_outcome(refusal(words), PRICE, PHOTO, MANUAL, create=create)
    (failure,) = found.failures
    assert (failure.kind, set(failure.slugs), failure.message) == (
        "refused",
        {"photo", "manual"},
        words,
    )
    assert (found.refused, found.attempt, found.wait) == (True, True, 0)


@pytest.mark.parametrize("detail", ["Remote file failed to import", {"message": "No such image"}])
def test_the_words_may_stand_in_details_that_name_no_field(detail):
    found = item_outcome(refusal("Validation Error", detail), PRICE, PHOTO)
    assert found.failures[0].slugs == ("photo",)


def test_a_field_that_is_named_dies_alone():
    detail = {"param": "price", "description": "Not the file that we want"}
    assert item_outcome(refusal("Validation Error", detail), PRICE, PHOTO).failures[0].slugs == (
        "price",
    )


def test_the_picture_of_a_text_is_a_file_where_there_is_no_other():
    words = "Remote image failed to import"
    assert item_outcome(refusal(words), PRICE, TEXT).failures[0].slugs == ("body",)
    assert item_outcome(refusal(words), PRICE, TEXT, PHOTO).failures[0].slugs == ("photo",)
    assert item_outcome(refusal(words), PRICE, PLAIN).failures[0].slugs == ("price", "body")


def test_refused_again_all_that_was_sent_dies():
    found = item_outcome(refusal("Remote file failed to import"), PRICE, PHOTO, refused=True)
    assert set(found.failures[0].slugs) == {"price", "photo"}


def test_words_of_something_else_kill_all_that_was_sent():
    found = item_outcome(refusal("The profile 'image/png' is malformed"), PRICE, PHOTO)
    assert set(found.failures[0].slugs) == {"price", "photo"}


@pytest.mark.parametrize(
    "detail",
    ["slug: Unique value is already in database", "items[0].fieldData.slug: Unique value"],
)
def test_a_detail_may_begin_with_the_field_that_it_is_about(detail):
    assert refusal("Validation Error", detail).problems[0].path == "slug"


@pytest.mark.parametrize("detail", ["Remote file failed: 404", "Error: it failed", "no: 1"])
def test_a_detail_that_begins_with_words_names_no_field_that_is_sent(detail):
    (problem,) = refusal("Validation Error", detail).problems
    assert problem.path in ("", "no")
