"""Targets of write-backs that refuse, are away, or cannot take one record."""

import time

import pytest

from tests.support.writeback_rig import told
from workers.errors import OutgoingError
from workers.outgoing.http_request import Reply


def test_a_repeat_has_the_same_id(telling):
    way = telling()
    way.sinks["shop"].answers = [None, 500, Reply(429, "", 30.0), 200]
    way.change(way.key(1), stock=7)
    way.run()
    way.tell()
    assert len(way.sinks["shop"].ids) == 4
    assert len(set(way.sinks["shop"].ids)) == 1
    assert way.letters() == []


def test_a_target_that_is_away_for_an_hour_kills_nothing(telling):
    way = telling()
    way.sinks["shop"].answers = [503]
    for n in range(1, 6):
        way.change(way.key(n), stock=7)
    way.run()
    way.tell(seconds=3600)
    assert way.letters() == []
    assert len(way.sinks["shop"].requests) < 150
    way.sinks["shop"].answers = [200]
    way.tell()
    assert way.waiting() == 0
    assert {each["key"] for each in told(way)} == {way.key(n) for n in range(1, 6)}


def test_after_a_failure_one_message_at_a_time_asks_whether_it_is_over(telling):
    way = telling()
    way.sinks["shop"].answers = [503]
    way.sinks["shop"].before = lambda: time.sleep(0.03)  # so that others would begin meanwhile
    for n in range(1, 9):
        way.change(way.key(n), stock=7)
    way.run()
    teller, asked = way.teller("shop"), way.sinks["shop"].requests
    teller.step()
    assert 1 <= len(asked) <= 4
    for _ in range(3):
        way.pass_time(61)
        before = len(asked)
        teller.step()
        assert len(asked) == before + 1


def test_a_target_that_comes_and_goes_blames_no_record_that_it_was_never_sent(telling):
    way = telling(attempts=2)
    sink = way.sinks["shop"]
    way.change(way.key(1), stock=7)
    way.run()
    for stock in range(4):
        sink.answers = [OutgoingError("no connection", sent=False)]
        way.tell(seconds=60)
        # Another is told, and this one is not reached again.
        sink.choose = lambda url: 200 if url.endswith(way.key(2)) else None
        way.change(way.key(2), stock=stock)
        way.run()
        way.tell(seconds=60)
        sink.choose = None
    assert way.letters() == []
    assert way.waiting() == 1
    sink.answers = [200]
    way.tell()
    assert way.waiting() == 0


def test_one_record_that_the_target_cannot_take_holds_up_no_other(telling):
    way = telling(attempts=3)
    sink, bad = way.sinks["shop"], way.key(1)
    sink.choose = lambda url: 500 if url.endswith(bad) else 200
    for stock in range(6):
        for n in range(1, 4):
            if n > 1 or not stock:
                way.change(way.key(n), stock=stock)
        way.run()
        way.tell(seconds=60)
    (letter,) = way.letters()
    assert (letter.kind, letter.key, letter.status, letter.attempts) == ("writeback", bad, 500, 3)
    assert way.waiting() == 0


@pytest.mark.parametrize("status", [401, 403, 410, 301])
def test_a_target_that_lets_nobody_in_is_paused_and_goes_on_with_another_token(telling, status):
    way = telling(headers={"Authorization": "Bearer one-token"})
    way.sinks["shop"].answers = [status]
    for n in range(1, 4):
        way.change(way.key(n), stock=7)
    way.run()
    way.tell()
    assert way.waiting() == 3
    assert way.letters() == []
    asked = len(way.sinks["shop"].requests)
    way.pass_time(3600)
    way.tell()
    assert len(way.sinks["shop"].requests) == asked
    way.sinks["shop"].answers = [200]
    own = way.settings.writebacks["shop"]
    way.configured({"shop": type(own)("shop", "products", url=own.url, headers={"A": "another"})})
    way.tell()
    assert way.waiting() == 0


def test_a_refusal_becomes_a_letter_after_its_attempts_and_can_be_replayed(telling):
    way = telling(attempts=3)
    way.sinks["shop"].answers = [422]
    way.change(way.key(1), stock=7)
    way.run()
    way.tell()
    (letter,) = way.letters()
    assert (letter.kind, letter.attempts, letter.status) == ("writeback", 3, 422)
    assert letter.message == "write-back shop: POST https://shop.example/***: 422: said"
    assert len(way.sinks["shop"].requests) == 3
    assert way.waiting() == 0
    way.sinks["shop"].answers = [200]
    assert way.context.letters.replay(letter.id)[0]
    way.tell()
    assert way.letters() == []
    assert len(set(way.sinks["shop"].ids)) == 1


def test_a_letter_is_discarded_and_the_next_event_is_told(telling):
    way = telling(attempts=1)
    way.sinks["shop"].answers = [422, 200]
    way.change(way.key(1), stock=7)
    way.run()
    way.tell()
    assert way.context.letters.discard(way.letters()[0].id)
    way.tell()
    assert way.letters() == []
    way.change(way.key(1), stock=8)
    way.run()
    way.tell()
    assert len(way.sinks["shop"].requests) == 2


def test_a_newer_event_takes_the_place_of_a_letter(telling):
    way = telling(attempts=1)
    way.sinks["shop"].answers = [422, 200]
    way.change(way.key(1), stock=7)
    way.run()
    way.tell()
    way.change(way.key(1), stock=8)
    way.run()
    way.tell()
    assert way.letters() == []
    assert [letter.reason for letter in way.letters(all=True)] == ["superseded"]


def test_a_row_that_is_not_there_is_a_letter_at_once_and_told_once_it_is(telling, shop):
    way = telling(shop)
    way.change("new-1", name="Oak desk")
    way.run()
    way.tell()
    (letter,) = way.letters()
    assert "the record is not there" in letter.message
    assert (letter.kind, letter.key, letter.attempts) == ("writeback", "new-1", 1)
    shop.add("new-1")
    way.context.letters.replay(letter.id)
    way.tell()
    assert shop.row("new-1")[2] == "live"


def test_a_database_that_is_away_is_asked_again(telling, shop):
    way = telling(shop)
    shop.add("new-1")
    moved = shop.path.rename(shop.path.with_name("gone.db"))
    way.change("new-1", name="Oak desk")
    way.run()
    way.tell(seconds=600)
    assert way.letters() == []
    assert way.waiting() == 1
    moved.rename(shop.path)
    way.tell()
    assert shop.row("new-1")[2] == "live"


def test_the_key_that_cannot_stand_in_a_path_is_a_letter(telling):
    way = telling()
    way.change("..", name="Oak desk")
    way.run()
    way.tell()
    assert way.sinks["shop"].requests == []
    assert "cannot stand alone" in way.letters()[0].message


def test_a_statement_that_the_database_refuses_becomes_a_letter_with_its_code(telling, shop):
    taken = "UPDATE products SET sku = 'taken' WHERE sku = :key"
    way = telling(shop, statement=taken, attempts=2)
    shop.add("new-1", "taken")
    way.change("new-1", name="Oak desk")
    way.run()
    way.tell()
    (letter,) = way.letters()
    assert (letter.attempts, letter.code) == (2, "SQLITE_CONSTRAINT_PRIMARYKEY")
    assert "UNIQUE constraint failed" in letter.message
