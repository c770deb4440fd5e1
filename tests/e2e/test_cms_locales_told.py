"""Webflow's own webhooks tell of one variant of an item, by cmsLocaleId."""

from dataclasses import replace

import pytest

from service.ingest import own_writes
from service.senders.base import Origin
from tests.support.locale_rig import DE, EN, add_variant, live_in, localize
from workers.config.settings import Source
from workers.model.changes import Change, Delivery, FieldValue, Incoming, canonical, time_version


@pytest.fixture
def told(open_way):
    """A way out that has written 5 to a product, and a function that tells what Webflow says."""

    def open(**collection):
        way = open_way(by="key", items=2, collection=collection)
        localize(way, "en", "de")
        add_variant(way, 1)
        shop = Source("cms", "webflow", ("s",))
        way.settings = replace(way.settings, sources={**way.settings.sources, "cms": shop})
        way.begin()
        way.change(1, stock=5)
        way.run()

        def tell(locale, fate="held", **fields):
            held = {**way.staged(1), **fields}
            at = time_version(way.site.now())
            products = way.settings.collections["products"]
            origin = Origin(products.id, way.id(1), held, fate, at, locale)
            values = tuple(FieldValue(s, canonical(v), "number") for s, v in fields.items())
            change = Change("cms", "products", way.record(1), "key", values, at)
            collections = {"products": products}
            changes = own_writes.told([change] if values else [], origin, at, collections)
            gone = own_writes.gone(origin, collections)
            event = Incoming(f"{locale} {at} {fate}", fate, 0, changes, gone=gone)
            way.queued.update(
                way.context.outbox.accept(Delivery("cms", event.id, (event,), b"{}")).wake
            )
            way.run()

        way.tell = tell
        return way

    return open


@pytest.mark.parametrize("locales", ["primary", "all"])
def test_what_another_variant_holds_is_not_taken_for_the_primary_one(told, locales):
    way = told(locales=locales)
    way.pass_time(60)
    way.tell(DE, stock=77)
    assert way.live(1)["stock"] == 5
    assert way.counts("written", "stale") == (1, 1)


@pytest.mark.parametrize("locales", ["primary", "all"])
def test_what_the_primary_variant_holds_is(told, locales):
    way = told(locales=locales)
    way.pass_time(60)
    way.tell(EN, stock=77)
    assert way.live(1)["stock"] == 77
    assert way.counts("stale") == (0,)


def test_a_mapping_of_that_locale_takes_it(told):
    way = told(locales="all")
    way.pass_time(60)
    way.tell(DE, **{"price@de": 9, "price@en": 8})
    assert live_in(way, 1, slug="price") == 9
    assert way.live(1)["price"] != 8


def test_a_variant_that_is_deleted_leaves_its_item_where_it_is(told):
    way = told(locales="all")
    way.products.remove(way.products.variants(DE).items[way.id(1)])
    way.tell(DE, "deleted")
    way.forget_requests()
    way.change(1, stock=6)
    way.run()
    assert way.live(1)["stock"] == 6
    assert len(way.requests) == 1
