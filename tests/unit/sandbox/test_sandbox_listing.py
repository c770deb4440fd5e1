"""Lists in v2: pages, filters, order."""

import json

import pytest

from service.sandbox.seeds.samples import product_id


def ids(answer):
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["items"]]


def test_a_page_holds_100_items_newest_first(v2):
    answer = v2.get("/items")
    assert ids(answer) == [product_id(n) for n in range(120, 20, -1)]
    assert answer.json()["pagination"] == {"limit": 100, "offset": 0, "total": 120}


def test_the_next_page_begins_at_the_offset(v2):
    query = {"sortBy": "createdOn", "sortOrder": "asc", "limit": 7}
    answer = v2.get("/items", offset=117, **query)
    assert ids(answer) == [product_id(n) for n in (118, 119, 120)]
    assert answer.json()["pagination"] == {"limit": 7, "offset": 117, "total": 120}


def test_a_time_filter_includes_its_bound(v2):
    query = {"createdOn[gte]": "2025-01-01T00:01:57.000Z", "sortOrder": "asc"}
    assert ids(v2.get("/items", **query)) == [product_id(n) for n in (118, 119, 120)]
    query["createdOn[lte]"] = "2025-01-01T00:01:58Z"
    assert ids(v2.get("/items", **query)) == [product_id(n) for n in (118, 119)]


def test_an_update_moves_an_item_into_last_updated(v2):
    v2.patch(f"/items/{product_id(5)}", {"fieldData": {"stock": 1}})
    query = {"lastUpdated[gte]": "2026-01-01T00:00:00Z", "sortBy": "lastUpdated"}
    assert ids(v2.get("/items", **query, sortOrder="desc")) == [product_id(5)]
    assert ids(v2.get("/items", **{"lastPublished[gte]": "2026-01-01T00:00:00Z"})) == []


@pytest.mark.parametrize("query", [{"slug": "product-7"}, {"name": "Product 7"}])
def test_name_and_slug_match_exactly(v2, query):
    assert ids(v2.get("/items", **query)) == [product_id(7)]


def test_the_live_list_leaves_out_what_is_not_published(v2):
    v2.control("POST", "/item", {"item": product_id(7), "unpublish": True})
    assert v2.get("/items/live").json()["pagination"]["total"] == 119
    assert v2.get("/items").json()["pagination"]["total"] == 120


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 101},
        {"limit": "x"},
        {"offset": -1},
        {"sortBy": "stock"},
        {"sortOrder": "up"},
        {"createdOn[gte]": "soon"},
    ],
)
def test_a_parameter_that_cannot_be_read_is_refused(v2, query):
    answer = v2.get("/items", **query)
    assert (answer.status_code, answer.json()["code"]) == (400, "validation_error")
    prefix, _, told = answer.json()["message"].partition(": ")
    assert (prefix, len(json.loads(told))) == ("Validation Error", 1)
    assert "['" not in told
