"""Items that are to be live and are not published: who they are, why, and what is tried."""

from dataclasses import replace

import pytest

from service.sandbox.site.publish import publish_site


def not_live(way):
    return way.context.report.status()["not_live"]


def told(way):
    """Record → why its staged copy alone is written, as its life says it."""
    return {
        record: entry.detail["why"]
        for record, entries in way.lives().items()
        for entry in entries
        if entry.what == "staged"
    }


def test_status_says_how_many_there_are_and_their_lives_why(open_way):
    way = open_way(by="key")
    way.unpublish(1, 2)
    for n in (1, 2, 3):
        way.change(n, stock=n)
    way.run()
    assert not_live(way) == 2
    why = "its item was never published"
    assert told(way) == {"P-0001": why, "P-0002": why}


def test_the_words_of_the_cms_are_among_them(way):
    way.unpublish(1)
    way.change(1, stock=1)
    way.run()
    assert not_live(way) == 1
    assert "never been published" in told(way)[way.id(1)]


def test_published_it_is_counted_no_more(way):
    way.unpublish(1)
    way.change(1, stock=1)
    way.run()
    way.publish(1)
    way.change(1, stock=2)
    way.run()
    assert (not_live(way), way.live(1)["stock"]) == (0, 2)


def test_what_an_editor_has_archived_is_not_put_back_on_the_site(open_way):
    way = open_way(by="key")
    item = way.products.items[way.id(1)]
    way.products.store(item, _archived(way, item))
    publish_site(way.site)
    way.change(1, stock=7)
    way.run()
    assert (way.staged(1)["stock"], way.live(1), not_live(way)) == (7, None, 1)
    assert told(way) == {"P-0001": "its item is archived"}
    way.products.store(item, replace(item.staged, archived=False, updated=way.site.now()))
    way.publish(1)
    way.pass_time(2)
    way.change(1, stock=8)
    way.run()
    assert (way.live(1)["stock"], not_live(way)) == (8, 0)


@pytest.mark.parametrize("way_of", ["draft", "unpublish"])
def test_nor_is_one_whose_record_is_gone(way, way_of):
    way.change(1, stock=1, version=1)
    way.retire(1, way_of, version=5)
    way.run()
    assert not_live(way) == 0


def test_nor_one_that_its_mapping_holds_back(way):
    way.unpublish(1)
    way.change(1, stock=1, _draft=True)
    way.run()
    assert not_live(way) == 0


def test_nor_is_any_where_staged_copies_alone_are_to_be_written(open_way, api):
    way = open_way(api=api, live=False)
    way.unpublish(1)
    way.change(1, stock=1)
    way.run()
    assert not_live(way) == 0


def test_lastPublished_that_stays_is_not_trusted(open_way):
    way = open_way(by="key", items=40)
    way.site.rules.keeps_published = True
    for n in range(1, 41):
        way.change(n, stock=1)
    way.run()
    way.unpublish(*range(1, 41))
    way.pass_time(5)
    way.forget_requests()
    for stock in (2, 3):
        for n in range(1, 41):
            way.change(n, stock=stock)
        way.run()
    assert [way.live(n) for n in range(1, 41)] == [None] * 40
    assert [way.staged(n)["stock"] for n in range(1, 41)] == [3] * 40
    # Refused, read, written staged; and once more.
    assert len(way.requests) <= 5
    way.publish(*range(1, 41))
    for n in range(1, 41):
        way.change(n, stock=4)
    way.run()
    assert way.shown("stock", range(1, 41)) == [4] * 40


def test_records_that_come_back_are_published_where_lastPublished_stays(open_way):
    way = open_way(by="key", items=40)
    way.site.rules.keeps_published = True
    for n in range(1, 41):
        way.change(n, stock=1, version=1)
    way.run()
    way.forget_requests()
    for n in range(1, 41):
        way.retire(n, "unpublish", version=5)
    way.run(300)
    for n in range(1, 41):
        way.change(n, stock=6, version=6)
    way.run(300)
    assert way.shown("stock", range(1, 41)) == [6] * 40
    sent = [request.method for request in way.requests if request.method != "GET"]
    assert sent == ["DELETE", "PATCH", "POST", "PATCH"]


def test_what_an_editor_has_archived_is_not_published_by_a_mapping(open_way):
    way = open_way(by="key")
    way.unpublish(1)
    item = way.products.items[way.id(1)]
    way.products.store(item, _archived(way, item))
    for stock in (1, 2, 3):
        way.change(1, stock=stock, _draft=False)
        way.run()
    assert (way.staged(1)["stock"], way.live(1)) == (3, None)
    assert way.posts() == []
    assert way.counts("pending", "dead") == (0, 0)


def test_what_cannot_be_published_is_one_letter_and_is_not_tried_with_every_event(open_way):
    way = open_way(by="key")
    way.unpublish(1, 2)
    refused = []

    def archive():
        # Between the write and the publish somebody archives it.
        item = way.products.items[way.id(1)]
        way.products.store(item, _archived(way, item))
        refused.append(1)

    way.change(1, stock=1, _draft=False)
    way.change(2, stock=1, _draft=False)
    while not any(request.path.endswith("/items") for request in way.patches()):
        way.step()
    way.on_request = archive
    way.run()
    assert refused
    assert (way.live(1), way.live(2)["stock"]) == (None, 1)
    (letter,) = way.letters()
    assert (letter.key, set(letter.fields)) == ("P-0001", {"_draft"})
    assert "archived" in letter.message
    assert len(way.posts()) == 1
    for stock in (2, 3):
        way.change(1, stock=stock, _draft=False)
        way.run()
    assert way.staged(1)["stock"] == 3
    assert len(way.posts()) == 1
    assert not_live(way) == 1


def _archived(way, item):
    return replace(item.staged, archived=True, updated=way.site.now())
