"""Who is told of a change: the listeners of the site."""

import pytest

from service.sandbox.model.records import Edit
from service.sandbox.seeds.samples import PRODUCTS, product_id
from service.sandbox.site.items import Writer, delete, publish, unpublish

ONE = product_id(1)


@pytest.fixture
def events(site):
    told = []
    site.watch(told.append)
    return told


@pytest.fixture
def products(site):
    return site.collections[PRODUCTS]


def triggers(events):
    return [one.trigger.removeprefix("collection_item_") for one in events]


def test_every_change_of_an_item_is_told(site, products, events):
    writer = Writer(site, products, "v2")
    (item,) = writer.create([Edit("", {"name": "A", "slug": "a"}, archived=False, draft=True)])
    writer.update([Edit(item.id, {"stock": 1})])
    publish(site, products, [item.id])
    unpublish(site, products, [item.id])
    delete(site, products, [item.id])
    assert triggers(events) == ["created", "changed", "published", "unpublished", "deleted"]
    assert {one.item.id for one in events} == {item.id}
    assert {one.collection.id for one in events} == {PRODUCTS}
    assert {one.locale for one in events} == {item.locale}


def test_a_live_creation_publishes_as_well(site, products, events):
    edit = Edit("", {"name": "A", "slug": "a"}, archived=False, draft=False)
    Writer(site, products, "v2", live=True).create([edit])
    assert triggers(events) == ["created", "published"]


def test_an_event_holds_the_item_as_it_was_then(site, products, events):
    writer = Writer(site, products, "v2")
    before = products.items[ONE].staged.fields["stock"]
    for stock in (501, 502):
        writer.update([Edit(ONE, {"stock": stock})])
    shown = [(one.before.staged.fields["stock"], one.item.staged.fields["stock"]) for one in events]
    assert shown == [(before, 501), (501, 502)]


def test_a_refused_change_is_not_told(v2, events):
    assert v2.patch(f"/items/{ONE}", {"fieldData": {"stock": "many"}}).status_code == 400
    assert events == []


def test_listeners_are_told_once_the_lock_is_free(site, products, events):
    with site.lock:
        publish(site, products, [ONE])
        assert events == []
    assert triggers(events) == ["published"]


def test_a_listener_that_fails_stops_neither_the_request_nor_the_others(site, v2, events, caplog):
    site.lock.listeners = ({}.__getitem__, *site.lock.listeners)
    assert v2.patch(f"/items/{ONE}", {"fieldData": {"stock": 9}}).status_code == 200
    assert triggers(events) == ["changed"]
    assert "a listener failed" in caplog.text
