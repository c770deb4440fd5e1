import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.model.changes import FieldProblem
from workers.webflow.item_answers import LONGEST, ItemView, read

ITEM = {
    "id": "65f000000000000000000010",
    "cmsLocaleId": "65f0000000000000000000aa",
    "lastPublished": None,
    "lastUpdated": "2025-02-03T09:10:11.123Z",
    "createdOn": "2025-02-03T09:10:11.000Z",
    "isArchived": False,
    "isDraft": True,
    "fieldData": {"name": "Oak desk", "slug": "oak-desk", "price": 1299},
}
ITEM_V1 = {
    "_archived": True,
    "_draft": False,
    "name": "Oak desk",
    "slug": "oak-desk",
    "price": 1299,
    "updated-on": "2024-03-01T10:00:00.000Z",
    "updated-by": "Person_5a0000000000000000000001",
    "created-on": "2024-01-05T08:00:00.000Z",
    "created-by": "Person_5a0000000000000000000001",
    "published-on": "2024-03-01T10:00:00.000Z",
    "published-by": None,
    "_cid": "5c0000000000000000000001",
    "_id": "5c0000000000000000000010",
}
VIEW = ItemView(
    "65f000000000000000000010",
    ITEM["fieldData"],
    updated="2025-02-03T09:10:11.123Z",
    created="2025-02-03T09:10:11.000Z",
    draft=True,
    locale=ITEM["cmsLocaleId"],
)
VIEW_V1 = ItemView(
    "5c0000000000000000000010",
    {"name": "Oak desk", "slug": "oak-desk", "price": 1299},
    updated="2024-03-01T10:00:00.000Z",
    published="2024-03-01T10:00:00.000Z",
    created="2024-01-05T08:00:00.000Z",
    archived=True,
)


def answer(status=200, document=None, **headers):
    lower = {name.replace("_", "-"): value for name, value in headers.items()}
    return read(status, lower, json.dumps(document or {}).encode())


@pytest.mark.parametrize(
    ("document", "view"),
    [
        pytest.param(ITEM, VIEW, id="v2 one item"),
        pytest.param({"items": [ITEM]}, VIEW, id="v2 bulk"),
        pytest.param([ITEM], VIEW, id="v2 bulk as a bare list"),
        pytest.param(ITEM_V1, VIEW_V1, id="v1 bare"),
        pytest.param({"items": [ITEM_V1], "count": 1, "total": 7}, VIEW_V1, id="v1 envelope"),
    ],
)
def test_items_read_the_same_from_either_api(document, view):
    assert answer(200, document).items == {view.id: view}


def test_what_has_not_the_shape_of_an_item_is_left_out():
    bad = [None, 7, {"id": 7, "fieldData": {}}, {"id": "x"}, {"id": "x", "fieldData": []}]
    assert list(answer(200, {"items": [*bad, ITEM]}).items) == [ITEM["id"]]


@pytest.mark.parametrize(
    ("document", "total"),
    [
        ({"items": [], "pagination": {"limit": 100, "offset": 0, "total": 250}}, 250),
        ({"items": [], "count": 0, "limit": 100, "offset": 0, "total": 31}, 31),
        ({"items": [], "total": True}, None),
        ({"items": []}, None),
    ],
)
def test_a_listing_says_how_many_items_there_are(document, total):
    assert answer(200, document).total == total


def test_the_rate_headers_are_read():
    found = answer(x_ratelimit_limit="60", x_ratelimit_remaining="42", retry_after="40")
    assert (found.limit, found.remaining, found.retry_after) == (60, 42, 40.0)


@pytest.mark.parametrize(
    "text", ["", "-1", "1.5", "²", "٣", "Wed, 21 Oct 2015 07:28:00 GMT", "9" * 50]
)
def test_a_wait_that_is_no_whole_number_is_none(text):
    assert answer(retry_after=text).retry_after is None


def test_the_schema_of_v2_is_read():
    option = {"id": "a1", "name": "Red"}
    document = {
        "id": "c1",
        "fields": [
            {"slug": "color", "type": "Option", "displayName": "Colour",
             "validations": {"options": [option, {"name": "no id"}, 7]}},
            {"slug": "price", "type": "Number", "displayName": "Price", "validations": None},
            {"type": "Number"},
            None,
        ],
    }  # fmt: skip
    assert answer(200, document).schema == (
        {"slug": "color", "type": "Option", "displayName": "Colour", "options": [option]},
        {"slug": "price", "type": "Number", "displayName": "Price", "options": []},
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Bool", "Switch"), ("Date", "DateTime"), ("ImageRef", "Image"), ("Set", "MultiImage"),
        ("Video", "VideoLink"), ("ItemRef", "Reference"), ("ItemRefSet", "MultiReference"),
        ("ExtFileRef", "File"), ("PlainText", "PlainText"),
    ],
)  # fmt: skip
def test_the_types_of_v1_get_the_names_of_v2(old, new):
    (found,) = answer(200, {"fields": [{"slug": "x", "name": "X", "type": old}]}).schema
    assert (found["type"], found["displayName"]) == (new, "X")


def refusal(**document):
    return answer(400, document)


def test_an_error_of_v2_is_read():
    found = refusal(message="Validation Error", code="validation_error", details=[])
    assert (found.status, found.code, found.message) == (
        400,
        "validation_error",
        "Validation Error",
    )


def test_an_error_of_v1_is_read_with_its_name_as_the_code():
    found = refusal(msg="Rate limit hit", code=400, name="RateLimit", err="RateLimit: …")
    assert (found.code, found.message) == ("RateLimit", "Rate limit hit")


@pytest.mark.parametrize(
    ("document", "problems"),
    [
        ({"details": [{"param": "slug", "description": "Is too short: x"}]},
         [("slug", "Is too short: x")]),
        ({"details": [{"field": "price", "message": "must be a number"}]},
         [("price", "must be a number")]),
        ({"details": [{"message": "Something is wrong"}]}, [("", "Something is wrong")]),
        ({"details": ["Field 'price': Is too low: -1"]}, [("price", "Is too low: -1")]),
        ({"details": ["Something is wrong"]}, [("", "Something is wrong")]),
        ({"details": [{"param": "fieldData.price", "description": "no"}]}, [("price", "no")]),
        ({"details": [{"param": "items[3].fieldData.gallery[0].url", "description": "no"}]},
         [("gallery", "no")]),
        ({"details": [{"param": "isDraft", "description": "no"}]}, [("_draft", "no")]),
        ({"details": [{"param": 7, "description": "no"}, 7, None, {}]}, [("", "no")]),
        ({"message": "Validation Error: [\"Value (fieldData.price)'s type should be number\"]"},
         [("price", "Value (fieldData.price)'s type should be number")]),
        ({"message": "Validation Error: [\"Value (fieldData) should have required property "
                     "'name'\"]", "details": []},
         [("name", "Value (fieldData) should have required property 'name'")]),
        ({"message": "Validation Error: Value (isArchived)'s type should be boolean"},
         [("_archived", "Validation Error: Value (isArchived)'s type should be boolean")]),
        ({"message": "Validation Error: [broken"}, []),
        ({"message": "Validation Error: Provided ID is invalid"}, []),
        ({"msg": "'fields.slug' must be of string type"},
         [("slug", "'fields.slug' must be of string type")]),
        ({"msg": "'fields' is required"}, []),
        ({"problem_data": [{"slug": "colour", "msg": "Field not described in schema"}],
          "problems": ["Field 'colour': Field not described in schema"]},
         [("colour", "Field not described in schema")]),
        ({"problems": ["Field 'slug': Unique value is already in database: 'oak-desk'"]},
         [("slug", "Unique value is already in database: 'oak-desk'")]),
        ({"details": {"param": "x"}, "problems": "no"}, []),
    ],
)  # fmt: skip
def test_the_fields_that_a_refusal_names_are_found_in_every_shape(document, problems):
    expected = tuple(FieldProblem(*problem) for problem in problems)
    assert refusal(**document).problems == expected


def test_a_body_that_is_not_json_is_told_as_one_short_line():
    found = read(502, {}, b"<html>\n  Bad   Gateway\n" + b"x" * 10_000)
    assert found.message.startswith("<html> Bad Gateway x")
    assert len(found.message) == LONGEST


def test_one_problem_is_cut_too():
    (found,) = refusal(details=[{"param": "x", "description": "y" * 9_000}]).problems
    assert len(found.message) == LONGEST


@pytest.mark.parametrize("body", [b"", b"<html>", b"{", b"[" * 100_000, b"9" * 5000, b"\xff"])
def test_a_success_that_is_not_json_is_no_answer(body):
    with pytest.raises(ValueError, match="answered 200 with something that is not JSON"):
        read(200, {}, body)
    assert read(500, {}, body).status == 500


@pytest.mark.parametrize("body", [b"null", b"[]", b'"x"', b"7", b'{"items": 7}', b"NaN"])
def test_a_success_of_another_shape_shows_no_item(body):
    assert read(200, {}, body).items == {}


@given(st.integers(100, 599), st.binary(max_size=40) | st.text(max_size=40).map(str.encode))
def test_no_bytes_make_a_refusal_raise(status, body):
    if status >= 300:
        assert read(status, {}, body).status == status
