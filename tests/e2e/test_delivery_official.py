"""What Webflow's own client sees of items that were created, put right, retired and referred to."""

import httpx
import pytest
from webflow import Webflow
from webflow.environment import WebflowEnvironment

from tests.support.delivery_cms import PRODUCTS
from tests.support.reconcile_rig import Reconciling


@pytest.fixture
def way(store):
    way = Reconciling(store, items=6, missing="create", policy={"orphans": "archive"})
    yield way
    way.close()
    way.check()


@pytest.fixture
def items(way):
    """The items of the products, as the official client calls them."""
    url = f"{way.server.url}/v2"
    place = WebflowEnvironment(base=url, data_api=url, content_delivery_api=url)
    with httpx.Client(trust_env=False, timeout=30) as session:
        client = Webflow(access_token="t", environment=place, httpx_client=session)
        yield client.collections.items


def by_key(answer):
    return {item.field_data.model_dump(by_alias=True)["sku"]: item for item in answer.items}


def stock(item):
    return item.field_data.model_dump(by_alias=True)["stock"]


def test_it_sees_what_a_reconcile_has_put_right_made_and_retired(way, items):
    source = way.products_as_source(range(1, 6))
    source["P-0001"] = ({"stock": 41}, None)
    source["new-1"] = ({"name": "Oak desk", "stock": 42}, None)
    way.edit(2, stock=-1)
    source["P-0002"] = ({"stock": 43}, None)
    way.reconcile(source)
    staged, live = by_key(items.list_items(PRODUCTS)), by_key(items.list_items_live(PRODUCTS))
    for shown in (staged, live):
        assert {key: stock(shown[key]) for key in ("P-0001", "P-0002", "new-1")} == {
            "P-0001": 41,
            "P-0002": 43,
            "new-1": 42,
        }
    assert not staged["new-1"].is_draft
    assert staged["P-0006"].is_archived
    assert sum(item.is_archived for item in staged.values()) == 1


def test_it_sees_no_item_whose_record_was_deleted(way, items):
    way.change(1, stock=1)
    way.run()
    way.retire(1, "delete")
    way.run()
    assert "P-0001" not in by_key(items.list_items(PRODUCTS))
    assert "P-0001" not in by_key(items.list_items_live(PRODUCTS))


def test_what_somebody_edits_with_it_is_named_an_edit_and_put_right(way, items):
    way.change(3, stock=5)
    way.run()
    source = way.products_as_source(range(1, 7))
    way.pass_time(60)
    items.update_item_live(PRODUCTS, way.id(3), field_data={"stock": 99})
    told = way.reconcile(source)
    assert told.by_cause() == {"edited in the CMS": ["P-0003"]}
    assert stock(by_key(items.list_items_live(PRODUCTS))["P-0003"]) == 5
