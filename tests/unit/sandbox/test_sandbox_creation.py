"""New items in v2: one or many, staged or live, and their slugs."""

import re

import pytest

from service.sandbox.seeds.samples import product_id

ONE = product_id(1)


def test_a_created_item_is_a_draft_that_is_not_live(v2):
    answer = v2.call("POST", "/items", {"fieldData": {"name": "Oak desk"}})
    item = answer.json()
    assert answer.status_code == 202
    assert (item["isDraft"], item["lastPublished"]) == (True, None)
    assert item["fieldData"]["slug"] == "oak-desk"
    assert v2.get(f"/items/{item['id']}/live").status_code == 404


def test_an_item_can_be_created_live(v2):
    item = v2.call("POST", "/items/live", {"fieldData": {"name": "Oak desk"}}).json()
    assert item["isDraft"] is False
    assert v2.get(f"/items/{item['id']}/live").ok


def test_several_items_can_be_created(v2):
    body = {"items": [{"fieldData": {"name": name}} for name in ("Oak desk", "Oak desk")]}
    answer = v2.call("POST", "/items", {"items": body["items"][:1]})
    again = v2.call("POST", "/items", {"items": body["items"][:1]})
    slugs = [one.json()["items"][0]["fieldData"]["slug"] for one in (answer, again)]
    assert slugs[0] == "oak-desk"
    assert slugs[1].startswith("oak-desk-")


def test_a_slug_that_is_sent_and_taken_is_refused_or_told_apart_as_the_site_is_set(v2):
    body = {"fieldData": {"name": "Oak desk", "slug": "product-1"}}
    answer = v2.call("POST", "/items", body)
    assert (answer.status_code, answer.json()["details"][0]["param"]) == (400, "slug")
    v2.control("POST", "/site", {"suffixes_slugs": True})
    slug = v2.call("POST", "/items", body).json()["fieldData"]["slug"]
    assert re.fullmatch("product-1-[0-9a-f]{5}", slug)


@pytest.mark.parametrize("path", ["/items", "/items/live"])
def test_items_of_one_name_made_at_once_get_slugs_of_their_own(v2, path):
    made = v2.call("POST", path, {"items": [{"fieldData": {"name": "Oak desk"}}] * 2}).json()
    first, second = made["items"]
    assert first["fieldData"]["slug"] != second["fieldData"]["slug"]
    assert made["id"] == first["id"]


def test_no_more_than_100_items_are_made_at_once(v2):
    several = [{"name": f"Desk {n}"} for n in range(101)]
    for path, body in (
        ("/items", {"items": [{"fieldData": one} for one in several]}),
        ("/items/bulk", {"fieldData": several}),
        ("/items/bulk", {"fieldData": []}),
    ):
        assert v2.call("POST", path, body).status_code == 400
    assert v2.call("POST", "/items/bulk", {"fieldData": several[:100]}).status_code == 202


@pytest.mark.parametrize("path", ["/items", "/items/live", "/items/bulk"])
def test_a_file_that_cannot_be_imported_is_left_out_unless_it_must_be_there(v2, path):
    body = {"fieldData": {"name": "Oak desk", "image": {"url": "https://a.invalid/x.png"}}}
    made = v2.call("POST", path, body)
    assert made.status_code == 202
    assert "image" not in made.json()["fieldData"]
    answer = v2.call("POST", f"{path}?skipInvalidFiles=false", body)
    assert (answer.status_code, answer.json()["details"][0]["param"]) == (400, "image")


def test_a_new_item_needs_a_name(v2):
    answer = v2.call("POST", "/items", {"fieldData": {"stock": 1}})
    assert answer.status_code == 400
    assert "should have required property 'name'" in answer.json()["message"]


def test_a_slug_made_from_a_name_avoids_one_that_a_deleted_item_still_holds(v2):
    v2.call("DELETE", f"/items/{ONE}")
    made = v2.call("POST", "/items", {"fieldData": {"name": "Product 1"}})
    assert made.status_code == 202
    assert made.json()["fieldData"]["slug"].startswith("product-1-")
