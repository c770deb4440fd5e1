"""Every cause of a 409, reached by calls as a client makes them, or by the control API."""

from dataclasses import replace

import pytest

from service.sandbox.seeds.samples import PRODUCTS, product_id
from service.sandbox.site.site import SITE_ID

ONE, TWO = product_id(1), product_id(2)
STOCK = {"fieldData": {"stock": 777}}


def conflict(answer):
    """The message of a 409."""
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict"), answer.text
    assert answer.json()["details"] == []
    return answer.json()["message"]


def publish_site(v2):
    body = {"publishToWebflowSubdomain": True}
    answer = v2.call("POST", f"{v2.root}/v2/sites/{SITE_ID}/publish", body)
    assert answer.status_code == 202


def add_field(v2, kind="Number", **more):
    order = {"type": kind, "displayName": "Weight", **more}
    assert v2.call("POST", "/fields", order).status_code == 200


def change_schema(v2):
    add_field(v2)


def change_schema_by_hand(v2):
    v2.control("POST", "/schema", {"changed": True})


@pytest.mark.parametrize("change", [change_schema, change_schema_by_hand])
def test_a_changed_structure_blocks_the_live_site_until_it_is_published(v2, change):
    change(v2)
    wanted = "Conflict: The collection structure changed since the last publish"
    items = {"items": [{"id": ONE, **STOCK}]}
    assert conflict(v2.patch(f"/items/{ONE}/live", STOCK)) == wanted
    assert conflict(v2.patch("/items/live", items)) == wanted
    assert conflict(v2.call("POST", "/items/publish", {"itemIds": [ONE]})) == wanted
    assert v2.patch(f"/items/{ONE}", STOCK).status_code == 200
    publish_site(v2)
    assert v2.patch(f"/items/{ONE}/live", STOCK).status_code == 200


def test_a_site_that_was_never_published_takes_no_live_writes(v2):
    v2.control("POST", "/site", {"published": False})
    wanted = "Conflict: The site is not published"
    assert conflict(v2.patch(f"/items/{ONE}/live", STOCK)) == wanted
    assert conflict(v2.call("POST", "/items/live", {"fieldData": {"name": "A"}})) == wanted
    assert conflict(v2.call("POST", "/items/publish", {"itemIds": [ONE]})) == wanted
    assert v2.patch(f"/items/{ONE}", STOCK).status_code == 200
    publish_site(v2)
    assert v2.patch(f"/items/{ONE}/live", STOCK).status_code == 200


def test_a_new_collection_takes_no_live_changes_until_the_site_is_published(v2):
    order = {"displayName": "Makers", "singularName": "Maker"}
    made = v2.call("POST", f"{v2.root}/v2/sites/{SITE_ID}/collections", order).json()["id"]
    base = f"{v2.root}/v2/collections/{made}/items"
    id = v2.call("POST", base, {"fieldData": {"name": "A"}}).json()["id"]
    conflict(v2.call("POST", f"{base}/publish", {"itemIds": [id]}))
    publish_site(v2)
    assert v2.call("POST", f"{base}/publish", {"itemIds": [id]}).status_code == 202


def test_the_plan_limits_the_items_of_all_collections(v2):
    v2.control("POST", "/site", {"item_limit": 121})
    wanted = (
        "Conflict: You've created all the items in your CMS Database allowed on your current plan."
    )
    two = {"items": [{"fieldData": {"name": name}} for name in "AB"]}
    assert conflict(v2.call("POST", "/items", two)) == wanted
    made = v2.call("POST", "/items", {"fieldData": {"name": "A"}})
    assert made.status_code == 202
    for path in ("/items", "/items/live", "/items/bulk"):
        assert conflict(v2.call("POST", path, {"fieldData": {"name": "B"}})) == wanted
    assert v2.call("DELETE", f"/items/{made.json()['id']}").status_code == 204
    assert v2.call("POST", "/items", {"fieldData": {"name": "B"}}).status_code == 202
    v2.control("POST", "/site", {"item_limit": None})
    assert v2.call("POST", "/items", {"fieldData": {"name": "C"}}).status_code == 202


def test_an_item_in_two_locales_counts_once(v2, site):
    v2.control("POST", "/site", {"item_limit": 122})
    body = {"cmsLocaleIds": site.locales.cms_ids, "fieldData": {"name": "A"}}
    assert v2.call("POST", "/items/bulk", body).status_code == 202
    assert v2.call("POST", "/items", {"fieldData": {"name": "B"}}).status_code == 202
    conflict(v2.call("POST", "/items", {"fieldData": {"name": "B"}}))


@pytest.mark.parametrize(("kind", "value"), [("Reference", ONE), ("MultiReference", [TWO, ONE])])
def test_an_item_that_another_one_refers_to_is_not_deleted(v2, kind, value):
    add_field(v2, kind, metadata={"collectionId": PRODUCTS})
    v2.patch(f"/items/{product_id(3)}", {"fieldData": {"weight": value}})
    conflict(v2.call("DELETE", f"/items/{ONE}"))
    conflict(v2.call("DELETE", "/items", {"items": [{"id": ONE}, {"id": product_id(4)}]}))
    assert v2.get(f"/items/{product_id(4)}").status_code == 200
    both = {"items": [{"id": ONE}, {"id": product_id(3)}]}
    assert v2.call("DELETE", "/items", both).status_code == 204


def test_an_item_may_refer_to_itself_and_be_deleted(v2):
    add_field(v2, "Reference", metadata={"collectionId": PRODUCTS})
    v2.patch(f"/items/{ONE}", {"fieldData": {"weight": ONE}})
    assert v2.call("DELETE", f"/items/{ONE}").status_code == 204


def test_archived_items_take_live_changes_unless_the_site_is_as_in_2025(v2):
    v2.patch(f"/items/{ONE}", {"isArchived": True})
    assert v2.patch(f"/items/{ONE}/live", STOCK).status_code == 200
    v2.control("POST", "/site", {"refuses_archived": True})
    assert "never been published" in conflict(v2.patch(f"/items/{ONE}/live", STOCK))


def test_domains_that_were_published_at_different_times_matter_as_before_2025(v2, clock):
    orders = (
        ("POST", "/items/publish", {"itemIds": [ONE]}, 202),
        ("DELETE", "/items", {"items": [{"id": TWO}]}, 204),
    )
    (one, _) = v2.control("POST", "/site", {"domains": ["a.example", "b.example"]})["domains"]
    clock.at += 60
    url = f"{v2.root}/v2/sites/{SITE_ID}/publish"
    assert v2.call("POST", url, {"customDomains": [one["id"]]}).status_code == 202
    v2.control("POST", "/site", {"refuses_uneven": True})
    for method, path, body, _ in orders:
        wanted = "Conflict: Site is published to multiple domains at different times"
        assert conflict(v2.call(method, path, body)) == wanted
    v2.control("POST", "/site", {"refuses_uneven": False})
    for method, path, body, status in orders:
        assert v2.call(method, path, body).status_code == status


def test_a_patch_may_be_refused_for_what_the_item_holds_already(v2):
    add_field(v2)
    weight = next(one for one in v2.get().json()["fields"] if one["slug"] == "weight")
    v2.patch(f"/fields/{weight['id']}", {"isRequired": True})
    v2.control("POST", "/site", {"checks_merged": False})
    assert v2.patch(f"/items/{ONE}", {"isDraft": False}).status_code == 200
    v2.control("POST", "/site", {"checks_merged": True})
    answer = v2.patch(f"/items/{ONE}", {"isDraft": False})
    assert answer.status_code == 400
    assert [one["param"] for one in answer.json()["details"]] == ["weight"]
    answer = v2.patch(f"/items/{ONE}", {"isDraft": False, "fieldData": {"weight": 5}})
    assert answer.status_code == 200
    assert v2.patch(f"/items/{ONE}", {"isDraft": False}).status_code == 200


def test_what_somebody_wrote_by_hand_since_is_checked_as_well(v2, site):
    item = site.collection(PRODUCTS).item(ONE)
    assert v2.patch(f"/items/{ONE}", STOCK).status_code == 200
    broken = {**item.staged.fields, "sku": "two\nlines"}
    site.collection(PRODUCTS).store(item, replace(item.staged, fields=broken))
    answer = v2.patch(f"/items/{ONE}", STOCK)
    assert [one["param"] for one in answer.json()["details"]] == ["sku"]
    assert v2.patch(f"/items/{ONE}", {"fieldData": {"sku": "one"}}).status_code == 200
    assert v2.patch(f"/items/{ONE}", STOCK).status_code == 200


def test_the_site_tells_how_it_is_set(v2):
    shown = v2.control("GET", "/site")
    assert shown["published"] is not None
    assert (shown["item_limit"], shown["checks_merged"]) == (None, True)
    assert v2.control("POST", "/site", {"item_limit": 3})["item_limit"] == 3
    assert v2.control("GET", "/site") == shown | {"item_limit": 3}


@pytest.mark.parametrize(
    "order", [{"item_limit": -1}, {"locales": []}, {"locales": ["en", "en"]}, {"nonsense": 1}]
)
def test_a_site_is_not_set_to_what_cannot_be(v2, order):
    assert v2.call("POST", f"{v2.root}/_sandbox/site", order).status_code == 400
