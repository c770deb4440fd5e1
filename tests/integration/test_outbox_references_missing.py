"""References to what is not there: given up in the end, and taken up again when it comes."""

import json

from tests.support.outbox_referring import links, listed, one, put, several, stock
from workers.model.attempts import Wait


def idle(bench):
    return bench.claim() == Wait(None, "idle")


def given_up(bench):
    """A product refers to a store that is not there, and no item is created."""
    put(bench, "p1", one("s1"), stock(3))
    bench.write(bench.batch())
    listed(bench)


def test_what_a_listing_does_not_show_is_a_dead_letter_of_that_field(bench):
    given_up(bench)
    (letter,) = bench.letters()
    assert (letter["kind"], letter["collection"], letter["item"]) == ("missing", "products", "p1")
    assert letter["message"] == "no item has sku = s1"
    assert json.loads(letter["problems"]) == [{"field": "store", "message": letter["message"]}]
    assert bench.counts("written", "dead", "pending") == (1, 1, 0)
    assert idle(bench)


def test_what_is_ignored_where_it_is_written_to_is_told_where_it_is_referred_to(bench_with):
    bench = bench_with(missing="ignore")
    given_up(bench)
    assert bench.counts("dead", "ignored") == (1, 0)


def test_only_what_was_asked_for_before_the_listing_began_is_given_up(bench):
    put(bench, "p1", one("s1"))
    bench.page(bench.claim(), [], more=100)
    bench.pass_time(0.01)
    put(bench, "p2", one("s2"))
    bench.page(bench.claim(), [])
    assert [letter["record"] for letter in bench.letters()] == ["p1"]


def test_one_that_appears_later_takes_the_value_out_of_its_letter(bench):
    given_up(bench)
    put(bench, "p2", one("s2"))
    bench.pass_time(31)
    listed(bench, ("s1", "id-s1"), ("s2", "id-s2"))
    assert links(bench.batch()) == {"p1": {"store": "id-s1"}, "p2": {"store": "id-s2"}}
    assert bench.letters() == []
    assert bench.counts("dead") == (0,)


def test_a_value_that_was_discarded_stays_so(bench):
    given_up(bench)
    (letter,) = bench.letters()
    bench.letter(letter["id"], "discard")
    put(bench, "p2", one("s2"))
    bench.pass_time(31)
    listed(bench, ("s1", "id-s1"), ("s2", "id-s2"))
    assert links(bench.batch()) == {"p2": {"store": "id-s2"}}
    assert bench.counts("discarded") == (1,)


def test_a_replay_asks_once_more(bench):
    given_up(bench)
    (letter,) = bench.letters()
    bench.letter(letter["id"], "replay")
    bench.pass_time(31)
    listed(bench, ("s1", "id-s1"))
    assert links(bench.batch()) == {"p1": {"store": "id-s1"}}


def test_a_second_value_asks_once_more(bench):
    given_up(bench)
    put(bench, "p2", one("s1"))
    bench.pass_time(31)
    listed(bench, ("s1", "id-s1"))
    assert links(bench.batch()) == {"p1": {"store": "id-s1"}, "p2": {"store": "id-s1"}}


def test_of_a_list_one_that_is_not_there_is_enough(bench):
    put(bench, "p1", several("s1", "s2"))
    listed(bench, ("s1", "id-s1"))
    assert bench.letters()[0]["message"] == "no item has sku = s2"
    assert idle(bench)


def test_what_was_ignored_since_its_own_item_is_not_there_is_not_given_up_too(bench_with):
    bench = bench_with(missing="ignore")
    put(bench, "p1", one("s1"), by="key")
    listed(bench, collection="products")
    assert bench.counts("ignored", "pending") == (1, 0)
    listed(bench)
    assert bench.counts("ignored", "dead") == (1, 0)


def test_an_item_that_is_held_no_longer_is_not_called_back(bench):
    put(bench, "p1", one("s1"))
    step = bench.claim()
    bench.client.delete("instep:item:products:p1")
    bench.page(step, [("s1", "id-s1")])
    assert not bench.client.exists("instep:item:products:p1")


def test_one_that_appears_leaves_the_letters_of_others_alone(bench):
    put(bench, "p1", one("s1"), one("s2", "second"))
    listed(bench)
    assert len(bench.letters()) == 2
    put(bench, "p2", one("s1"))
    bench.pass_time(31)
    listed(bench, ("s1", "id-s1"))
    assert [letter["message"] for letter in bench.letters()] == ["no item has sku = s2"]
    assert bench.counts("dead") == (1,)


def test_where_nothing_is_created_an_event_of_what_is_not_there_makes_nobody_wait(bench):
    put(bench, "p1", one("s1"))
    bench.page(bench.claim(), [], more=100)
    bench.pass_time(0.01)
    put(bench, "s1", stock(1), by="key", collection="stores")
    bench.page(bench.claim(), [])
    assert [letter["record"] for letter in bench.letters()] == ["p1"]


def test_one_that_is_asked_for_again_in_vain_still_calls_back_the_first(bench):
    given_up(bench)
    for record in ("p2", "p3"):
        put(bench, record, one("s1"))
        bench.pass_time(31)
        listed(bench, *([("s1", "id-s1")] if record == "p3" else []))
    assert links(bench.batch()).keys() == {"p1", "p2", "p3"}
    assert bench.letters() == []
