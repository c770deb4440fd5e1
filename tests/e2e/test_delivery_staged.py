"""Two copies of an item: what is written where, and who publishes."""

import pytest


def live_calls(way):
    """Of each PATCH, whether it wrote the live copy."""
    return [
        request.query.get("live") == "true" or request.path.endswith("/live")
        for request in way.patches()
    ]


def test_both_copies_are_written(way):
    way.change(1, stock=7)
    way.run()
    assert (way.staged(1)["stock"], way.live(1)["stock"]) == (7, 7)
    assert live_calls(way) == [True]


def test_a_staged_only_destination_leaves_the_live_copy_alone(open_way, api):
    way = open_way(api=api, live=False)
    before = way.live(1)["stock"]
    way.unpublish(2)
    way.change(1, stock=before + 1)
    way.change(2, stock=7)
    way.run()
    assert (way.staged(1)["stock"], way.live(1)["stock"]) == (before + 1, before)
    assert way.staged(2)["stock"] == 7
    assert not any(live_calls(way))
    assert way.counts("written") == (2,)


def test_an_item_that_was_never_published_is_written_staged_only(way):
    way.unpublish(1)
    way.change(1, stock=7)
    way.run()
    assert way.staged(1)["stock"] == 7
    assert way.live(1) is None
    assert live_calls(way) == [True, False]
    assert way.counts("written", "dead") == (1, 0)
    way.change(1, stock=8)
    way.run()
    assert live_calls(way) == [True, False, False]


def test_one_such_item_does_not_hold_up_a_batch(bulk):
    bulk.unpublish(37)
    for n in range(1, 101):
        bulk.change(n, stock=n)
    bulk.run()
    others = [n for n in range(1, 101) if n != 37]
    assert bulk.shown("stock", others) == others
    assert bulk.staged(37)["stock"] == 37
    assert len(bulk.patches()) <= 20


def test_it_goes_live_again_once_an_answer_shows_it_published(way):
    way.unpublish(1)
    way.change(1, stock=7)
    way.run()
    way.publish(1)
    way.change(1, stock=8)
    way.run()
    assert way.live(1)["stock"] == 8
    way.forget_requests()
    way.change(1, stock=9)
    way.run()
    assert live_calls(way) == [True]
    assert way.counts("written", "dead") == (3, 0)


def test_it_goes_live_again_once_a_listing_shows_it_published(open_way):
    way = open_way(by="key")
    way.unpublish(1)
    way.change(1, stock=7)
    way.run()
    way.publish(1)
    way.remove(2)
    way.change(2, stock=1)  # has everything listed anew
    way.change(2, stock=1)
    way.run()
    way.forget_requests()
    way.change(1, stock=8)
    way.run()
    assert live_calls(way) == [True]


def test_what_an_editor_took_back_is_not_published_again(way):
    way.change(1, stock=7)
    way.run()
    way.unpublish(1)
    way.change(1, stock=8)
    way.run()
    assert way.live(1) is None
    assert way.staged(1)["stock"] == 8


@pytest.mark.parametrize("by", ["item", "key"])
def test_a_mapping_that_says_it_is_no_draft_publishes_it(open_way, api, by):
    way = open_way(api=api, by=by)
    way.unpublish(1)
    way.change(1, stock=7, _draft=False)
    way.run()
    assert way.live(1)["stock"] == 7
    assert not way.products.items[way.id(1)].staged.draft
    assert way.counts("written", "pending", "dead") == (2, 0, 0)
    way.forget_requests()
    way.change(1, stock=8)
    way.run()
    assert live_calls(way) == [True]
    assert way.live(1)["stock"] == 8


def test_a_mapping_that_says_it_is_a_draft_does_not_publish_it(way):
    way.unpublish(1)
    way.change(1, stock=7, _draft=True)
    way.run()
    assert way.live(1) is None
    assert way.staged(1)["stock"] == 7


def test_a_mapping_that_says_so_again_publishes_what_was_taken_back(way):
    way.change(1, stock=7, _draft=False)
    way.run()
    way.unpublish(1)
    way.change(1, stock=8, _draft=False)
    way.run()
    assert way.live(1) is None  # the flag was confirmed, and nobody had told us
    way.change(1, stock=9, _draft=False)
    way.run()
    assert way.live(1)["stock"] == 9


def test_what_cannot_be_published_is_a_letter_of_the_flags_alone(way):
    way.unpublish(1)
    way.change(1, stock=7, _draft=False, _archived=True)
    way.run()
    assert way.staged(1)["stock"] == 7
    assert way.live(1) is None
    assert way.counts("pending") == (0,)


def test_the_live_copy_of_an_archived_item_is_archived_by_its_mapping(way):
    way.change(1, _archived=True)
    way.run()
    assert way.products.items[way.id(1)].live.archived
    way.change(1, _archived=False)
    way.run()
    assert not way.products.items[way.id(1)].live.archived
    assert way.counts("written") == (2,)
