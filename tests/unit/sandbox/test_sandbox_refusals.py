"""Requests whose shape is refused before any item is looked at, and the rarer refusals."""

import pytest

from service.sandbox.seeds.samples import product_id

ONE, TWO = product_id(1), product_id(2)


@pytest.mark.parametrize(
    ("method", "path", "body", "message"),
    [
        ("PATCH", "/items", {"items": {}}, "Value (items)'s type should be array"),
        ("PATCH", "/items", {"items": []}, "Value (items) should NOT have fewer than 1 items"),
        ("PATCH", "/items", {"items": [1]}, "Value (items[])'s type should be object"),
        (
            "PATCH",
            "/items",
            {"items": [{"isDraft": True}]},
            "Value (items[]) should have required property 'id'",
        ),
        (
            "POST",
            "/items",
            {"items": [], "fieldData": {}},
            "Value should match exactly one schema in oneOf",
        ),
        ("POST", "/items/publish", {}, "Value should have required property 'itemIds'"),
    ],
)
def test_v2_refuses_a_shape_by_name(v2, method, path, body, message):
    answer = v2.call(method, path, body)
    assert answer.status_code == 400
    assert answer.json()["message"] == f'Validation Error: ["{message}"]'


@pytest.mark.parametrize("body", [b"[]", b'{"fieldData":{"price":NaN}}', b""])
def test_v2_takes_json_objects_only(v2, body):
    answer = v2.call("PATCH", f"/items/{ONE}", data=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


@pytest.mark.parametrize(
    ("method", "path", "body", "message"),
    [
        ("PATCH", f"/items/{ONE}", {"fields": []}, "'fields' must be of object type"),
        (
            "PATCH",
            f"/items/{ONE}",
            {"fields": {"_draft": "no"}},
            "'fields._draft' must be of boolean type",
        ),
        ("POST", "/items", {"fields": {"stock": 1}}, "'fields.name' is required"),
        ("PUT", "/items/publish", {"itemIds": 5}, "'itemIds' is required"),
    ],
)
def test_v1_refuses_a_shape_by_name(v1, method, path, body, message):
    answer = v1.call(method, path, body)
    assert (answer.status_code, answer.json()["msg"]) == (400, message)


@pytest.mark.parametrize("slug", ["name", "slug"])
def test_put_needs_what_every_collection_has(v1, slug):
    fields = {"name": "Oak desk", "slug": "oak-desk", "stock": 1}
    del fields[slug]
    answer = v1.call("PUT", f"/items/{ONE}", {"fields": fields})
    assert (answer.status_code, answer.json()["msg"]) == (400, f"'fields.{slug}' is required")


def test_put_to_the_live_copy_needs_one(v1):
    v1.control("POST", "/item", {"item": ONE, "unpublish": True})
    body = {"fields": {"name": "Oak desk", "slug": "oak-desk"}}
    answer = v1.call("PUT", f"/items/{ONE}", body, params={"live": "true"})
    assert answer.json()["name"] == "Conflict"


def test_v1_deletes_several_items(v1):
    answer = v1.call("DELETE", "/items", {"itemIds": [ONE, TWO]})
    assert answer.json() == {"deletedItemIds": [ONE, TWO], "errors": []}
    assert v1.get("/items").json()["total"] == 118


def test_two_items_cannot_take_one_slug_in_one_request(v2):
    entries = [{"id": id, "fieldData": {"slug": "oak-desk"}} for id in (ONE, TWO)]
    answer = v2.patch("/items", {"items": entries})
    assert answer.json()["details"] == [
        {"param": "slug", "description": "Unique value is already in database: 'oak-desk'"}
    ]


def test_an_address_of_a_picture_must_be_a_web_address(v2):
    body = {"fieldData": {"image": {"url": "file:///etc/passwd"}}}
    answer = v2.patch(f"/items/{ONE}", body)
    assert answer.json()["details"][0]["param"] == "image"
