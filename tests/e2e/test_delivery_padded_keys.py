"""Keys that one side pads, or composes in another way: one record, one item, by both APIs."""

from dataclasses import replace

import pytest

from service.sandbox.model.schema import Field
from workers.config.settings import Collection

PADDED = ("P-0001   ", "\u00a0P-0001", "P-0001\t\u3000")


@pytest.mark.parametrize("held", PADDED, ids=ascii)
def test_an_item_whose_key_is_padded_is_found(open_way, api, held):
    way = open_way(api=api, by="key")
    way.edit(1, sku=held)
    way.change("P-0001", stock=71)
    way.run()
    assert way.shown("stock", [1]) == [71]
    assert way.counts("written", "dead", "pending") == (1, 0, 0)
    assert way.live(1)["sku"] == held, "what stands in the CMS stays as it is"


def test_an_item_whose_key_is_composed_in_another_way_is_found(open_way, api):
    way = open_way(api=api, by="key")
    way.edit(1, sku="Gru\u0308n-1")
    way.change("Gr\u00fcn-1", stock=71)
    way.run()
    assert way.shown("stock", [1]) == [71]
    assert way.counts("dead") == (0,)


@pytest.mark.parametrize("held", PADDED, ids=ascii)
def test_no_second_item_is_made_for_a_padded_key(making, held):
    making.edit(1, sku=held)
    making.change("P-0001", name="Oak desk", stock=71)
    making.run()
    assert making.posts() == []
    assert making.shown("stock", [1]) == [71]


def test_two_items_whose_keys_are_padded_in_two_ways_are_twins(open_way, api):
    way = open_way(api=api, by="key")
    way.edit(2, sku="P-0001 ")
    way.change("P-0001", stock=71)
    way.change("P-9999", stock=72)  # no filter shows it: the whole is listed
    way.run()
    assert way.shown("stock", [1]) == [71]
    assert way.state("products")[0] == "flowing"
    products = way.settings.collections["products"]
    assert way.context.items.duplicates(products) == {"P-0001": (way.id(1), way.id(2))}


def test_a_part_of_a_key_may_be_padded(open_way, api):
    way = open_way(api=api, by="key", collection={"key": ("sku", "supplier")})
    way.edit(1, supplier=" Acme  ")
    way.change("P-0001|Acme", stock=71)
    way.run()
    assert way.shown("stock", [1]) == [71]


def test_a_reference_finds_an_item_whose_key_is_padded(open_way, api):
    way = open_way(api=api, by="key")
    shelves = way.add_collection("shelves")
    way.products.fields["shelf"] = Field(
        "shelf", "Reference", validations={"collectionId": shelves}
    )
    known = {
        **way.settings.collections,
        "shelves": Collection("shelves", "site", shelves, "sku", preflight=False),
    }
    way.settings = replace(way.settings, collections=known)
    way.begin()
    id, shelf = next(iter(way.site.collections[shelves].items.items()))
    for copy in (shelf.staged, shelf.live):
        copy.fields["sku"] = "S-1   "
    way.change(1, shelf={"key": "S-1", "to": "shelves"})
    way.run()
    assert way.shown("shelf", [1]) == [id]


def test_a_reconcile_finds_no_difference_in_how_keys_are_padded(reconciling, api):
    way = reconciling(api=api, items=3)
    source = way.products_as_source([1, 2, 3], version=1)
    way.edit(1, sku="P-0001    ")
    told = way.reconcile(source)
    assert told.by_cause() == {}
    way.edit(2, sku="\u2009P-0002")
    source["P-0002"] = ({"stock": 72}, 2)
    told = way.reconcile(source)
    assert list(told.by_cause().values()) == [["P-0002"]]
    assert way.staged(2)["stock"] == 72


def test_a_reconcile_shows_the_key_of_an_orphan_as_the_cms_has_it(reconciling):
    way = reconciling(items=3, policy={"orphans": "report"})
    source = way.products_as_source([1, 2], version=1)
    way.edit(3, sku="P-0003   ")
    told = way.reconcile(source)
    assert [each["key"] for each in told.shown] == ["P-0003   "]


def test_what_a_process_of_the_version_before_accepts_is_merged_before_it_is_sent(making):
    making.change("P-0001", stock=70, version=1)
    making.change("P-0001  ", name="Elm desk", stock=71, version=2)
    making.change("\u00a0P-0002", name="Oak desk", stock=72, version=2)
    making.run()
    assert making.posts() == []
    assert making.shown("stock", (1, 2)) == [71, 72]
    assert making.counts("pending", "dead") == (0, 0)
    left = {key.rpartition(":")[2] for key in making.store.scan_iter("instep:item:*")}
    assert left == {"P-0001", "P-0002"}
