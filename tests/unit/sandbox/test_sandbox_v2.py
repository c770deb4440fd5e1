"""Items in v2: two copies, bulk as a whole, and the errors word by word."""

import pytest

from service.sandbox.model.locales import PRIMARY_ID
from service.sandbox.seeds.samples import product_id

ONE, TWO, UNKNOWN = product_id(1), product_id(2), "0" * 24


def test_an_item_has_the_documented_keys(v2):
    item = v2.get(f"/items/{ONE}").json()
    assert list(item) == [
        "id",
        "cmsLocaleId",
        "lastPublished",
        "lastUpdated",
        "createdOn",
        "isArchived",
        "isDraft",
        "fieldData",
    ]
    assert (item["id"], item["cmsLocaleId"]) == (ONE, PRIMARY_ID)
    assert item["createdOn"] == "2025-01-01T00:00:00.000Z"
    assert item["fieldData"]["sku"] == "P-0001"


def test_a_live_patch_writes_both_copies(v2, clock):
    clock.at = 1_800_000_000.5
    answer = v2.patch(f"/items/{ONE}/live", {"fieldData": {"stock": 7}})
    assert answer.status_code == 200
    item = answer.json()
    assert item["lastUpdated"] == item["lastPublished"] == "2027-01-15T08:00:00.500Z"
    assert v2.field("stock") == v2.field("stock", copy="live") == item["fieldData"]["stock"] == 7


def test_a_staged_patch_leaves_the_live_copy_alone(v2):
    before = v2.field("stock", copy="live")
    published = v2.get(f"/items/{ONE}").json()["lastPublished"]
    item = v2.patch(f"/items/{ONE}", {"fieldData": {"stock": 777}}).json()
    assert item["lastPublished"] == published
    assert (v2.field("stock"), v2.field("stock", copy="live")) == (777, before)
    assert v2.get(f"/items/{ONE}/live").json()["fieldData"]["stock"] == before


def test_values_that_are_not_sent_stay(v2):
    before = v2.get(f"/items/{ONE}").json()["fieldData"]
    after = v2.patch(f"/items/{ONE}", {"fieldData": {"stock": 8}}).json()["fieldData"]
    assert after == before | {"stock": 8}


def test_a_query_parameter_live_is_ignored(v2):
    before = v2.field("stock", copy="live")
    assert v2.patch(f"/items/{ONE}", {"fieldData": {"stock": 777}}, live="true").ok
    assert v2.field("stock", copy="live") == before


@pytest.mark.parametrize("copy", ["", "/live"])
def test_a_bulk_patch_answers_with_full_items(v2, copy):
    entries = [{"id": ONE, "fieldData": {"stock": 1}}, {"id": TWO, "isDraft": True}]
    answer = v2.patch(f"/items{copy}", {"items": entries})
    assert answer.status_code == 200
    first, second = answer.json()["items"]
    assert (first["id"], first["fieldData"]["stock"]) == (ONE, 1)
    assert (second["id"], second["isDraft"]) == (TWO, True)


def test_a_bulk_patch_with_a_bad_field_is_refused_as_a_whole(v2):
    before = v2.field("stock", 1)
    entries = [
        {"id": ONE, "fieldData": {"stock": before + 1}},
        {"id": TWO, "fieldData": {"stock": "many", "colour": 1}},
    ]
    answer = v2.patch("/items/live", {"items": entries})
    assert answer.status_code == 400
    assert answer.json() == {
        "message": "Validation Error",
        "code": "validation_error",
        "externalReference": None,
        "details": [
            {"param": "stock", "description": "Expected value to be a number: 'many'"},
            {"param": "colour", "description": "Field not described in schema: undefined"},
        ],
    }
    assert v2.field("stock", 1) == before


def test_a_bulk_patch_with_an_unknown_id_is_refused_as_a_whole(v2):
    before = v2.field("stock", 1)
    entries = [{"id": ONE, "fieldData": {"stock": before + 1}}, {"id": UNKNOWN, "isDraft": False}]
    answer = v2.patch("/items", {"items": entries})
    assert (answer.status_code, answer.json()["code"]) == (404, "resource_not_found")
    assert v2.field("stock", 1) == before


def test_a_never_published_item_sinks_a_live_bulk_patch(v2):
    v2.control("POST", "/item", {"item": TWO, "unpublish": True})
    before = v2.field("stock", 1)
    entries = [{"id": id, "fieldData": {"stock": before + 1}} for id in (ONE, TWO)]
    answer = v2.patch("/items/live", {"items": entries})
    assert answer.status_code == 409
    assert answer.json() == {
        "message": "Conflict: Conflict with server data: Live PATCH updates can't be applied to"
        " items that have never been published",
        "code": "conflict",
        "externalReference": None,
        "details": [],
    }
    assert v2.field("stock", 1) == before
    assert v2.patch("/items", {"items": entries}).status_code == 200


def test_more_than_100_items_are_refused(v2):
    entries = [{"id": product_id(n), "fieldData": {"stock": 0}} for n in range(1, 102)]
    assert v2.patch("/items/live", {"items": entries[:100]}).status_code == 200
    answer = v2.patch("/items/live", {"items": entries})
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("Validation Error: [")
    assert answer.json()["details"] == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"fieldData": []}, "Value (fieldData)'s type should be object"),
        ({"fieldData": {}}, "Value should have required property 'fieldData'"),
        ({"isDraft": True, "cmsLocaleId": None}, "Value (cmsLocaleId)'s type should be string"),
    ],
)
def test_a_body_of_the_wrong_shape_is_refused_by_name(v2, body, message):
    answer = v2.patch(f"/items/{ONE}", body)
    assert answer.status_code == 400
    assert answer.json()["message"] == f'Validation Error: ["{message}"]'


def test_a_body_that_is_no_json_is_a_bad_request(v2):
    answer = v2.call("PATCH", f"/items/{ONE}", data=b"{")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        (f"/items/{UNKNOWN}", 404, "Requested resource not found"),
        ("/items/nonsense", 400, "Validation Error: Provided ID is invalid"),
        (f"/../{UNKNOWN}", 404, "Requested resource not found: The collection cannot be found"),
    ],
)
def test_what_is_not_there_is_refused(v2, path, status, message):
    answer = v2.get(path)
    assert (answer.status_code, answer.json()["message"]) == (status, message)


def test_an_unknown_route_is_answered_in_the_form_of_v1(v2):
    answer = v2.call("PUT", f"/items/{ONE}", {})
    assert answer.status_code == 404
    assert answer.json()["name"] == "RouteNotFoundError"


def test_a_staged_bulk_patch_answers_with_a_page_and_a_live_one_without(v2):
    body = {"items": [{"id": ONE, "isDraft": False}]}
    pages = {"limit": 100, "offset": 0, "total": 1}
    assert v2.patch("/items", body).json()["pagination"] == pages
    assert "pagination" not in v2.patch("/items/live", body).json()


def test_half_a_surrogate_pair_is_replaced_where_stored_and_escaped_where_quoted(v2):
    item = v2.patch(f"/items/{ONE}", {"fieldData": {"sku": "\ud800"}})
    assert item.json()["fieldData"]["sku"] == "\ufffd"
    refused = v2.patch(f"/items/{ONE}", {"fieldData": {"stock": "\ud800"}})
    assert refused.json()["details"][0]["description"].endswith("'\ud800'")


def test_publishing_tells_the_outcome_of_each_item(v2):
    made = v2.call("POST", "/items", {"fieldData": {"name": "Oak desk"}}).json()["id"]
    v2.control("POST", "/item", {"item": TWO, "archived": True})
    answer = v2.call("POST", "/items/publish", {"itemIds": [made, TWO, UNKNOWN]})
    assert answer.status_code == 202
    assert answer.json() == {
        "publishedItemIds": [made],
        "errors": [
            f"Staging item ID {TWO} is archived and cannot be published.",
            f"Staging item ID {UNKNOWN} not found.",
        ],
    }
    assert v2.get(f"/items/{made}/live").ok


def test_unpublishing_takes_the_live_copy_away(v2):
    assert v2.call("DELETE", f"/items/{ONE}/live").status_code == 204
    item = v2.get(f"/items/{ONE}").json()
    assert (item["isDraft"], item["lastPublished"]) == (True, None)
    assert v2.get(f"/items/{ONE}/live").status_code == 404


def test_a_deleted_item_is_gone_and_its_slug_is_free_if_it_was_not_live(v2):
    v2.call("DELETE", f"/items/{ONE}/live")
    assert v2.call("DELETE", f"/items/{ONE}").status_code == 204
    assert v2.get(f"/items/{ONE}").status_code == 404
    assert v2.patch(f"/items/{TWO}", {"fieldData": {"slug": "product-1"}}).ok


def test_several_items_can_be_deleted(v2):
    body = {"items": [{"id": ONE}, {"id": TWO}]}
    assert v2.call("DELETE", "/items/live", body).status_code == 204
    assert v2.call("DELETE", "/items", body).status_code == 204
    assert v2.get("/items").json()["pagination"]["total"] == 118


def test_the_schema_names_types_and_option_labels(v2):
    fields = {one["slug"]: one for one in v2.get().json()["fields"]}
    assert fields["name"]["isRequired"] is True
    assert fields["launched"]["type"] == "DateTime"
    options = fields["category"]["validations"]["options"]
    assert {"Chairs", "Desks"} <= {one["name"] for one in options}
    assert v2.patch(f"/items/{ONE}", {"fieldData": {"category": options[0]["id"]}}).ok


def test_a_connection_serves_several_calls(v2):
    with v2.call("GET", f"/items/{ONE}", stream=True) as first:
        port = first.raw.connection.sock.getsockname()
        assert first.content
    with v2.call("GET", f"/items/{ONE}", stream=True) as second:
        assert second.raw.connection.sock.getsockname() == port
        assert second.content
