"""From key to item id: by listing, kept, and asked again within bounds."""

from itertools import pairwise

import pytest

from workers.model.attempts import Lookup


@pytest.fixture
def keyed(open_way, api):
    """A way out to twenty products by their keys."""
    return open_way(api=api, by="key")


def test_keys_are_found_over_several_pages_and_kept(open_way, api):
    way = open_way(api=api, by="key", items=250)
    way.filters.mode = "refused"
    for n in (1, 120, 250):
        way.change(n, stock=n)
    way.run()
    assert way.shown("stock", (1, 120, 250)) == [1, 120, 250]
    assert [request.query["offset"] for request in way.listings()] == ["0", "100", "200"]
    way.forget_requests()
    way.change(200, stock=200)
    way.run()
    assert not way.gets()


def test_v2_lists_the_oldest_first_and_later_only_what_is_new(open_way):
    way = open_way(by="key")
    way.filters.mode = "refused"
    way.change(1, stock=1)
    way.run()
    assert way.listings()[0].query["sortBy"] == "createdOn"
    assert way.listings()[0].query["sortOrder"] == "asc"
    way.forget_requests()
    way.pass_time(300)
    way.add(21)
    way.change(21, stock=21)
    way.run()
    assert way.live(21)["stock"] == 21
    assert "lastUpdated[gte]" in way.gets()[0].query
    assert way.gets()[0].query["sortOrder"] == "desc"
    assert len(way.gets()) == 1


def test_without_filters_unknown_keys_wait_together_for_one_look_up_every_thirty_seconds(open_way):
    way = open_way(by="key")
    way.filters.mode = "refused"
    way.change(1, stock=1)
    way.run()
    way.forget_requests()
    for n in range(21, 61):
        way.add(n)
        way.change(n, stock=n)
        way.run(3)
    way.run()
    assert way.shown("stock", range(21, 61)) == list(range(21, 61))
    assert len(way.gets()) <= 120 / 30 + 2
    times = [request.at for request in way.gets()]
    assert all(later - earlier > 29 for earlier, later in pairwise(times))


def test_v1_lists_the_whole_collection_every_ten_minutes_at_most(open_way):
    way = open_way(api="v1", by="key")
    way.change(1, stock=1)
    way.run()
    way.forget_requests()
    for n in range(21, 27):
        way.add(n)
        way.change(n, stock=n)
        way.run(200)
    way.run()
    assert way.shown("stock", range(21, 27)) == list(range(21, 27))
    times = [request.at for request in way.gets()]
    assert len(times) <= 3
    assert all(later - earlier > 590 for earlier, later in pairwise(times))


def test_a_key_that_no_item_has_is_a_missing_letter(keyed):
    keyed.change("P-9999", stock=1, supplier="Oak Ltd")
    keyed.run()
    (letter,) = keyed.letters()
    assert (letter.kind, letter.key, set(letter.fields)) == (
        "missing",
        "P-9999",
        {"stock", "supplier"},
    )
    assert "P-9999" in letter.message
    assert not keyed.patches()


def test_a_new_value_for_a_missing_key_asks_again(keyed):
    keyed.change(21, stock=1)
    keyed.run()
    assert keyed.counts("dead") == (1,)
    keyed.add(21)
    keyed.change(21, stock=2)
    keyed.run()
    assert keyed.live(21)["stock"] == 2
    assert keyed.counts("dead", "superseded") == (0, 1)


def test_missing_keys_can_be_ignored(open_way, api):
    way = open_way(api=api, by="key", collection={"missing": "ignore"})
    way.change("P-9999", stock=1)
    way.run()
    assert way.counts("ignored", "dead") == (1, 0)
    assert not way.letters()


def test_an_item_that_was_deleted_is_looked_up_once_more_and_then_missing(keyed):
    keyed.change(1, stock=1)
    keyed.run()
    keyed.remove(1)
    keyed.change(1, stock=2)
    keyed.run()
    (letter,) = keyed.letters()
    assert (letter.kind, letter.key) == ("missing", "P-0001")
    assert len(keyed.patches()) == 2


def test_an_item_that_was_deleted_can_be_ignored(open_way, api):
    way = open_way(api=api, by="key", collection={"missing": "ignore"})
    way.change(1, stock=1)
    way.run()
    way.remove(1)
    way.change(1, stock=2)
    way.run()
    assert way.counts("ignored", "dead", "written") == (1, 0, 1)


def test_an_item_that_was_made_anew_is_found_under_its_new_id(keyed):
    keyed.change(1, stock=1)
    keyed.run()
    keyed.remove(1)
    again = keyed.add(21, sku="P-0001")
    keyed.change(1, stock=2)
    keyed.run()
    assert keyed.products.items[again].live.fields["stock"] == 2
    assert keyed.counts("dead") == (0,)


def test_a_missing_item_id_is_a_letter_without_any_get(way):
    way.remove(1)
    way.change(1, stock=1)
    way.change(2, stock=2)
    way.run()
    (letter,) = way.letters()
    assert (letter.kind, letter.item, letter.key) == ("missing", way.id(1), None)
    assert not way.gets()
    assert way.live(2)["stock"] == 2


def test_events_by_item_id_need_no_get_ever(way):
    for n in range(1, 11):
        way.change(n, stock=n)
    way.run()
    assert not way.gets()


def test_an_item_with_another_key_than_thought_is_looked_up_again(keyed):
    keyed.change(1, stock=1)
    keyed.run()
    keyed.edit(1, sku="P-7777")
    keyed.edit(2, sku="P-0001")
    keyed.change(1, stock=42)
    keyed.run()
    assert keyed.live(2)["stock"] == 42
    assert keyed.counts("dead", "written") == (0, 2)


def test_values_written_into_the_item_of_another_record_are_put_right_there(keyed):
    for n in (1, 2):
        keyed.change(n, stock=n)
    keyed.run()
    # An editor gives the first item the key of the second, and takes the second away.
    keyed.edit(2, sku="retired")
    keyed.edit(1, sku=keyed.key(2))
    keyed.change(1, stock=100)
    keyed.run()
    assert keyed.live(1)["stock"] == 2


def test_an_item_whose_key_is_gone_ends_as_missing(keyed):
    keyed.change(1, stock=1)
    keyed.run()
    keyed.edit(1, sku="P-7777")
    keyed.change(1, stock=42)
    keyed.run()
    assert [letter.kind for letter in keyed.letters()] == ["missing"]


def test_numeric_keys_compare_as_text(open_way, api):
    way = open_way(api=api, by="key", collection={"key": "code"})
    way.edit(3, code=12)
    way.edit(4, code=13.0)
    way.change("12", stock=3)
    way.change("13", stock=4)
    way.run()
    assert way.shown("stock", (3, 4)) == [3, 4]


def test_a_crash_in_the_middle_of_a_listing_goes_on_at_the_same_page(open_way, api):
    way = open_way(api=api, by="key", items=250)
    way.filters.mode = "refused"
    last = 1 if way.by_v1 else 250  # v1 lists the newest first
    way.change(last, stock=42)
    while not way.listings():
        way.step()
    lost = way.claim()
    assert isinstance(lost, Lookup)
    assert lost.offset == 100
    way.begin()
    way.run()
    assert way.live(last)["stock"] == 42
    assert [request.query["offset"] for request in way.listings()] == ["0", "100", "200"]


def test_a_page_that_fails_is_asked_again_with_growing_pauses(keyed):
    keyed.down(500, match={"method": "GET"}, seconds=100)
    keyed.change(1, stock=1)
    keyed.run()
    assert keyed.live(1)["stock"] == 1
    assert len(keyed.gets()) < 30


def test_a_refused_listing_does_not_eat_the_budget(keyed):
    keyed.down(400, match={"method": "GET"}, seconds=300)
    keyed.change(1, stock=1)
    keyed.run()
    assert keyed.live(1)["stock"] == 1
    assert len(keyed.gets()) < 20
