"""Which item of the CMS an event of the CMS itself tells of."""

import pytest

from service.senders.base import Origin
from tests.support.signed_requests import event, events

ITEM = {
    "id": "i1",
    "collectionId": "c1",
    "lastUpdated": "2026-05-12T09:29:59.640Z",
    "isArchived": False,
    "isDraft": True,
    "fieldData": {"name": "Oak lamp", "stock": 31},
}
HELD = {"name": "Oak lamp", "stock": 31, "_archived": False, "_draft": True}


def origin(trigger, item):
    return event("webflow", {"triggerType": trigger, "payload": item}).origin


@pytest.mark.parametrize(
    ("trigger", "fate"),
    [
        ("collection_item_created", "held"),
        ("collection_item_changed", "held"),
        ("collection_item_published", "held"),
        ("collection_item_unpublished", "unpublished"),
        ("collection_item_deleted", "deleted"),
    ],
)
def test_an_event_of_an_item_tells_what_the_item_holds(trigger, fate):
    assert origin(trigger, ITEM) == Origin("c1", "i1", HELD, fate, "t01778578199640000")


def test_a_deletion_may_tell_no_more_than_ids():
    item = {"id": "i1", "collectionId": "c1"}
    assert origin("collection_item_deleted", item) == Origin("c1", "i1", {}, "deleted")


def test_each_of_several_items_is_told_of():
    body = {"triggerType": "collection_item_published", "payload": {"items": [ITEM, {"id": "b"}]}}
    assert [each.origin and each.origin.item for each in events("webflow", body)] == ["i1", None]


@pytest.mark.parametrize(
    ("trigger", "item"),
    [
        ("site_publish", ITEM),
        ("collection_item_changed", None),
        ("collection_item_changed", {"id": "i1"}),
        ("collection_item_changed", ITEM | {"id": 5}),
        (["collection_item_changed"], ITEM),
    ],
)
def test_what_names_no_item_of_a_collection_tells_of_none(trigger, item):
    assert origin(trigger, item) is None


def test_an_event_of_another_system_tells_of_no_item():
    assert event("hmac", {"payload": ITEM, "triggerType": "collection_item_changed"}).origin is None
