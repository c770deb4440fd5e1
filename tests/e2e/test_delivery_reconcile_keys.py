"""Keys that moved, keys of several parts, and values that name items of others by their keys."""

from dataclasses import replace

import pytest

from service.reconcile.apply.settlement import REPAIRED
from service.reconcile.plan import causes
from service.sandbox.model.schema import Field
from service.sandbox.seeds.samples import fill
from workers.config.settings import Collection


@pytest.fixture
def shelved(reconciling):
    """Opens one whose products may stand on one of ten shelves."""

    def open(**options):
        way = reconciling(window=600, requests_per_minute=600, **options)
        way.shelves = way.add_collection("shelves")
        target = {"collectionId": way.shelves}
        way.products.fields["shelf"] = Field("shelf", "Reference", validations=target)
        way.products.fields["shelves"] = Field("shelves", "MultiReference", validations=target)
        shelves = Collection("shelves", "site", way.shelves, "sku", preflight=False)
        known = {**way.settings.collections, "shelves": shelves}
        way.settings = replace(way.settings, collections=known)
        way.begin()
        return way

    return open


def shelf(n):
    return {"key": f"P-{n:04d}", "to": "shelves"}


def id_of(way, n):
    items = way.site.collections[way.shelves].items
    return next(id for id, one in items.items() if one.staged.fields["sku"] == f"P-{n:04d}")


def test_references_by_key_are_compared_by_the_items_they_name(shelved):
    way = shelved(items=4)
    way.edit(1, shelf=id_of(way, 1))
    way.edit(2, shelf=id_of(way, 9), shelves=[id_of(way, 4), id_of(way, 5)])
    pair = {"keys": ["P-0004", "P-0005"], "to": "shelves"}
    source = {
        way.record(1): ({"shelf": shelf(1)}, 1),
        way.record(2): ({"shelf": shelf(2), "shelves": pair}, 1),
        way.record(3): ({"shelf": None}, 1),
    }
    told = way.reconcile(source, partial=True)
    assert told.by_cause() == {causes.MISSED: [way.record(2)]}
    assert told.outcomes() == {REPAIRED}
    assert way.live(2)["shelf"] == id_of(way, 2)
    # Both collections once, the live copies that may differ, and the one write.
    assert [call.method for call in told.calls] == ["GET", "GET", "GET", "PATCH"]
    way.pass_time(60)
    way.edit(2, shelf=id_of(way, 9))
    again = way.reconcile(source, partial=True)
    assert again.by_cause() == {causes.EDITED: [way.record(2)]}
    assert way.live(2)["shelf"] == id_of(way, 2)
    assert way.reconcile(source, partial=True).by_cause() == {}


def test_a_reference_to_what_is_not_there_becomes_a_letter_and_the_dry_run_says_so(shelved):
    way = shelved(items=4)
    source = {way.record(1): ({"shelf": shelf(99), "stock": 7}, 1)}
    dry = way.reconcile(source, partial=True, dry=True)
    assert dry.outcomes() == {REPAIRED, causes.LETTER}
    told = way.reconcile(source, partial=True)
    assert told.outcomes() == {REPAIRED, causes.LETTER}
    needed = dict(dry.done.calls)
    used = [call.method for call in told.calls]
    listed = dry.found.pages.calls + dry.found.targets
    assert (used.count("PATCH"), used.count("GET")) == (needed["update"], needed["list"] + listed)


def test_an_item_with_another_key_is_an_orphan_and_its_record_gets_an_item_in_the_same_run(
    reconciling,
):
    way = reconciling(items=4, missing="create", policy={"orphans": "report"})
    way.change(1, name="Desk", stock=5, version=1)
    way.run()
    way.pass_time(60)
    way.edit(1, sku="another")
    source = {way.key(1): ({"stock": 5}, 1)} | way.products_as_source([2, 3, 4], version=1)
    told = way.reconcile(source)
    assert told.by_cause() == {causes.DELETED: [way.key(1)], causes.ORPHAN: ["another"]}
    assert [item.staged.fields["stock"] for item in way.made(way.key(1))] == [5]
    assert way.reconcile(source).by_cause() == {causes.ORPHAN: ["another"]}


def test_a_key_of_several_parts_joins_records_and_items(reconciling):
    way = reconciling(items=3)
    parted = replace(way.settings.collections["products"], key=("sku", "color"))
    way.settings = replace(way.settings, collections={"products": parted})
    way.begin()
    keys = [f"{way.key(n)}|{way.staged(n)['color']}" for n in (1, 2, 3)]
    source = {key: ({"stock": way.staged(n)["stock"]}, 1) for n, key in enumerate(keys, start=1)}
    source[keys[0]] = ({"stock": 77}, 1)
    told = way.reconcile(source)
    assert (told.by_cause(), told.outcomes()) == ({causes.MISSED: [keys[0]]}, {REPAIRED})
    assert way.staged(1)["stock"] == 77


def remake(way, collection, n):
    """Make the *n*-th item anew under its key, behind the back of everybody."""
    held = way.site.collections[collection]
    item = held.items[
        next(i for i, one in held.items.items() if one.staged.fields["sku"] == f"P-{n:04d}")
    ]
    held.remove(item)
    new = f"{collection[:20]}{n:04x}"[-24:].rjust(24, "e")
    fill(way.site, held, [item.staged.fields], ids=[new])
    held.items[new].created = way.site.now()
    way.pass_time(61)
    return new


def test_a_reference_to_an_item_that_was_made_anew_is_a_difference_and_repaired(shelved):
    way = shelved(items=4)
    source = {way.record(n): ({"shelf": shelf(n)}, 1) for n in (1, 2)}
    way.reconcile(source, partial=True)
    way.pass_time(61)
    assert way.reconcile(source, partial=True).by_cause() == {}
    new = remake(way, way.shelves, 1)
    told = way.reconcile(source, partial=True)
    assert [*told.by_cause().values()] == [[way.record(1)]]
    assert told.outcomes() == {REPAIRED}
    assert (way.live(1)["shelf"], way.live(2)["shelf"]) == (new, id_of(way, 2))
    way.pass_time(61)
    assert way.reconcile(source, partial=True).by_cause() == {}


def test_a_reference_within_a_collection_follows_an_item_that_is_made_anew(reconciling):
    way = reconciling(items=3, missing="create", window=600, requests_per_minute=600)
    way.products.fields["shelf"] = Field(
        "shelf", "Reference", validations={"collectionId": way.settings.collections["products"].id}
    )
    source = {
        way.record(n): (
            {
                "shelf": {"key": way.key(3), "to": "products"} if n == 1 else None,
                "name": f"N {n}",
                "slug": f"n-{n}",
            },
            1,
        )
        for n in (1, 2, 3)
    }
    way.reconcile(source)
    way.pass_time(61)
    way.products.remove(way.products.items[way.id(3)])
    told = way.reconcile(source)
    assert {record for records in told.by_cause().values() for record in records} == {
        way.record(1),
        way.record(3),
    }
    assert told.outcomes() == {REPAIRED}
    made = next(
        i for i, one in way.products.items.items() if one.staged.fields["sku"] == way.key(3)
    )
    assert way.live(1)["shelf"] == made
    way.pass_time(61)
    assert way.reconcile(source).by_cause() == {}
