"""References where items are created: who is waited for, and what a new item goes without."""

import json

import pytest

from tests.support.outbox_creating import knowing
from tests.support.outbox_driver import sent
from tests.support.outbox_referring import (
    NAME,
    forget,
    know,
    links,
    listed,
    made,
    one,
    place,
    put,
    several,
    stock,
)
from workers.model.attempts import ItemOutcome, Lookup, Wait

PATIENCE = 600  # s


def idle(bench):
    return bench.claim() == Wait(None, "idle")


@pytest.fixture
def creating(bench_with):
    return knowing(bench_with(missing="create"))


def test_where_items_are_created_one_that_has_not_been_told_of_is_waited_for(creating):
    bench = creating
    put(bench, "p1", one("s1"))
    listed(bench)
    assert bench.letters() == []
    step = bench.claim()
    assert isinstance(step, Wait)
    assert 300 < step.seconds <= PATIENCE
    put(bench, "s1", NAME, by="key", collection="stores")
    bench.pass_time(31)
    listed(bench)
    batch = bench.batch()
    assert (batch.create, batch.collection) == (True, "stores")
    made(bench, batch)
    batch = bench.batch()
    assert links(batch) == {"p1": {"store": "id-s1"}}
    bench.write(batch)
    assert bench.counts("pending", "dead") == (0, 0)


def test_it_is_waited_for_ten_minutes_and_looked_up_twice(creating):
    bench = creating
    put(bench, "p1", one("s1"))
    listed(bench)
    looked = 0
    for _ in range(PATIENCE // 10 + 1):
        bench.pass_time(10)
        step = bench.claim()
        if isinstance(step, Lookup):
            bench.page(step, [])
            looked += 1
    assert looked == 1
    assert [letter["kind"] for letter in bench.letters()] == ["missing"]


def test_what_is_created_after_that_takes_the_value_out_of_its_letter(creating):
    bench = creating
    put(bench, "p1", one("s1"))
    listed(bench)
    bench.pass_time(PATIENCE + 1)
    listed(bench)
    assert bench.counts("dead") == (1,)
    put(bench, "s1", NAME, by="key", collection="stores")
    bench.pass_time(31)
    listed(bench)
    made(bench, bench.batch())
    assert links(bench.batch()) == {"p1": {"store": "id-s1"}}
    assert bench.letters() == []


def test_what_is_on_its_way_is_waited_for_as_long_as_it_is(creating):
    bench = creating
    put(bench, "p1", one("s1"))
    listed(bench)
    put(bench, "s1", NAME, by="key", collection="stores")
    bench.pass_time(PATIENCE + 1)
    listed(bench)
    assert bench.letters() == []
    made(bench, bench.batch())
    assert links(bench.batch()) == {"p1": {"store": "id-s1"}}


def test_a_new_item_is_created_without_what_waits_and_that_follows(creating):
    bench = creating
    put(bench, "p1", NAME, one("s1"), by="key")
    listed(bench, collection="products")
    batch = bench.batch()
    assert (batch.create, sent(batch)) == (True, {"p1": {"name": "Oak desk"}})
    made(bench, batch)
    listed(bench, ("s1", "id-s1"))
    batch = bench.batch()
    assert not batch.create
    assert links(batch) == {"p1": {"store": "id-s1"}}


def test_two_that_refer_to_each_other_are_both_created_and_then_linked(creating):
    bench = creating
    put(bench, "p1", NAME, one("p2", "similar", "products"), by="key")
    put(bench, "p2", NAME, one("p1", "similar", "products"), by="key")
    listed(bench, collection="products")
    batch = bench.batch()
    assert (batch.create, len(batch.items), links(batch)) == (True, 2, {"p1": {}, "p2": {}})
    made(bench, batch)
    batch = bench.batch()
    assert links(batch) == {"p1": {"similar": "id-p2"}, "p2": {"similar": "id-p1"}}
    bench.write(batch)
    assert idle(bench)
    assert bench.counts("pending", "dead") == (0, 0)


def test_a_new_item_that_refers_to_itself_is_linked_once_it_is_there(creating):
    bench = creating
    put(bench, "p1", NAME, one("p1", "itself", "products"), by="key")
    listed(bench, collection="products")
    made(bench, bench.batch())
    assert links(bench.batch()) == {"p1": {"itself": "id-p1"}}


def require(bench, slug):
    schema = json.dumps([{"slug": slug, "type": "Reference", "required": True}])
    bench.client.set(f"instep:schema:{place(bench, 'products')}", schema)


def test_what_cannot_be_created_without_waits_whole(creating):
    bench = creating
    require(bench, "store")
    put(bench, "p1", NAME, one("s1"), stock(3), by="key")
    listed(bench, collection="products")
    listed(bench, collection="stores")
    assert isinstance(bench.claim(), Wait)
    assert bench.due() == {}
    put(bench, "s1", NAME, by="key", collection="stores")
    bench.pass_time(31)
    listed(bench)
    made(bench, bench.batch())
    batch = bench.batch()
    assert batch.create
    assert links(batch) == {"p1": {"store": "id-s1"}}
    assert sent(batch)["p1"].keys() == {"name", "stock", "store"}
    made(bench, batch)
    assert bench.counts("pending", "dead") == (0, 0)


def test_what_cannot_be_created_without_dies_whole_and_comes_back_whole(creating):
    bench = creating
    require(bench, "store")
    put(bench, "p1", NAME, one("s1"), stock(3), by="key")
    listed(bench, collection="products")
    listed(bench, collection="stores")
    assert isinstance(bench.claim(), Wait)
    bench.pass_time(PATIENCE + 1)
    listed(bench)
    (letter,) = bench.letters()
    assert (letter["kind"], bench.counts("dead", "pending")) == ("missing", (3, 0))
    put(bench, "s1", NAME, by="key", collection="stores")
    bench.pass_time(31)
    listed(bench)
    made(bench, bench.batch())
    listed(bench, collection="products")
    batch = bench.batch()
    assert (batch.create, links(batch)) == (True, {"p1": {"store": "id-s1"}})
    assert bench.letters() == []


def test_two_that_cannot_be_created_without_each_other_are_given_up(creating):
    bench = creating
    require(bench, "similar")
    put(bench, "p1", NAME, one("p2", "similar", "products"), by="key")
    put(bench, "p2", NAME, one("p1", "similar", "products"), by="key")
    listed(bench, collection="products")
    assert isinstance(bench.claim(), Wait)
    bench.pass_time(PATIENCE + 1)
    listed(bench, collection="products")
    assert bench.counts("dead", "pending") == (4, 0)
    assert idle(bench)


def test_a_clock_that_steps_back_makes_nobody_wait_longer(creating):
    bench = creating
    put(bench, "p1", one("s1"))
    listed(bench)
    bench.pass_time(-7200)
    bench.client.delete(f"instep:index:{place(bench)}")
    listed(bench)
    bench.pass_time(31)
    assert isinstance(bench.claim(), Wait)
    bench.pass_time(PATIENCE)
    listed(bench, ("s1", "id-s1"))
    assert links(bench.batch()) == {"p1": {"store": "id-s1"}}


def test_what_was_written_and_waits_when_its_item_is_created_anew_follows_too(creating):
    bench = creating
    know(bench, "s1", "id-s1")
    put(bench, "p1", NAME, one("s1"), by="key")
    listed(bench, collection="products")
    made(bench, bench.batch())
    forget(bench, "s1")
    put(bench, "p1", stock(3), by="key")
    bench.settle(bench.batch(), ItemOutcome("p1", forget=True))
    bench.pass_time(31)
    listed(bench, collection="products")
    batch = bench.batch()
    assert (batch.create, sent(batch)) == (True, {"p1": {"name": "Oak desk", "stock": 3}})
    made(bench, batch)
    listed(bench, ("s1", "id-new"))
    assert links(bench.batch()) == {"p1": {"store": "id-new"}}


def test_a_new_value_asks_for_a_look_up_and_one_that_goes_on_waiting_does_not(creating):
    bench = creating
    put(bench, "p1", one("s1"))
    listed(bench)
    bench.pass_time(31)
    put(bench, "p1", stock(3))
    bench.write(bench.batch())
    assert isinstance(bench.claim(), Wait)
    put(bench, "p2", one("s1"))
    listed(bench)
    assert isinstance(bench.claim(), Wait)


def test_a_value_waits_no_longer_since_other_fields_of_its_item_go_out(creating):
    bench = creating
    put(bench, "p1", one("s1"))
    listed(bench)
    bench.pass_time(PATIENCE / 2)
    put(bench, "p1", stock(3))
    bench.write(bench.batch())
    bench.pass_time(PATIENCE / 2 + 1)
    listed(bench)
    assert len(bench.letters()) == 1


def test_one_of_several_keys_that_comes_does_not_end_the_wait_for_the_others(creating):
    bench = creating
    put(bench, "p1", several("s1", "s2"))
    listed(bench, ("s1", "id-s1"))
    assert isinstance(bench.claim(), Wait)
    assert bench.due() == {}
    assert bench.letters() == []
