"""Lists that lag behind, and sites that know no filter by field."""

import pytest

from service.sandbox.seeds.samples import product_id

ONE = product_id(1)
LAG = 10


@pytest.fixture
def found(v2):
    """Lists; returns the ids."""

    def found(path="/items", **query):
        answer = v2.get(path, **query)
        assert answer.status_code == 200, answer.text
        return [one["id"] for one in answer.json()["items"]]

    return found


@pytest.fixture
def lagging(v2, clock):
    """A site whose lists lag, a while after its last change."""
    v2.control("POST", "/site", {"filter_lag": LAG})
    clock.at += 3600


BY_SKU = {"filter[sku][eq]": "NEW"}


@pytest.mark.usefixtures("lagging")
def test_a_new_item_is_found_by_what_it_holds_once_the_lag_is_over(v2, found, clock):
    new = {"name": "New", "slug": "new", "sku": "NEW"}
    id = v2.call("POST", "/items", {"fieldData": new}).json()["id"]
    for query in (BY_SKU, {"slug": "new"}, {"name": "New"}):
        assert found(**query) == []
    assert found(limit=1, sortBy="createdOn", sortOrder="desc") == [id]
    assert v2.get(f"/items/{id}").status_code == 200
    clock.at += LAG - 0.001
    assert found(**BY_SKU) == []
    clock.at += 0.001
    for query in (BY_SKU, {"slug": "new"}, {"name": "New"}):
        assert found(**query) == [id]


@pytest.mark.usefixtures("lagging")
def test_a_change_is_found_once_the_lag_is_over(v2, found, clock):
    v2.patch(f"/items/{ONE}", {"fieldData": {"sku": "NEW"}})
    clock.at += 5
    v2.patch(f"/items/{ONE}", {"fieldData": {"sku": "NEWER"}})
    assert found(**{"filter[sku][eq]": "P-0001"}) == [ONE]
    clock.at += 5
    assert found(**BY_SKU) == [ONE]
    clock.at += 5
    assert found(**BY_SKU) == []
    assert found(**{"filter[sku][eq]": "NEWER"}) == [ONE]


@pytest.mark.usefixtures("lagging")
def test_a_deleted_item_is_found_until_the_lag_is_over(v2, found, clock):
    v2.call("DELETE", f"/items/{ONE}")
    assert found(slug="product-1") == [ONE]
    clock.at += LAG
    assert found(slug="product-1") == []


@pytest.mark.usefixtures("lagging")
def test_a_live_list_lags_as_well(v2, found, clock):
    v2.call("DELETE", f"/items/{ONE}/live")
    assert found("/items/live", slug="product-1") == [ONE]
    clock.at += LAG
    assert found("/items/live", slug="product-1") == []


@pytest.mark.usefixtures("lagging")
def test_another_locale_lags_for_itself(v2, found, site, clock):
    german = site.locales.cms_ids[1]
    body = {"cmsLocaleIds": [german], "fieldData": {"name": "Neu", "slug": "neu"}}
    id = v2.call("POST", "/items/bulk", body).json()["id"]
    assert found(slug="neu", cmsLocaleId=german) == []
    clock.at += LAG
    assert found(slug="neu", cmsLocaleId=german) == [id]


@pytest.mark.usefixtures("lagging")
def test_what_is_out_of_the_lag_is_remembered_no_longer(v2, site, clock):
    for n in range(1, 6):
        v2.patch(f"/items/{ONE}", {"fieldData": {"stock": n}})
        clock.at += LAG
    (past,) = site.histories.values()
    assert len(past) == 1
    v2.control("POST", "/site", {"filter_lag": 0})
    v2.patch(f"/items/{ONE}", {"fieldData": {"stock": 6}})
    assert len(past) == 0


@pytest.mark.parametrize("query", [BY_SKU, {"sort[sku]": "asc"}])
def test_a_site_that_knows_no_filter_refuses_it(v2, query):
    v2.control("POST", "/site", {"filters": "refused"})
    answer = v2.get("/items", **query)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    assert answer.json()["message"].startswith("BadArgument: ")
    assert v2.get("/items", slug="product-1").json()["pagination"]["total"] == 1


def test_a_site_that_knows_no_filter_may_pass_over_it(v2, found):
    v2.control("POST", "/site", {"filters": "ignored"})
    assert len(found(**BY_SKU)) == 100
    assert found(limit=1, **{"sort[sku]": "asc"}) == [product_id(120)]


def test_filters_are_answered_at_the_start(found):
    assert found(**{"filter[sku][eq]": "P-0001"}) == [ONE]


def test_what_becomes_of_filters_has_three_words(v2):
    order = {"filters": "perhaps"}
    assert v2.call("POST", f"{v2.root}/_sandbox/site", order).status_code == 400
