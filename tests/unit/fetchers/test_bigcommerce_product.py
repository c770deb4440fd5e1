"""BigCommerce's catalogue: which product a notice means, and how it is read."""

import pytest

from service.fetchers.base import Notice
from service.mapping.paths import compile_path
from tests.support.fetched_systems import GOOD, TOKEN, asked, fetcher, system
from workers.errors import FetchRefused

KIND = "bigcommerce-product"
PATH = "/stores/k4v9x2ab/v3/catalog/products/205"


def test_the_product_is_what_stands_under_data():
    with system(GOOD[KIND]) as server:
        assert fetcher(KIND, server.url)(Notice("205", {})) == {"id": 205, "name": "Lamp"}
    assert asked(server) == [("GET", PATH, {"include": "variants,images,custom_fields"})]
    assert server.requests[0].headers["x-auth-token"] == TOKEN


def test_other_parts_may_be_included_or_none():
    with system(GOOD[KIND]) as server:
        fetcher(KIND, server.url, include=["variants"])(Notice("205", {}))
        fetcher(KIND, server.url, include=[])(Notice("205", {}))
    assert [query for _, _, query in asked(server)] == [{"include": "variants"}, {}]


@pytest.mark.parametrize(
    ("data", "product"),
    [
        ({"type": "product", "id": 205}, 205),
        ({"type": "product", "id": 167, "inventory": {"product_id": 167, "value": 5}}, 167),
        ({"type": "sku", "id": 461, "sku": {"product_id": 206, "variant_id": 509}}, 206),
        ({"type": "sku", "id": 461, "inventory": {"product_id": 206, "variant_id": 509}}, 206),
        ({"variant_id": 127, "product_id": 113, "location_id": 2}, 113),
        ({"type": "order", "id": 250}, None),
        ({"metafield_id": 12, "resource_id": "118", "resource_type": "product"}, None),
    ],
    ids=["product", "stock", "sku", "stock of a sku", "stock at a place", "order", "metafield"],
)
def test_the_documented_notices_name_their_product(data, product):
    path = compile_path(fetcher(KIND).object)
    assert path.evaluate({"data": data, "producer": "stores/k4v9x2ab"}) == product


def test_a_notice_of_another_store_is_refused_before_anything_is_asked():
    with system(GOOD[KIND]) as server:
        fetch = fetcher(KIND, server.url)
        with pytest.raises(FetchRefused, match="'stores/other', expected 'stores/k4v9x2ab'"):
            fetch(Notice("205", {"producer": "stores/other"}))
        assert fetch(Notice("205", {"producer": "stores/k4v9x2ab"}))["id"] == 205
    assert len(server.requests) == 1


@pytest.mark.parametrize("text", ["../../v2/store", "", "205?x", "205/", "-1", "٣", "1" * 19])
def test_what_is_no_products_id_is_refused_before_anything_is_asked(text):
    with system(GOOD[KIND]) as server, pytest.raises(FetchRefused, match="product's id"):
        fetcher(KIND, server.url)(Notice(text, {}))
    assert server.requests == []
