"""Webflow's own Python client, unchanged, against the stand-in: items and their publication."""

import pytest
import webflow
from webflow.resources.collections.resources.items.types import (
    CreateBulkCollectionItemRequestBodyFieldDataOneItem,
    ItemIDs,
    ItemIDsWithLocales,
    ItemsDeleteItemsLiveRequestItemsItem,
    ItemsDeleteItemsRequestItemsItem,
    ItemsPublishItemRequestItemsItemsItem,
    MultipleItems,
    MultipleLiveItems,
)

from service.sandbox.seeds.samples import PRODUCTS, product_id
from tests.support.official_client import field_data, new_item

FIRST, SECOND = product_id(1), product_id(2)
PATCH = webflow.CollectionItemPatchSingleFieldData
BULK = webflow.CollectionItemWithIdInput
BULK_DATA = webflow.CollectionItemWithIdInputFieldData


@pytest.fixture
def items(official):
    return official.collections.items


def test_items_are_listed_by_page(items):
    found = items.list_items(PRODUCTS, limit=2, offset=1, sort_by="name", sort_order="asc")
    assert [one.field_data.name for one in found.items] == ["Product 10", "Product 100"]
    assert (found.pagination.limit, found.pagination.offset, found.pagination.total) == (2, 1, 120)


def test_items_are_found_by_name_slug_and_time(items):
    assert [one.id for one in items.list_items(PRODUCTS, name="Product 2").items] == [SECOND]
    assert [one.id for one in items.list_items(PRODUCTS, slug="product-2").items] == [SECOND]
    since = {"gte": "2026-01-01T00:00:00Z"}
    bound = webflow.ItemsListItemsRequestLastPublished(**since)
    assert items.list_items(PRODUCTS, last_published=bound).items == []


def test_live_items_are_listed(items):
    items.delete_item_live(PRODUCTS, FIRST)
    found = items.list_items_live(PRODUCTS, sort_by="createdOn", sort_order="asc", limit=1)
    assert ([one.id for one in found.items], found.pagination.total) == ([SECOND], 119)


def test_an_item_is_read(items):
    found = items.get_item(PRODUCTS, FIRST)
    assert (found.id, found.field_data.name, found.is_draft) == (FIRST, "Product 1", False)
    assert field_data(found)["in-stock"] is True
    assert items.get_item_live(PRODUCTS, FIRST).field_data.slug == "product-1"


def test_an_item_is_created_as_a_draft(items):
    made = items.create_item(PRODUCTS, request=new_item("Oak desk", price=12.5))
    assert (made.is_draft, made.last_published, field_data(made)["price"]) == (True, None, 12.5)
    with pytest.raises(webflow.NotFoundError):
        items.get_item_live(PRODUCTS, made.id)


def test_several_items_are_created(items):
    request = MultipleItems(items=[new_item("Oak desk"), new_item("Ash desk")])
    made = items.create_item(PRODUCTS, request=request)
    names = [one["fieldData"]["name"] for one in made.model_extra["items"]]
    assert names == ["Oak desk", "Ash desk"]


def test_an_item_is_created_live(items):
    data = webflow.CollectionItemFieldData(name="Oak desk", slug="oak-desk")
    made = items.create_item_live(PRODUCTS, request=webflow.CollectionItem(field_data=data))
    assert items.get_item_live(PRODUCTS, made.id).last_published == made.last_published


def test_several_items_are_created_live(items):
    data = webflow.CollectionItemFieldData(name="Oak desk", slug="oak-desk")
    request = MultipleLiveItems(items=[webflow.CollectionItem(field_data=data)])
    items.create_item_live(PRODUCTS, request=request)
    assert items.list_items_live(PRODUCTS, slug="oak-desk").pagination.total == 1


def test_an_item_is_created_in_every_locale(items, locales):
    data = CreateBulkCollectionItemRequestBodyFieldDataOneItem(name="Oak desk", slug="oak-desk")
    made = items.create_items(PRODUCTS, field_data=data, cms_locale_ids=locales, is_draft=False)
    for locale in locales:
        found = items.get_item(PRODUCTS, made.id, cms_locale_id=locale)
        assert (found.cms_locale_id, found.field_data.name) == (locale, "Oak desk")


def test_a_staged_update_leaves_the_live_copy_alone(items):
    changed = items.update_item(PRODUCTS, FIRST, field_data=PATCH(price=7), is_draft=True)
    assert (field_data(changed)["price"], changed.is_draft) == (7, True)
    assert field_data(items.get_item_live(PRODUCTS, FIRST))["price"] != 7


def test_a_live_update_changes_both_copies(items):
    items.update_item_live(PRODUCTS, FIRST, field_data=PATCH(price=7))
    both = [items.get_item(PRODUCTS, FIRST), items.get_item_live(PRODUCTS, FIRST)]
    assert [field_data(one)["price"] for one in both] == [7, 7]


@pytest.mark.parametrize("update", ["update_items", "update_items_live"])
def test_many_items_are_updated(items, update):
    entries = [BULK(id=product_id(n), field_data=BULK_DATA(price=n)) for n in range(1, 101)]
    answer = getattr(items, update)(PRODUCTS, items=entries)
    assert [field_data(one)["price"] for one in answer.items] == list(range(1, 101))


def test_a_locale_is_updated_on_its_own(items, locales):
    primary, other = locales
    data = CreateBulkCollectionItemRequestBodyFieldDataOneItem(name="Oak desk", slug="oak-desk")
    made = items.create_items(PRODUCTS, field_data=data, cms_locale_ids=locales)
    items.update_item(PRODUCTS, made.id, cms_locale_id=other, field_data=PATCH(name="Eichentisch"))
    found = [items.get_item(PRODUCTS, made.id, cms_locale_id=one) for one in (primary, other)]
    assert [one.field_data.name for one in found] == ["Oak desk", "Eichentisch"]


def test_items_are_published_each_with_its_outcome(items):
    made = items.create_item(PRODUCTS, request=new_item("Oak desk"))
    unknown = "65f0" + "9" * 20
    answer = items.publish_item(PRODUCTS, request=ItemIDs(item_ids=[made.id, unknown]))
    assert answer.published_item_ids == [made.id]
    assert answer.errors == [f"Staging item ID {unknown} not found."]
    assert items.get_item_live(PRODUCTS, made.id).field_data.name == "Oak desk"


def test_items_are_published_by_locale(items, locales):
    entry = ItemsPublishItemRequestItemsItemsItem(id=FIRST, cms_locale_ids=locales[:1])
    answer = items.publish_item(PRODUCTS, request=ItemIDsWithLocales(items=[entry]))
    assert (answer.published_item_ids, answer.errors) == ([FIRST], [])


def test_items_are_unpublished(items):
    items.delete_item_live(PRODUCTS, FIRST)
    many = [ItemsDeleteItemsLiveRequestItemsItem(id=SECOND)]
    items.delete_items_live(PRODUCTS, items=many)
    for id in (FIRST, SECOND):
        found = items.get_item(PRODUCTS, id)
        assert (found.is_draft, found.last_published) == (True, None)


def test_items_are_deleted(items):
    items.delete_item(PRODUCTS, FIRST)
    items.delete_items(PRODUCTS, items=[ItemsDeleteItemsRequestItemsItem(id=SECOND)])
    assert items.list_items(PRODUCTS).pagination.total == 118
