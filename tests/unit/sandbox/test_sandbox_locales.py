"""Locales in v2: one item, a variant in each locale."""

import pytest

from service.sandbox.model.locales import PRIMARY_ID, make_locales
from service.sandbox.seeds.samples import PRODUCTS, product_id

ONE = product_id(1)
GERMAN = make_locales().secondary[0].cms_id
BOTH = [PRIMARY_ID, GERMAN]


@pytest.fixture
def desk(v2):
    """The id of an item in both locales."""
    body = {"cmsLocaleIds": BOTH, "fieldData": {"name": "Desk", "slug": "desk", "stock": 1}}
    answer = v2.call("POST", "/items/bulk", body)
    assert answer.status_code == 202, answer.text
    return answer.json()["id"]


def stocks(v2, id, live=""):
    """What each locale holds; None where there is nothing."""
    answers = [v2.get(f"/items/{id}{live}", cmsLocaleId=one) for one in BOTH]
    return [one.json()["fieldData"]["stock"] if one.ok else None for one in answers]


def test_the_site_names_its_locales(v2):
    (site,) = v2.get(f"{v2.root}/v2/sites").json()["sites"]
    assert site["locales"]["primary"]["cmsLocaleId"] == PRIMARY_ID
    assert site["locales"]["primary"]["id"] != PRIMARY_ID
    assert [one["cmsLocaleId"] for one in site["locales"]["secondary"]] == [GERMAN]


def test_an_item_is_created_in_several_locales_under_one_id(v2):
    body = {"cmsLocaleIds": BOTH, "fieldData": {"name": "Desk"}}
    answer = v2.call("POST", "/items/bulk", body)
    assert answer.status_code == 202
    made = answer.json()
    assert made["cmsLocaleIds"] == BOTH
    assert (made["isDraft"], made["lastPublished"]) == (True, None)
    assert [(one["id"], one["cmsLocaleId"]) for one in made["items"]] == [
        (made["id"], locale) for locale in BOTH
    ]
    assert {one["fieldData"]["slug"] for one in made["items"]} == {"desk"}


def test_several_items_are_created_in_several_locales(v2):
    body = {"cmsLocaleIds": BOTH, "fieldData": [{"name": "Desk"}, {"name": "Desk"}]}
    items = v2.call("POST", "/items/bulk", body).json()["items"]
    assert [one["cmsLocaleId"] for one in items] == BOTH * 2
    assert len({one["id"] for one in items}) == 2
    assert len({one["fieldData"]["slug"] for one in items}) == 2


def test_without_locales_an_item_is_created_in_the_primary_one(v2):
    made = v2.call("POST", "/items/bulk", {"fieldData": {"name": "Desk"}}).json()
    assert made["cmsLocaleIds"] == [PRIMARY_ID]
    assert v2.get(f"/items/{made['id']}", cmsLocaleId=GERMAN).status_code == 404


def test_a_patch_writes_the_locale_that_it_names_and_else_the_primary_one(v2, desk):
    v2.patch(f"/items/{desk}", {"fieldData": {"stock": 2}})
    assert stocks(v2, desk) == [2, 1]
    item = v2.patch(f"/items/{desk}", {"cmsLocaleId": GERMAN, "fieldData": {"stock": 3}}).json()
    assert item["cmsLocaleId"] == GERMAN
    assert stocks(v2, desk) == [2, 3]


def test_one_bulk_patch_writes_several_locales_of_one_item(v2, desk):
    entries = [
        {"id": desk, "cmsLocaleId": one, "fieldData": {"stock": 10 + n}}
        for n, one in enumerate(BOTH)
    ]
    answer = v2.patch("/items", {"items": entries})
    assert [one["cmsLocaleId"] for one in answer.json()["items"]] == BOTH
    assert stocks(v2, desk) == [10, 11]


def test_an_item_gets_no_new_locale(v2):
    change = {"cmsLocaleId": GERMAN, "fieldData": {"stock": 3}}
    assert v2.patch(f"/items/{ONE}", change).status_code == 404


def test_publishing_goes_by_locale(v2, desk):
    order = {"items": [{"id": desk, "cmsLocaleIds": [GERMAN]}]}
    assert v2.call("POST", "/items/publish", order).json()["publishedItemIds"] == [desk]
    assert stocks(v2, desk, "/live") == [None, 1]
    v2.call("POST", "/items/publish", {"itemIds": [desk]})
    assert stocks(v2, desk, "/live") == [1, 1]
    assert v2.call("DELETE", f"/items/{desk}/live?cmsLocaleId={GERMAN}").status_code == 204
    assert stocks(v2, desk, "/live") == [1, None]
    v2.call("DELETE", "/items/live", {"items": [{"id": desk}]})
    assert stocks(v2, desk, "/live") == [None, None]


def test_a_live_patch_needs_the_locale_to_be_published(v2, desk):
    v2.call("POST", "/items/publish", {"itemIds": [desk]})
    change = {"fieldData": {"stock": 5}}
    assert v2.patch(f"/items/{desk}/live", {**change, "cmsLocaleId": GERMAN}).status_code == 409
    assert v2.patch(f"/items/{desk}/live", change).status_code == 200


def test_an_item_is_deleted_in_the_locales_that_are_named(v2, desk):
    v2.call("DELETE", "/items", {"items": [{"id": desk, "cmsLocaleIds": [GERMAN]}]})
    assert stocks(v2, desk) == [1, None]
    v2.call("DELETE", f"/items/{desk}")
    assert stocks(v2, desk) == [None, None]


@pytest.mark.usefixtures("desk")
def test_a_list_shows_the_locales_that_it_names(v2):
    def listed(**query):
        items = v2.get("/items", slug="desk", **query).json()["items"]
        return sorted(BOTH.index(one["cmsLocaleId"]) for one in items)

    assert listed() == [0]
    assert listed(cmsLocaleId=GERMAN) == [1]
    assert listed(cmsLocaleId=",".join(BOTH)) == [0, 1]


@pytest.mark.usefixtures("desk")
def test_a_slug_is_taken_in_its_own_locale_only(v2):
    body = {"cmsLocaleIds": [GERMAN], "fieldData": {"name": "Other", "slug": "other"}}
    other = v2.call("POST", "/items/bulk", body).json()["id"]
    same = {"cmsLocaleId": GERMAN, "fieldData": {"slug": "desk"}}
    assert v2.patch(f"/items/{other}", same).status_code == 400
    free = {"cmsLocaleId": GERMAN, "fieldData": {"slug": "product-1"}}
    assert v2.patch(f"/items/{other}", free).status_code == 200


def test_one_request_may_give_a_slug_out_once_in_each_locale(v2, desk):
    def patch(first, second):
        ids = ((desk, first), (other, second))
        change = {"fieldData": {"slug": "same"}}
        return v2.patch(
            "/items", {"items": [{"id": i, "cmsLocaleId": n, **change} for i, n in ids]}
        )

    body = {"cmsLocaleIds": BOTH, "fieldData": {"name": "Other", "slug": "other"}}
    other = v2.call("POST", "/items/bulk", body).json()["id"]
    assert patch(GERMAN, GERMAN).status_code == 400
    assert patch(PRIMARY_ID, GERMAN).status_code == 200


@pytest.mark.usefixtures("desk")
def test_a_new_slug_is_free_in_the_locales_of_its_item(v2):
    body = {"cmsLocaleIds": [GERMAN], "fieldData": {"name": "Product 1"}}
    assert v2.call("POST", "/items/bulk", body).json()["fieldData"]["slug"] == "product-1"
    again = v2.call("POST", "/items/bulk", body)
    assert again.status_code == 202
    assert again.json()["fieldData"]["slug"].startswith("product-1-")


def test_v1_shows_the_primary_locale(v1, v2, desk):
    v2.patch(f"/items/{desk}", {"cmsLocaleId": GERMAN, "fieldData": {"stock": 3}})
    (item,) = v1.get(f"/items/{desk}").json()["items"]
    assert item["stock"] == 1


@pytest.mark.parametrize("id", ["0" * 24, "nonsense"])
def test_an_unknown_locale_is_refused(v2, id):
    asked = [
        v2.get(f"/items/{ONE}", cmsLocaleId=id),
        v2.get("/items", cmsLocaleId=f"{PRIMARY_ID},{id}"),
        v2.patch(f"/items/{ONE}", {"cmsLocaleId": id, "isDraft": False}),
        v2.call("POST", "/items/bulk", {"cmsLocaleIds": [id], "fieldData": {"name": "Desk"}}),
    ]
    assert [one.status_code for one in asked] == [400] * 4


def test_a_site_may_have_no_locales(v2):
    assert v2.control("POST", "/site", {"locales": None})["locales"] is None
    (site,) = v2.get(f"{v2.root}/v2/sites").json()["sites"]
    assert site["locales"] is None
    item = v2.get(f"/items/{ONE}").json()
    assert item["cmsLocaleId"] is None
    answer = v2.patch(f"/items/{ONE}", item)  # echoed back, as it was read
    assert answer.status_code == 400
    wanted = "Value (cmsLocaleId)'s type should be string"
    assert answer.json()["message"] == f'Validation Error: ["{wanted}"]'
    assert v2.patch(f"/items/{ONE}", {"isDraft": False}).status_code == 200


def test_the_locales_can_be_chosen(v2):
    order = {"locales": ["en", "fr", "de"]}
    locales = v2.control("POST", "/site", order)["locales"]
    assert locales["primary"]["cmsLocaleId"] == PRIMARY_ID
    assert [one["tag"] for one in locales["secondary"]] == ["fr", "de"]
    assert locales["secondary"][1]["cmsLocaleId"] == GERMAN


@pytest.fixture
def reference(v2):
    """Adds fields that refer to products; returns what a call was told of one of them."""
    fields = [
        {"slug": "peer", "type": "Reference", "validations": {"collectionId": PRODUCTS}},
        {"slug": "peers", "type": "MultiReference", "validations": {"collectionId": PRODUCTS}},
    ]
    v2.control("POST", "/schema", {"add": fields})

    def refer(id, slug, value, locale):
        body = {"cmsLocaleId": locale, "fieldData": {slug: value}}
        answer = v2.patch(f"/items/{id}", body)
        return [one["description"] for one in answer.json().get("details", [])]

    return refer


def test_a_reference_to_an_item_that_lacks_the_locale_is_refused(desk, reference):
    assert reference(desk, "peer", ONE, PRIMARY_ID) == []
    assert reference(desk, "peer", ONE, GERMAN) == [f"Referenced item not found: '{ONE}'"]
    assert reference(desk, "peers", [desk, ONE], GERMAN) == [f"Referenced item not found: '{ONE}'"]
    assert reference(desk, "peers", [desk], GERMAN) == []
