"""References that were sent: once more where the id is another, or the outcome unknown."""

import pytest

from tests.support.outbox_driver import sent
from tests.support.outbox_referring import forget, know, links, listed, one, place, put, stock
from workers.model.attempts import ItemOutcome, Wait


def idle(bench):
    return bench.claim() == Wait(None, "idle")


def test_an_equal_value_is_not_sent_again(bench):
    know(bench, "s1", "id-s1")
    put(bench, "p1", one("s1"), version=1)
    bench.write(bench.batch())
    put(bench, "p1", one("s1"), version=2)
    assert idle(bench)
    assert bench.counts("unchanged") == (1,)


@pytest.mark.parametrize("id", ["id-new", None])
def test_an_equal_value_is_sent_again_where_another_item_has_its_key(bench, id):
    know(bench, "s1", "id-s1")
    put(bench, "p1", one("s1"), version=1)
    bench.write(bench.batch())
    forget(bench, "s1")
    if id:
        know(bench, "s1", id)
    put(bench, "p1", one("s1"), version=2)
    if not id:
        listed(bench, ("s1", "id-new"))
    assert links(bench.batch()) == {"p1": {"store": "id-new"}}


def test_a_repair_waits_for_its_item_as_well(bench):
    know(bench, "s1", "id-s1")
    put(bench, "p1", one("s1"))
    batch = bench.batch()
    bench.settle(batch, ItemOutcome("p1", written=("store",)))
    bench.settle(batch, ItemOutcome("p1", written=("store",)))  # late: nobody knows which was first
    forget(bench, "s1")
    bench.pass_time(61)
    step = bench.claim()
    assert bench.due() == {}
    bench.page(step, [("s1", "id-new")])
    batch = bench.batch()
    assert links(batch) == {"p1": {"store": "id-new"}}
    bench.write(batch)
    assert "m" not in bench.field("p1", "store")


def refused(bench, batch):
    return bench.settle(
        batch, ItemOutcome("p1", dangling=("store",), attempt=True), health="refusal"
    )


def test_an_id_that_the_cms_does_not_know_is_looked_up_once_more_by_a_whole_listing(bench):
    know(bench, "s1", "id-old")
    put(bench, "p2", one("s2"))
    listed(bench, ("s2", "id-s2"))
    bench.write(bench.batch())
    put(bench, "p1", one("s1"))
    batch = bench.batch()
    assert batch.items[0].fields[0].misses == 0
    refused(bench, batch)
    assert not bench.client.hexists(f"instep:keys:{place(bench)}", "id-old")
    bench.pass_time(31)
    step = bench.claim()
    assert (step.collection, step.since) == ("stores", None)
    bench.page(step, [("s1", "id-new")])
    batch = bench.batch()
    assert links(batch) == {"p1": {"store": "id-new"}}
    assert batch.items[0].fields[0].misses == 1


def test_a_listing_of_what_is_new_says_nothing_of_an_id_that_was_forgotten(bench):
    know(bench, "s1", "id-old")
    put(bench, "p2", one("s2"))
    listed(bench, ("s2", "id-s2"))
    bench.write(bench.batch())
    put(bench, "p1", one("s1"))
    refused(bench, bench.batch())
    index = f"instep:index:{place(bench)}"
    bench.client.hset(index, "full_next", bench.now_ms() + 60_000)
    bench.client.hset(index, "full_every", 90_000)
    bench.pass_time(31)
    step = bench.claim()
    assert step.since is not None
    bench.page(step, [])
    assert bench.letters() == []
    bench.pass_time(31)
    step = bench.claim()
    assert step.since is None
    bench.page(step, [])
    assert bench.letters()[0]["kind"] == "missing"


def test_a_repair_that_waits_for_its_time_too_is_not_forgotten(bench):
    know(bench, "s1", "id-s1")
    put(bench, "p1", one("s1"))
    late = bench.batch()
    bench.write(late)
    bench.write(late)  # late: nobody knows which was first
    forget(bench, "s1")
    bench.pass_time(61)
    step = bench.claim()
    bench.write(late)
    bench.page(step, [("s1", "id-new")])
    put(bench, "p1", stock(3))
    batch = bench.batch()
    assert sent(batch) == {"p1": {"stock": 3}}
    bench.write(batch)
    bench.pass_time(61)
    assert links(bench.batch()) == {"p1": {"store": "id-new"}}


def test_a_value_that_an_answer_did_not_show_asks_for_a_whole_listing_too(bench):
    put(bench, "p2", one("s2"))
    listed(bench, ("s2", "id-s2"))
    bench.write(bench.batch())
    know(bench, "s1", "id-s1")
    put(bench, "p1", one("s1"))
    bench.settle(bench.batch(), ItemOutcome("p1", missed=("store",), limit=1))
    forget(bench, "s1")
    bench.pass_time(31)
    listed(bench)
    assert bench.letters() == []
    bench.pass_time(31)
    step = bench.claim()
    assert (step.collection, step.since) == ("stores", None)
    bench.page(step, [])
    assert len(bench.letters()) == 1
