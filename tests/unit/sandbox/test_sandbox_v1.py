"""Items in v1: flat, one per call, errors in their own words."""

import pytest

from service.sandbox.seeds.samples import PRODUCTS, product_id

ONE, TWO, UNKNOWN = product_id(1), product_id(2), "0" * 24


def test_a_live_patch_answers_with_the_flat_item(v1):
    answer = v1.patch(f"/items/{ONE}", {"fields": {"stock": 7}}, live="true")
    item = answer.json()
    assert answer.status_code == 200
    assert (item["_id"], item["_cid"], item["stock"]) == (ONE, PRODUCTS, 7)
    assert item["published-on"] == item["updated-on"]
    assert item["published-by"].startswith("Person_")
    assert v1.field("stock", copy="live") == 7


def test_without_live_only_the_staged_copy_changes(v1):
    before = v1.field("stock", copy="live")
    assert v1.patch(f"/items/{ONE}", {"fields": {"stock": 777}}).json()["stock"] == 777
    assert v1.field("stock", copy="live") == before


def test_the_flags_travel_among_the_fields(v1):
    item = v1.patch(f"/items/{ONE}", {"fields": {"_archived": True, "_draft": True}}).json()
    assert (item["_archived"], item["_draft"]) == (True, True)


def test_both_versions_show_one_store(v1, v2):
    v1.patch(f"/items/{ONE}", {"fields": {"supplier": "Acme"}}, live="true")
    assert v2.get(f"/items/{ONE}/live").json()["fieldData"]["supplier"] == "Acme"


def test_one_item_is_answered_as_a_list(v1):
    answer = v1.get(f"/items/{ONE}").json()
    assert [one["_id"] for one in answer.pop("items")] == [ONE]
    assert answer == {"count": 1, "limit": 100, "offset": 0, "total": 120}


def test_a_list_is_newest_first_and_knows_no_filter(v1):
    answer = v1.get("/items", offset=100, sortBy="slug", name="Product 1").json()
    assert [one["_id"] for one in answer["items"]] == [product_id(n) for n in range(20, 0, -1)]
    assert (answer["count"], answer["total"]) == (20, 120)


def test_a_refusal_names_every_field(v1):
    body = {"fields": {"colour": "red", "slug": "product-2"}}
    answer = v1.patch(f"/items/{ONE}", body)
    path = f"/collections/{PRODUCTS}/items/{ONE}"
    assert answer.status_code == 400
    told = answer.json()
    assert isinstance(told.pop("extensions"), dict)  # from inside: to be ignored
    assert told == {
        "msg": "Validation Failure",
        "code": 400,
        "name": "ValidationError",
        "path": path,
        "err": "ValidationError: Validation Failure",
        "problems": [
            "Field 'colour': Field not described in schema",
            "Field 'slug': Unique value is already in database: 'product-2'",
        ],
        "problem_data": [
            {"slug": "colour", "msg": "Field not described in schema"},
            {
                "slug": "slug",
                "msg": "Unique value is already in database",
                "value": "product-2",
            },
        ],
    }


@pytest.mark.parametrize(
    ("body", "name", "message"),
    [
        ({"stock": 1}, "ValidationError", "'fields' is required"),
        ({"fields": {"slug": 1}}, "ValidationError", "'fields.slug' must be of string type"),
    ],
)
def test_a_wrong_shape_is_refused_without_rate_headers(v1, body, name, message):
    answer = v1.patch(f"/items/{ONE}", body)
    assert (answer.status_code, answer.json()["name"]) == (400, name)
    assert answer.json()["msg"] == message
    assert "X-RateLimit-Limit" not in answer.headers


def test_a_body_that_is_no_json_is_a_syntax_error(v1):
    answer = v1.call("PATCH", f"/items/{ONE}", data=b"{")
    assert (answer.status_code, answer.json()["name"]) == (400, "SyntaxError")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (f"/items/{UNKNOWN}", f"CMS Items not found: {UNKNOWN}"),
        (f"/../{UNKNOWN}", f"Collection not found: {UNKNOWN}"),
    ],
)
def test_what_is_not_there_is_refused(v1, path, message):
    answer = v1.get(path)
    assert (answer.status_code, answer.json()["name"]) == (404, "NotFound")
    assert answer.json()["msg"] == message


def test_a_live_patch_of_a_never_published_item_is_a_conflict(v1):
    v1.control("POST", "/item", {"item": ONE, "unpublish": True})
    answer = v1.patch(f"/items/{ONE}", {"fields": {"stock": 1}}, live="true")
    assert (answer.status_code, answer.json()["name"]) == (400, "Conflict")
    assert answer.json()["msg"].startswith("Live PATCH updates can't be applied")


def test_an_item_is_created_with_a_numbered_slug(v1):
    body = {"fields": {"name": "Product 1", "_archived": False, "_draft": False}}
    answer = v1.call("POST", "/items", body, params={"live": "true"})
    assert answer.status_code == 200
    assert answer.json()["slug"] == "product-1-2"
    assert answer.json()["published-on"] is not None


def test_put_clears_what_it_does_not_name(v1):
    body = {"fields": {"name": "Oak desk", "slug": "oak-desk", "_archived": False, "_draft": False}}
    item = v1.call("PUT", f"/items/{ONE}", body).json()
    assert item["name"] == "Oak desk"
    assert "sku" not in item


def test_a_switch_that_was_never_set_is_false(v1):
    item = v1.call("POST", "/items", {"fields": {"name": "Oak desk"}}).json()
    assert item["in-stock"] is False


def test_publishing_and_deleting_answer_with_the_ids(v1):
    published = v1.call("PUT", "/items/publish", {"itemIds": [ONE, UNKNOWN]}).json()
    assert published["publishedItemIds"] == [ONE]
    assert published["errors"] == [f"Staging item ID {UNKNOWN} not found."]
    assert v1.call("DELETE", f"/items/{ONE}", params={"live": "true"}).json() == {"deleted": 1}
    assert v1.get(f"/items/{ONE}").json()["items"][0]["published-on"] is None
    assert v1.call("DELETE", f"/items/{ONE}").json() == {"deleted": 1}
    assert v1.get(f"/items/{ONE}").status_code == 404


@pytest.mark.parametrize("live", ["false", "1", "True", "yes", ""])
def test_only_live_true_is_live(v1, live):
    before = v1.field("stock", copy="live")
    answer = v1.patch(f"/items/{ONE}", {"fields": {"stock": 777}}, live=live)
    assert (answer.status_code, answer.json()["stock"]) == (200, 777)
    assert v1.field("stock", copy="live") == before
    assert v1.call("DELETE", f"/items/{ONE}", params={"live": live}).status_code == 200
    assert v1.get(f"/items/{ONE}").status_code == 404


def test_an_item_may_be_sent_with_its_own_ids(v1):
    body = {"fields": {"stock": 7, "_id": ONE, "_cid": PRODUCTS}}
    assert v1.patch(f"/items/{ONE}", body).json()["stock"] == 7


def test_what_only_the_cms_writes_is_refused(v1):
    fields = {"_id": UNKNOWN, "_cid": UNKNOWN, "updated-by": "Person_1", "created-on": "2025-01-01"}
    answer = v1.patch(f"/items/{ONE}", {"fields": fields})
    assert answer.status_code == 400
    assert {one["slug"] for one in answer.json()["problem_data"]} == set(fields)


def test_put_takes_back_the_flags_that_it_does_not_name(v1):
    v1.patch(f"/items/{ONE}", {"fields": {"_archived": True, "_draft": True}})
    body = {"fields": {"name": "Oak desk", "slug": "oak-desk"}}
    item = v1.call("PUT", f"/items/{ONE}", body).json()
    assert (item["_archived"], item["_draft"]) == (False, False)


def test_an_item_that_was_never_published_has_no_time_of_it(v1):
    item = v1.call("POST", "/items", {"fields": {"name": "Oak desk"}}).json()
    assert (item["published-on"], item["published-by"]) == (None, None)
    assert (item["created-on"], item["created-by"]) == (item["updated-on"], item["updated-by"])
    assert list(item)[:2] == ["_archived", "_draft"]
    assert list(item)[-2:] == ["_cid", "_id"]


def test_a_slug_gets_the_next_free_number(v1):
    slugs = [v1.call("POST", "/items", {"fields": {"name": "Oäk!"}}).json() for _ in range(3)]
    assert [one["slug"] for one in slugs] == ["o-k", "o-k-2", "o-k-3"]
    long = v1.call("POST", "/items", {"fields": {"name": "x" * 256}}).json()["slug"]
    assert long == "x" * 240


def test_a_made_slug_passes_those_that_are_held_until_the_next_publish(v1):
    assert v1.call("DELETE", f"/items/{ONE}").status_code == 200
    item = v1.call("POST", "/items", {"fields": {"name": "Product 1"}})
    assert (item.status_code, item.json()["slug"]) == (200, "product-1-2")


def test_what_cannot_be_deleted_is_told_of_by_text(v1, things):
    things(v1, "makers", [ONE])
    answer = v1.call("DELETE", "/items", {"itemIds": [ONE, UNKNOWN, TWO, TWO]}).json()
    assert answer["deletedItemIds"] == [TWO]
    unknown, used = answer["errors"]
    assert unknown == f"Staging item ID {UNKNOWN} not found."
    assert used.startswith("This item is still being used by")
    assert v1.get(f"/items/{ONE}").status_code == 200


def test_items_that_refer_to_each_other_go_together(v1, things):
    things(v1, "peer", things.ids[1])
    things(v1, "peer", things.ids[0], item=things.ids[1])
    path = f"{v1.root}/collections/{things.collection}/items"
    answer = v1.call("DELETE", path, {"itemIds": things.ids})
    assert answer.json() == {"deletedItemIds": things.ids, "errors": []}


def test_several_items_are_unpublished_with_live(v1):
    answer = v1.call("DELETE", "/items", {"itemIds": [ONE, TWO]}, params={"live": "true"})
    assert answer.json() == {"deletedItemIds": [ONE, TWO], "errors": []}
    assert v1.get(f"/items/{TWO}").json()["items"][0]["published-on"] is None


def test_an_archived_item_is_not_published(v1):
    v1.patch(f"/items/{ONE}", {"fields": {"_archived": True}})
    answer = v1.call("PUT", "/items/publish", {"itemIds": [ONE, TWO]}).json()
    assert answer["publishedItemIds"] == [TWO]
    assert answer["errors"] == [f"Staging item ID {ONE} is archived and cannot be published."]
