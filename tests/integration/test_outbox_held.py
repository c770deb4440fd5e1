"""Deletes that are held: for a while, for an approval, and how that ends."""

from dataclasses import replace

import pytest

from tests.support.outbox_driver import at, event
from tests.support.outbox_holding import (
    approve,
    deletes,
    drop,
    go_by,
    guarded,
    keys,
    listed,
    named,
    sweep,
    waits,
)
from tests.support.outbox_retiring import idle, retire, update
from workers.model.attempts import Batch, Wait
from workers.model.changes import Change, Delivery, Incoming
from workers.store.outbox import balanced


@pytest.fixture
def bench(store):
    return guarded(store, *keys(8))


def pending(bench):
    counts = bench.counts()
    assert balanced(counts)
    return counts["pending"]


def mass(bench, number=6, **options):
    for record in keys(number):
        retire(bench, record, version=at(9), **options)
    go_by(bench)


def test_a_delete_waits_for_others_and_then_goes_out(bench):
    retire(bench, "k1", version=at(9))
    assert idle(bench)
    assert pending(bench) == 1
    [held] = listed(bench)
    assert (held.collection, held.record, held.item) == ("products", "k1", "id-k1")
    assert (held.action, held.source, held.waits, held.reason) == ("delete", "erp", "delay", "")
    assert held.until is not None
    assert 59 <= (held.until - held.since).total_seconds() <= 61
    assert waits(bench) == 0
    sweep(bench)
    assert idle(bench)
    assert go_by(bench) == ("site",)
    batch = bench.batch()
    assert [item.record for item in batch.items] == ["k1"]
    assert listed(bench) == []


def test_a_mass_is_known_as_one_before_the_delay_of_its_first_ones_ends(bench):
    for number, record in enumerate(keys(4)):
        assert waits(bench) == 0
        retire(bench, record, version=at(9 + number))
    assert waits(bench) == 4
    assert {each.until for each in listed(bench)} == {None}
    retire(bench, "k5", version=at(20))
    assert waits(bench) == 5
    assert listed(bench)[0].reason.startswith("5 of 8 items")
    assert go_by(bench) == ()
    assert idle(bench)


def test_one_that_is_asked_for_twice_is_no_mass(bench):
    for number in range(3):
        for record in keys(3):
            retire(bench, record, version=at(9 + number))
    assert (len(listed(bench)), waits(bench)) == (3, 0)


def test_a_mass_waits_for_approval_with_its_first_ones(bench):
    mass(bench)
    assert idle(bench)
    assert waits(bench) == 6
    found = listed(bench)
    assert [each.record for each in found] == keys(6)
    assert {each.waits for each in found} == {"approval"}
    assert found[0].until is None
    assert found[0].reason == (
        "6 of 8 items would be retired within 24 h: half of the collection or more"
    )
    assert pending(bench) == 6
    bench.pass_time(3600)
    sweep(bench)
    assert idle(bench)


def test_what_comes_while_some_wait_joins_them(bench):
    mass(bench)
    retire(bench, "k7", version=at(9))
    assert waits(bench) == 7
    go_by(bench)
    assert idle(bench)


def test_what_went_before_counts(bench):
    for record in keys(3):
        retire(bench, record, version=at(9))
        go_by(bench)
    assert waits(bench) == 0
    retire(bench, "k4", version=at(9))
    go_by(bench)
    assert waits(bench) == 1
    assert listed(bench)[0].reason.startswith("1 of 8 items would be retired within 24 h, with 3")


def test_approved_ones_go_out_and_the_rest_stays(bench):
    mass(bench)
    chosen = named(bench, "k1", "k2")
    decided = deletes(bench).approve("products", chosen, "ada")
    assert (decided.done, decided.left, decided.wake) == (2, (), ("site",))
    assert sorted(item.record for item in bench.batch().items) == ["k1", "k2"]
    assert waits(bench) == 4
    assert pending(bench) == 6


def test_an_approval_is_of_what_was_shown(bench):
    mass(bench)
    shown = named(bench, "k1")
    retire(bench, "k1", "archive", version=at(10))
    decided = deletes(bench).approve("products", shown, "ada")
    assert (decided.done, decided.left) == (0, ("k1",))
    [held] = [each for each in listed(bench) if each.record == "k1"]
    assert held.action == "archive"
    assert idle(bench)


def test_a_second_approval_does_nothing(bench):
    mass(bench)
    chosen = named(bench, "k1")
    deletes(bench).approve("products", chosen, "ada")
    request = bench.steps.calls["decide_held"][0]
    assert bench.steps.run("decide_held", request)["done"] == 1  # as redis-py repeats it
    assert deletes(bench).approve("products", chosen, "ada").left == ("k1",)
    assert waits(bench) == 5


def test_other_changes_of_the_item_go_on(bench):
    mass(bench)
    update(bench, "k1", version=at(5), stock=7)  # older than the delete
    batch = bench.batch()
    assert [(f.slug, f.value) for item in batch.items for f in item.fields] == [("stock", "7")]
    bench.write(batch)
    assert waits(bench) == 6


def test_a_value_that_waited_when_the_delete_came_is_right_once_that_is_dropped(bench):
    update(bench, "k1", version=at(5), stock=7)
    mass(bench)
    drop(bench)
    batch = bench.batch()
    assert [(f.slug, f.value) for item in batch.items for f in item.fields] == [("stock", "7")]
    bench.write(batch)
    assert idle(bench)
    counts = bench.counts()
    assert (counts["discarded"], counts["pending"]) == (6, 0)
    assert balanced(counts)


def test_a_value_older_than_an_approved_delete_is_overruled(bench):
    update(bench, "k1", version=at(5), stock=7)
    mass(bench)
    approve(bench, "k1")
    [item] = bench.batch().items
    assert [field.slug for field in item.fields] == [":gone"]


def test_a_record_that_comes_back_leaves_the_list(bench):
    mass(bench)
    update(bench, "k1", version=at(10), stock=3)
    assert waits(bench) == 5
    assert "k1" not in [each.record for each in listed(bench)]
    batch = bench.batch()
    assert [f.slug for item in batch.items for f in item.fields] == ["stock"]
    bench.write(batch)
    assert bench.counts("superseded") == (1,)
    assert balanced(bench.counts())


def test_the_same_value_also_says_that_the_record_is_there(bench):
    mass(bench)
    update(bench, "k1", version=at(10), stock=1)
    assert waits(bench) == 5


def test_the_last_one_that_is_asked_for_goes_on_being_asked_for_with_a_newer_delete(bench):
    mass(bench)
    drop(bench, *keys(6)[1:])
    retire(bench, "k1", version=at(11))
    assert waits(bench) == 1
    go_by(bench)
    assert idle(bench)


def test_an_older_delete_is_stale_and_a_newer_one_takes_the_place(bench):
    retire(bench, "k1", version=at(9))
    retire(bench, "k1", version=at(8))
    assert bench.counts("stale") == (1,)
    arrival = listed(bench)[0].arrival
    bench.pass_time(30)
    retire(bench, "k1", version=at(10))
    assert listed(bench)[0].arrival > arrival
    assert bench.counts("superseded", "pending") == (1, 1)
    # A repeat does not put it off.
    bench.pass_time(31)
    assert sweep(bench) == ("site",)


def test_a_dropped_delete_is_not_asked_again(bench):
    mass(bench)
    drop(bench)
    assert waits(bench) == 0
    retire(bench, "k1", version=at(9))
    retire(bench, "k2", version=at(11))
    retire(bench, "k3", version=at(12), mode="reconcile")
    assert listed(bench) == []
    go_by(bench)
    assert idle(bench)
    assert balanced(bench.counts())


def test_until_the_record_was_seen_to_exist(bench):
    mass(bench)
    drop(bench)
    update(bench, "k1", version=at(12), stock=4)
    bench.write(bench.batch())
    retire(bench, "k1", version=at(13))
    assert [each.record for each in listed(bench)] == ["k1"]


def test_an_older_value_does_not_say_that_it_exists(bench):
    mass(bench)
    drop(bench)
    update(bench, "k1", version=at(7), stock=4)
    bench.write(bench.batch())
    retire(bench, "k1", version=at(13))
    assert listed(bench) == []


def test_once_all_is_decided_the_next_ones_wait_for_others_again(bench):
    mass(bench)
    drop(bench)
    retire(bench, "k8", version=at(9))
    assert listed(bench)[0].waits == "delay"


def test_without_a_delay_a_few_go_at_once(store):
    bench = guarded(store, *keys(8), delay=0.0)
    retire(bench, "k1", version=at(9))
    [item] = bench.batch().items
    assert item.record == "k1"


def test_without_a_delay_too_many_in_one_delivery_are_held(store):
    bench = guarded(store, *keys(8), delay=0.0)
    events = [event(record, {}, by="key", version=at(9)) for record in keys(4)]
    told = []
    for number, one in enumerate(events):
        [change] = one.changes
        told.append(_retiring(one, change, number))
    bench.accept(*told)
    assert waits(bench) == 4
    assert idle(bench)


def _retiring(one, change, number):
    return replace(one, index=number, changes=(replace(change, retire="delete"),))


def test_nothing_is_held_of_an_item_that_is_not_there(bench):
    retire(bench, "unknown", version=at(9))
    assert listed(bench) == []


def test_what_is_kept_is_not_held(bench):
    retire(bench, "k1", "keep", version=at(9))
    assert listed(bench) == []
    assert bench.counts("unchanged") == (1,)


def test_many_are_told_page_by_page(bench):
    mass(bench)
    first = listed(bench, limit=4)
    rest = listed(bench, after=first[-1].id, limit=4)
    assert [each.record for each in (*first, *rest)] == keys(6)


def test_a_run_that_retires_many_in_small_parts_is_one_mass(bench):
    for n, record in enumerate(keys(6)):
        change = Change("reconcile", "products", record, "key", (), at(9), retire="delete")
        delivery = Delivery(
            "erp",
            f"t{n}",
            (Incoming(None, None, 0, (change,)),),
            mode="reconcile",
            retiring=6 - n,
            run="r7",
        )
        bench.outbox.accept(delivery)
    assert waits(bench) == 6
    assert {each.run for each in listed(bench)} == {"r7"}
    assert idle(bench)


def test_few_of_a_run_go_at_once(bench):
    change = Change("reconcile", "products", "k1", "key", (), at(9), retire="delete")
    told = Incoming(None, None, 0, (change,))
    bench.outbox.accept(Delivery("erp", "t", (told,), mode="reconcile", retiring=1))
    step = bench.claim()
    assert isinstance(step, Batch | Wait)
    assert [item.record for item in step.items] == ["k1"]


def test_the_reason_of_each_collection_is_told_in_numbers(bench):
    assert deletes(bench).reasons(["products"]) == {}
    mass(bench)
    found = deletes(bench).reasons(["products"])["products"]
    assert (found.waiting, found.gone, found.items) == (6, 0, 8)
    assert found.words() == listed(bench)[0].reason


def test_those_that_wait_are_told_by_arrival_number_without_their_items(bench):
    retire(bench, "k8", version=at(9))
    store = deletes(bench)
    assert store.asking(["products", "stores"]) == set()
    mass(bench)
    assert store.asking(["products", "stores"]) == {"products"}
    rows = listed(bench)
    arrivals = [each.arrival for each in rows]
    assert store.arrivals("products", after=0, limit=50) == arrivals
    assert store.arrivals("products", after=arrivals[1], limit=2) == arrivals[2:4]
    assert store.arrivals("products", after=arrivals[-1], limit=2) == []
    named = [arrivals[3], arrivals[0], arrivals[-1] + 1]
    assert store.records("products", named) == [
        (rows[3].record, arrivals[3]),
        (rows[0].record, arrivals[0]),
    ]
    assert store.read([("products", each) for each in named] + [("stores", 1)]) == [
        rows[0],
        rows[3],
    ]
    retire(bench, rows[0].record, version=at(10))  # another one takes its place
    assert store.records("products", arrivals[:1]) == []
    assert store.read([("products", arrivals[0])]) == []
