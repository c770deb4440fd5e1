"""What a fetch returns beside one payload: several, a cursor, and that there is more."""

import pytest

from service.fetchers.base import Fetched
from workers.errors import FetchRefused
from workers.store.fetch_queue import LEASE
from workers.store.slicing import MOST


def payload(number, sku="p1"):
    return {"sku": sku, "qty": number, "price": number}


def feed(way, pages):
    """Make the fetcher walk through *pages*, lists of payloads, by its cursor."""

    def read(notice):
        place = int(notice.cursor or 0)
        page = pages[place] if place < len(pages) else []
        following = min(place + 1, len(pages))
        return Fetched(tuple(page), cursor=str(following), more=following < len(pages))

    way.product = read


def cursor(way):
    return way.client.hget("instep:cursors:product", "shop:p1")


def test_all_that_was_fetched_is_mapped_in_its_order(way):
    way.product = lambda _: Fetched((payload(1), payload(2, "p2"), payload(3)))
    way.notice("p1")
    way.run()
    assert (way.value("p1"), way.value("p2")) == (3, 2)
    assert way.counts("accepted", "superseded", "stale") == (6, 2, 0)


def test_a_fetch_that_finds_nothing_is_done(way):
    way.product = lambda _: Fetched(())
    way.notice("p1")
    way.run()
    assert way.told() == (1, 0, 1, 0, 0)


def test_more_is_fetched_at_once_from_where_the_last_fetch_ended(way):
    feed(way, [[payload(1)], [payload(2)], [payload(3)]])
    way.notice("p1")
    way.run()
    assert [notice.cursor for notice in way.read] == [None, "1", "2"]
    assert way.value("p1") == 3
    assert way.told() == (1, 0, 1, 0, 0)


def test_the_cursor_outlives_the_entry(way):
    feed(way, [[payload(1)]])
    way.notice("p1")
    way.run()
    way.notice("p1")
    way.run()
    assert [notice.cursor for notice in way.read] == [None, "1"]


def test_the_cursor_of_one_object_is_not_that_of_another(way):
    feed(way, [[payload(1)]])
    way.notice("p1")
    way.notice("p2")
    way.run()
    assert [notice.cursor for notice in way.read] == [None, None]


def test_no_cursor_leaves_the_one_that_is_kept(way):
    feed(way, [[payload(1)]])
    way.notice("p1")
    way.run()
    way.product = lambda _: payload(2)
    way.notice("p1")
    way.run()
    assert cursor(way) == "1"


def test_the_cursor_does_not_move_where_the_result_was_not_kept(way):
    feed(way, [[payload(1)], [payload(2)]])
    walk = way.product

    def overtaken(notice):
        if len(way.read) == 1:
            way.pass_time(LEASE + 1)
            way.claimed()
        return walk(notice)

    way.product = overtaken
    way.notice("p1")
    way.step()
    assert cursor(way) is None
    assert way.counts("accepted") == (0,)


def test_a_bad_payload_is_a_letter_while_its_siblings_and_the_cursor_are_kept(way):
    feed(way, [[payload(1), {"sku": "p2", "qty": "x"}, payload(3, "p3")]])
    way.notice("p1")
    way.run()
    assert (way.value("p1"), way.value("p3")) == (1, 3)
    assert cursor(way) == "1"
    (letter,) = way.open_letters()
    assert letter.body == b'{"qty":"x","sku":"p2"}'


def test_the_attempts_before_a_page_do_not_count_for_the_next(way):
    feed(way, [[payload(1)], [payload(2)]])
    walk = way.product
    failing = iter([True, True, True, False, True, True, True, False])

    def read(notice):
        if next(failing):
            raise FetchRefused("the answer 404")
        return walk(notice)

    way.product = read
    way.notice("p1")
    for _ in range(8):
        way.run()
        way.pass_time(301)
    assert way.told() == (1, 0, 1, 0, 0)
    assert way.value("p1") == 2


def test_a_notice_while_there_is_more_is_part_of_it(way):
    feed(way, [[payload(1)], [payload(2)]])
    way.notice("p1")
    way.step()
    way.notice("p1")
    way.run()
    assert [notice.cursor for notice in way.read] == [None, "1"]
    assert way.told() == (2, 1, 1, 0, 0)


@pytest.mark.parametrize("given", [None, "0"])
def test_more_without_a_cursor_that_moves_is_a_mistake_and_no_endless_loop(way, given):
    way.product = lambda _: Fetched((payload(1),), cursor=given, more=True)
    way.client.hset("instep:cursors:product", "shop:p1", "0")
    way.notice("p1")
    way.run()
    assert len(way.read) == 1
    assert "cursor is where it was" in way.status()["reason"]


def large(way, count=1201):
    way.product = lambda _: Fetched(tuple(payload(n, f"r{n}") for n in range(count)), cursor="9")
    way.notice("p1")


def test_a_large_result_is_kept_whole_in_parts(way):
    large(way)
    way.run()
    assert way.counts("accepted", "pending") == (2402, 2402)
    assert (way.value("r0"), way.value("r1200"), cursor(way)) == (0, 1200, "9")
    assert way.told() == (1, 0, 1, 0, 0)


def test_a_large_result_whose_process_dies_between_its_parts_is_read_again(way, monkeypatch):
    large(way)
    accept, parts = way.outbox.accept, []

    def dies(_, delivery):
        if len(parts) == 1:
            raise KeyboardInterrupt
        parts.append(delivery)
        return accept(delivery)

    with monkeypatch.context() as patch:
        patch.setattr(way.outbox.__class__, "accept", dies)
        with pytest.raises(KeyboardInterrupt):
            way.step()
    assert (way.counts("accepted"), cursor(way)) == ((MOST // 6 * 2,), None)
    assert way.told() == (1, 0, 0, 0, 1)
    way.pass_time(LEASE + 1)
    way.run()
    assert (way.value("r1200"), cursor(way)) == (1200, "9")
    assert way.told() == (1, 0, 1, 0, 0)


def test_the_rest_of_a_large_result_is_dropped_where_another_process_took_over(way):
    large(way)
    first = way.claimed()
    way.pass_time(LEASE + 1)
    way.claimed()
    kept = way.runner._keep(first, Fetched(tuple(payload(n, f"r{n}") for n in range(1201))))
    assert (kept["outcome"], way.counts("accepted")) == ("lost", (0,))
