"""References by key, on their way to a CMS that refuses ids that it does not know."""

from dataclasses import replace

import pytest

from service.sandbox.model.schema import Field
from workers.config.settings import Collection

NEW = {"missing": "create"}


@pytest.fixture
def open_shelved(open_way, api):
    """Opens a way out to twenty products that may stand on shelves, of which there are ten."""

    def open(missing="create"):
        way = open_way(api=api, by="key", collection={"missing": missing})
        way.shelves = way.add_collection("shelves")
        target = {"collectionId": way.shelves}
        for slug, kind in (("shelf", "Reference"), ("shelves", "MultiReference")):
            way.products.fields[slug] = Field(slug, kind, validations=target)
        shelves = Collection("shelves", "site", way.shelves, "sku", missing)
        known = {**way.settings.collections, "shelves": shelves}
        way.settings = replace(way.settings, collections=known)
        way.begin()
        return way

    return open


def shelf(key):
    return {"key": key, "to": "shelves"}


def ids(way):
    """The id of each shelf by its key."""
    items = way.site.collections[way.shelves].items
    return {item.staged.fields["sku"]: id for id, item in items.items()}


def test_what_refers_to_items_that_come_later_shows_them_in_the_end(open_shelved, api):
    way = open_shelved()
    for n in range(1, 11):
        way.change(n, stock=n, shelf=shelf(f"new-{n % 3}"))
    way.change("new-p", name="Oak desk", shelves={"keys": ["new-1", "new-0"], "to": "shelves"})
    way.run(2)
    for n in range(3):
        way.change(f"new-{n}", name=f"Shelf {n}", collection="shelves")
    way.run()
    known = ids(way)
    assert way.shown("shelf", range(1, 11)) == [known[f"new-{n % 3}"] for n in range(1, 11)]
    assert way.the("new-p").live.fields["shelves"] == [known["new-1"], known["new-0"]]
    assert way.counts("dead", "pending") == (0, 0)
    assert not way.letters(all=True)
    for n in range(1, 11):
        first, second = way.sent_to(n)
        assert (first.keys(), second.keys()) == ({"stock"}, {"shelf"})
    assert len(way.patches()) == (21 if api == "v1" else 2)
    way.forget_requests()
    for n in range(1, 11):
        way.change(n, stock=n, shelf=shelf(f"new-{n % 3}"))
    way.run()
    assert not way.requests
    assert way.counts("unchanged") == (20,)


def test_an_item_that_was_deleted_and_is_there_again_is_found_again(open_shelved):
    way = open_shelved()
    way.change(1, shelf=shelf("new-1"))
    way.change("new-1", name="Shelf 1", collection="shelves")
    way.run()
    shelves = way.site.collections[way.shelves]
    old = ids(way)["new-1"]
    shelves.remove(shelves.items[old])
    way.change(2, shelf=shelf("new-1"), stock=5)
    way.change("new-1", color="#ffffff", collection="shelves")
    way.run()
    new = ids(way)["new-1"]
    assert new != old
    assert way.shown("shelf", (2,)) == [new]
    assert way.counts("dead", "pending") == (0, 0)
    way.change(1, shelf=shelf("new-1"))
    way.run()
    assert way.shown("shelf", (1,)) == [new]


def test_one_that_is_gone_for_good_is_told_by_its_key(open_shelved):
    way = open_shelved("dead-letter")
    way.change(1, shelf=shelf("P-0003"))
    way.run()
    shelves = way.site.collections[way.shelves]
    assert way.live(1)["shelf"] == ids(way)["P-0003"]
    shelves.remove(shelves.items[ids(way)["P-0003"]])
    way.change(2, shelf=shelf("P-0003"), stock=5)
    way.run()
    (letter,) = way.letters()
    assert (letter.kind, letter.message) == ("missing", "no item of shelves has sku = P-0003")
    assert way.live(2)["stock"] == 5
