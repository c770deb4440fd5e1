"""A field that names items by their keys waits for them, and for nothing else."""

from tests.support.outbox_driver import sent
from tests.support.outbox_referring import know, links, listed, one, put, several, stock
from workers.model.attempts import ItemOutcome, Lookup, Wait
from workers.model.changes import FieldValue


def idle(bench):
    return bench.claim() == Wait(None, "idle")


def test_a_key_goes_out_with_its_id(bench):
    know(bench, "s1", "id-s1")
    put(bench, "p1", one("s1"))
    batch = bench.batch()
    assert links(batch) == {"p1": {"store": "id-s1"}}
    assert sent(batch) == {"p1": {"store": {"key": "s1", "to": "stores"}}}


def test_keys_go_out_with_their_ids_in_their_order(bench):
    know(bench, "s1", "id-9")
    know(bench, "s2", "id-1")
    put(bench, "p1", several("s1", "s2"))
    assert links(bench.batch()) == {"p1": {"stores": ["id-9", "id-1"]}}


def test_none_clears(bench):
    put(bench, "p1", several(), one("s1"))
    know(bench, "s1", "id-s1")
    bench.write(bench.batch())
    put(bench, "p1", FieldValue("store", "null", "reference-key"))
    assert links(bench.batch()) == {"p1": {"store": None}}


def test_what_waits_does_not_hold_up_its_item(bench):
    put(bench, "p1", one("s1"), stock(3))
    batch = bench.batch()
    assert sent(batch) == {"p1": {"stock": 3}}
    bench.write(batch)
    assert bench.counts("written", "pending") == (1, 1)
    assert bench.due() == {}


def test_the_look_up_that_shows_it_ends_the_wait(bench):
    put(bench, "p1", one("s1"))
    answer = listed(bench, ("s1", "id-s1"))
    assert (answer["found"], answer["missing"], answer["done"]) == (0, 0, True)
    batch = bench.batch()
    assert links(batch) == {"p1": {"store": "id-s1"}}
    bench.write(batch)
    assert idle(bench)
    assert bench.counts("written", "pending") == (1, 0)
    assert not [*bench.client.keys("instep:waiters:*"), *bench.client.keys("instep:wanted:*")]


def test_it_waits_for_the_last_of_its_keys(bench):
    know(bench, "s1", "id-s1")
    put(bench, "p1", several("s1", "s2", "s3"))
    step = bench.claim()
    bench.page(step, [("s2", "id-s2")], more=100)
    step = bench.claim()
    assert isinstance(step, Lookup)
    bench.page(step, [("s3", "id-s3")])
    assert links(bench.batch()) == {"p1": {"stores": ["id-s1", "id-s2", "id-s3"]}}


def test_an_id_that_comes_while_another_field_is_under_way_is_not_missed(bench):
    put(bench, "p1", one("s1"), stock(3))
    batch = bench.batch()
    listed(bench, ("s1", "id-s1"))
    bench.write(batch)
    assert links(bench.batch()) == {"p1": {"store": "id-s1"}}


def test_an_id_that_comes_after_the_claim_ran_out_is_not_missed(bench):
    put(bench, "p1", one("s1"), stock(3))
    late = bench.batch()
    bench.pass_time(31)
    listed(bench, ("s1", "id-s1"))
    again = bench.batch()
    assert links(again) == {"p1": {"store": "id-s1"}}
    assert bench.write(late).lost == 1
    bench.write(again)
    assert bench.counts("pending") == (0,)


def test_a_value_that_comes_while_its_item_is_under_way_waits_as_well(bench):
    put(bench, "p1", stock(3))
    batch = bench.batch()
    put(bench, "p1", one("s1"))
    bench.write(batch)
    listed(bench, ("s1", "id-s1"))
    assert links(bench.batch()) == {"p1": {"store": "id-s1"}}


def test_two_items_wait_for_one(bench):
    put(bench, "p1", one("s1"))
    put(bench, "p2", several("s1"))
    listed(bench, ("s1", "id-s1"))
    assert links(bench.batch()) == {"p1": {"store": "id-s1"}, "p2": {"stores": ["id-s1"]}}


def test_a_hundred_items_wait_for_one_look_up_and_go_in_one_batch(bench):
    for n in range(100):
        put(bench, f"p{n}", one(f"s{n % 10}"), stock(n))
    batch = bench.batch()
    assert len(batch.items) == 100
    bench.write(batch)
    listed(bench, *((f"s{n}", f"id-s{n}") for n in range(10)))
    batch = bench.batch()
    assert links(batch) == {f"p{n}": {"store": f"id-s{n % 10}"} for n in range(100)}
    bench.write(batch)
    assert idle(bench)


def test_what_waits_is_not_claimed_again_and_again(bench):
    put(bench, "p1", one("s1"))
    step = bench.claim()
    assert isinstance(step, Lookup)
    for _ in range(3):
        step = bench.claim()
        assert isinstance(step, Wait)
        assert step.seconds is not None
        bench.pass_time(5)


def test_a_newer_value_does_not_wait_for_the_key_of_the_older(bench):
    know(bench, "s2", "id-s2")
    put(bench, "p1", one("s1"), version=1)
    step = bench.claim()
    put(bench, "p1", one("s2"), version=2)
    batch = bench.batch()
    assert links(batch) == {"p1": {"store": "id-s2"}}
    bench.write(batch)
    bench.page(step, [("s1", "id-s1")])
    assert idle(bench)
    assert bench.counts("written", "superseded") == (1, 1)


def test_an_item_that_waits_for_its_own_id_too_gets_both_by_one_look_up_each(bench):
    put(bench, "p1", one("s1"), by="key")
    first, second = bench.claim(), bench.claim()
    assert {first.collection, second.collection} == {"products", "stores"}
    for step in (first, second):
        entries = [("s1", "id-s1")] if step.collection == "stores" else [("p1", "id-p1")]
        bench.page(step, entries)
    batch = bench.batch()
    assert (batch.items[0].id, links(batch)) == ("id-p1", {"p1": {"store": "id-s1"}})


def test_an_item_may_refer_to_one_of_its_own_collection(bench):
    put(bench, "p1", one("p2", "similar", "products"), one("p1", "itself", "products"), by="key")
    listed(bench, ("p1", "id-p1"), ("p2", "id-p2"), collection="products")
    assert links(bench.batch()) == {"p1": {"similar": "id-p2", "itself": "id-p1"}}


def test_a_lane_is_kept_while_its_value_waits(bench):
    put(bench, "p1", one("s1"), mode="reconcile")
    listed(bench, ("s1", "id-s1"))
    assert (list(bench.due("reconcile")), bench.due()) == (["p1"], {})


def test_the_same_claim_asked_again_is_the_same(bench):
    know(bench, "s1", "id-s1")
    put(bench, "p1", one("s1"))
    assert bench.batch(token="t1") == bench.batch(token="t1")


def test_the_sweep_wakes_for_a_key_that_is_waited_for(bench):
    put(bench, "p1", one("s1"), stock(1))
    bench.write(bench.batch())
    bench.client.delete("instep:wakes")
    assert bench.woken()


def test_an_id_that_nobody_was_woken_for_ends_the_wait_for_good(bench):
    put(bench, "p1", one("s1"), stock(3))
    bench.write(bench.batch())
    bench.page(bench.claim(), [], failed=True)
    know(bench, "s1", "id-s1")
    put(bench, "p1", stock(4))
    batch = bench.batch()
    assert links(batch) == {"p1": {"store": "id-s1"}}
    bench.settle(batch, ItemOutcome("p1", wait=2.0), health="failure")
    bench.pass_time(3)
    listed(bench)
    assert links(bench.batch()) == {"p1": {"store": "id-s1"}}


def test_an_item_that_backs_off_does_so_when_what_it_waits_for_comes(bench):
    put(bench, "p1", one("s1"), stock(3))
    bench.settle(bench.batch(), ItemOutcome("p1", wait=100.0), health="failure")
    listed(bench, ("s1", "id-s1"))
    assert 90 < bench.due()["p1"] <= 100
    bench.pass_time(101)
    assert links(bench.batch()) == {"p1": {"store": "id-s1"}}
