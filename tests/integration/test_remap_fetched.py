"""Thin notices run again: what their fetches have read is mapped anew, and nothing is fetched."""

import json
from datetime import timedelta

import pytest

from service.fetchers.base import Fetched
from service.ingest.event_mapper import Reader
from service.ingest.remap import Remap
from service.senders import build
from workers.store.delivery_log import Kept


@pytest.fixture
def remap():
    def _remap(way):
        kept = Kept(way.outbox)
        window = kept.window("shop")
        senders = {"shop": build(way.settings.sources["shop"], public_url=None)}
        made = Remap(kept, Reader(senders, way.mappings), "shop", dry=False, wake=str)
        made.run(window.now - timedelta(hours=1), window.last, lambda *_: None)
        return made.tally

    return _remap


def value(way, record, slug="stock"):
    return json.loads(way.field(record, slug)["v"])


def test_what_was_fetched_is_mapped_anew_at_its_version(way_with, remap):
    way = way_with(lambda _: {"sku": "p1", "qty": 1, "pieces": 10, "price": 2})
    way.notice("p1")
    way.run()
    version = way.field("p1")["r"]
    way.begin('data_key="qty"', 'data_key="pieces"')
    tally = remap(way)
    assert (value(way, "p1"), value(way, "p1", "price")) == (10, 2)
    assert way.field("p1")["r"] == version
    assert (tally.deliveries, tally.taken, tally.same, tally.notices) == (2, 1, 1, 1)
    assert len(way.read) == 1
    assert remap(way).taken == 0


def test_of_what_one_fetch_has_read_each_payload_runs_again(way_with, remap):
    way = way_with(
        lambda _: Fetched(tuple({"sku": f"p{n}", "qty": n, "pieces": n * 10} for n in range(3)))
    )
    way.notice("all")
    way.run()
    way.begin('data_key="qty"', 'data_key="pieces"')
    remap(way)
    assert [value(way, f"p{n}") for n in range(3)] == [0, 10, 20]


def test_what_was_fetched_and_did_not_fit_leaves_its_dead_letter(way_with, remap):
    way = way_with(lambda _: {"sku": "p1", "qty": "x", "pieces": 4})
    way.notice("p1")
    way.run()
    assert len(way.open_letters()) == 1
    way.begin('data_key="qty"', 'data_key="pieces"')
    remap(way)
    assert way.open_letters() == []
    assert value(way, "p1") == 4


def test_a_fetch_that_read_nothing_leaves_nothing_to_keep(way_with, remap):
    way = way_with(lambda _: Fetched(()))
    way.notice("p1")
    way.run()
    assert remap(way).deliveries == 1
