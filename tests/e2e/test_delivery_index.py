"""Keys that change hands in the CMS: typed in, taken away, doubled, deleted."""

import logging

import pytest

from tests.support.depth import depth
from workers.store.item_index import SHARE
from workers.store.outbox import INDEX_EVERY

NEW = {"missing": "create"}
TEN_MINUTES = 601


@pytest.fixture
def known(open_way):
    """A way out to twenty products, two of which were written."""
    way = open_way(by="key", collection=NEW)
    way.change(1, stock=1)
    way.change(2, stock=2)
    way.run()
    way.forget_requests()
    return way


def look_around(way):
    """Have it noticed what has changed: that begins once something is sent."""
    way.pass_time(TEN_MINUTES)
    way.change(2, stock=int(way.now()))
    way.run()


def listings(way):
    return [request for request in way.gets() if "offset" in request.query]


def duplicates(way):
    status = way.context.report.status()["collections"]["products"]["duplicate_keys"]
    found = way.context.items.duplicates(way.settings.collections["products"])
    assert status == len(found)
    return found


def test_a_key_that_was_typed_into_an_older_item_makes_no_twin(known):
    known.edit(5, sku="new-1")
    known.change("new-1", name="Oak desk", stock=7)
    known.run()
    assert not known.posts()
    assert known.the("new-1").id == known.id(5)
    assert known.live(5)["stock"] == 7


def test_nor_does_one_in_an_item_that_is_written_while_the_listing_is_read(open_way):
    way = open_way(by="key", items=250, collection=NEW)
    way.change(1, stock=1)
    way.run()
    way.forget_requests()
    for n in range(1, 251):
        way.edit(n, stock=0)
    way.edit(100, sku="new-1")  # it stands on the second page of what was edited
    way.on_request = lambda: setattr(way, "on_request", lambda: way.edit(100, stock=8))
    way.change("new-1", name="Oak desk", stock=7)
    way.run()
    assert not way.posts()
    assert way.the("new-1").id == way.id(100)


def test_what_was_deleted_is_noticed_and_its_next_value_makes_it_anew(known):
    known.remove(1)
    look_around(known)
    known.change(1, name="Oak desk", stock=1)  # what was written last
    known.run()
    assert known.the("P-0001").live.fields["stock"] == 1
    assert len(known.posts()) == 1
    assert not any(known.id(1) in request.sent for request in known.patches())


def test_what_has_another_key_is_noticed_before_it_is_written(known):
    known.edit(1, sku="P-7777")
    look_around(known)
    known.change(1, name="Oak desk", stock=5)
    known.change("P-7777", stock=6)
    known.run()
    assert known.the("P-0001").live.fields["stock"] == 5
    assert known.live(1)["stock"] == 6
    assert all(
        request.sent[known.id(1)] == {"stock": 6}
        for request in known.patches()
        if known.id(1) in request.sent
    )


def test_a_value_that_somebody_went_over_is_sent_again(known):
    known.edit(1, stock=99)
    look_around(known)
    known.change(1, stock=1)
    known.run()
    assert known.live(1)["stock"] == 1


def test_two_items_with_one_key_are_told_until_one_has_another(known, caplog):
    known.add(21, sku="P-0001")
    with caplog.at_level(logging.WARNING, "workers.store.item_index"):
        look_around(known)
    (line,) = (each for each in caplog.records if each.message == "two items with one key")
    assert (line.key, line.item, line.other) == ("P-0001", known.id(1), known.id(21))
    assert duplicates(known) == {"P-0001": (known.id(1), known.id(21))}
    known.change(1, stock=5)
    known.run()
    assert (known.live(1)["stock"], known.live(21)["stock"] == 5) == (5, False)
    known.edit(21, sku="P-0021")
    look_around(known)
    assert duplicates(known) == {}


def test_the_index_is_made_anew_from_the_cms_alone(known):
    known.edit(5, sku="new-1")
    for key in known.store.keys("instep:i*:products:*") + known.store.keys("instep:keys:*"):
        if not key.startswith("instep:item:"):
            known.store.delete(key)
    known.change(1, stock=8)
    known.change("new-1", name="Oak desk", stock=9)
    known.run()
    assert not known.posts()
    assert (known.live(1)["stock"], known.live(5)["stock"]) == (8, 9)


def test_the_ids_alone_may_be_lost_too(known):
    for key in known.store.keys("instep:ids:*"):
        known.store.delete(key)
    known.change(1, stock=8, name="Oak desk")
    known.run()
    assert not known.posts()
    assert known.live(1)["stock"] == 8


def test_while_we_write_ourselves_listings_keep_to_their_share(open_way):
    way = open_way(by="key", items=500, collection=NEW)
    way.filters.mode = "refused"
    way.change(1, stock=0)
    way.run()
    way.forget_requests()
    begun = way.now()
    minutes = depth(2, 6)
    for minute in range(minutes):
        for n in range(1, 501):
            way.change(n, stock=-500 * minute - n)
        way.change(f"new-{minute}", name=f"Desk {minute}")
        way.run(60)
    seconds = way.now() - begun
    calls = listings(way)
    edited = [call for call in calls if "lastUpdated[gte]" in call.query]
    # Of 60 a minute; and a pass that has to rest yet.
    assert minutes <= len(edited) <= seconds / SHARE + 6
    assert len(calls) - len(edited) <= seconds / INDEX_EVERY + 1
    way.run()
    assert all(way.the(f"new-{minute}") for minute in range(minutes))
    last = -500 * (minutes - 1)
    assert way.shown("stock", (1, 500)) == [last - 1, last - 500]
