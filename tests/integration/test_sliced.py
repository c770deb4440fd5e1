"""A delivery of more changes than one step takes is kept whole, and accepted event by event."""

from dataclasses import replace

import pytest

from tests.support.outbox_driver import at, event
from tests.support.remap_rig import Shop
from workers.model.changes import FieldValue
from workers.store.outbox import balanced
from workers.store.slicing import BYTES, MOST, SLICE, size_of

EACH = size_of([1])  # of an event that writes one field
OF_SLICE = SLICE // EACH
MANY = MOST // EACH + 20
LAST = f"i{MANY - 1}"
FIELDS = 'stock = fields.Integer(data_key="qty")'


def events(n=MANY, *, value=1, ids=True, **options):
    return [
        event(f"i{i}", {"stock": value}, id=f"e{i}" if ids else None, index=i, **options)
        for i in range(n)
    ]


def finish(bench):
    while bench.outbox.slice().more:
        assert balanced(bench.counts())


def totals(bench, source="erp"):
    held = bench.client.hmget(f"instep:source:{source}", "deliveries", "duplicates")
    return tuple(int(number or 0) for number in held)


def test_it_is_kept_before_any_of_it_is_accepted(bench):
    taken = bench.take(*events())
    assert (taken.outcome, bench.counts("accepted")) == ("kept", (0,))
    assert bench.client.ttl(bench.client.keys("instep:sliced:*:events")[0]) == -1


def test_few_records_of_very_many_fields_are_taken_in_slices_too(bench):
    fields = {f"f{n}": 1 for n in range(25)}
    bench.take(*(event(f"i{n}", fields, id=f"e{n}", index=n) for n in range(20)))
    assert bench.counts("accepted") == (0,)
    bench.outbox.slice()
    assert 0 < bench.counts("accepted")[0] <= SLICE
    finish(bench)
    assert bench.counts("accepted") == (20 * 25,)


def test_slices_accept_all_of_it(bench):
    bench.take(*events())
    finish(bench)
    assert bench.counts("accepted", "pending") == (MANY, MANY)
    assert bench.value(LAST) == 1
    left = [key for key in bench.client.keys("instep:slic*") if "of:" not in key]
    assert sorted(left) == ["instep:slice-number", "instep:sliced-bytes"]
    assert bench.client.get("instep:sliced-bytes") == "0"


def test_a_slice_accepts_so_many_changes_at_most(bench):
    bench.take(*events())
    bench.outbox.slice()
    assert bench.counts("accepted") == (OF_SLICE,)


def test_who_goes_on_with_it_need_not_be_who_took_it(bench, bench_with):
    bench.take(*events())
    bench.outbox.slice()
    finish(bench_with())
    assert bench.counts("accepted") == (MANY,)


def test_a_repeated_slice_accepts_nothing_twice(bench):
    bench.take(*events())
    bench.outbox.slice()
    before = bench.counts()
    bench.steps.repeat("accept")
    assert bench.counts() == before


def test_what_was_accepted_is_sent_meanwhile(bench):
    bench.take(*events())
    assert "site" in bench.outbox.slice().wake
    assert len(bench.batch().items) == OF_SLICE


@pytest.mark.parametrize("slices", [1, 0, None])
def test_a_repeat_is_a_duplicate(bench, slices):
    bench.take(*events())
    for _ in range(slices or 0):
        bench.outbox.slice()
    if slices is None:
        finish(bench)
    assert bench.take(*events()).outcome == "duplicate"
    finish(bench)
    assert (bench.counts("accepted"), totals(bench)) == ((MANY,), (2, 1))


def test_without_ids_the_same_again_is_a_delivery_of_its_own(bench):
    bench.take(*events(ids=False))
    bench.take(*events(ids=False))
    finish(bench)
    assert (bench.counts("accepted", "superseded"), totals(bench)) == ((2 * MANY, MANY), (2, 0))


def test_its_events_that_came_alone_before_are_repeats(bench):
    bench.take(events()[-1])
    bench.take(*events())
    finish(bench)
    assert (bench.counts("accepted"), totals(bench)) == ((MANY,), (2, 0))


def test_a_later_delivery_wins_although_it_is_accepted_earlier(bench):
    bench.take(*events())
    bench.take(event(LAST, {"stock": 2}, id="later"))
    finish(bench)
    assert bench.value(LAST) == 2
    assert bench.counts("accepted", "stale", "pending") == (MANY + 1, 1, MANY)


def test_of_two_large_ones_the_later_wins(bench):
    bench.take(*events())
    bench.take(*(replace(each, id=f"b{each.index}") for each in events(value=2)))
    finish(bench)
    assert {bench.value(f"i{n}") for n in range(MANY)} == {2}


def test_at_one_version_a_later_delivery_wins_although_it_is_accepted_earlier(bench):
    bench.take(*events(version=at(5)))
    bench.take(event(LAST, {"stock": 2}, id="later", version=at(5)))
    finish(bench)
    assert bench.value(LAST) == 2


def test_what_came_before_it_is_overtaken_by_it(bench):
    bench.take(event(LAST, {"stock": 0}, id="before"))
    bench.take(*events())
    finish(bench)
    assert bench.value(LAST) == 1


def test_its_newer_versions_win_over_what_was_accepted_meanwhile(bench):
    bench.take(*events(version=at(9)))
    bench.take(event(LAST, {"stock": 2}, id="later", version=at(5)))
    finish(bench)
    assert bench.value(LAST) == 1


def test_a_record_that_was_deleted_meanwhile_does_not_come_back(bench):
    bench.take(*events())
    gone = event(LAST, {}, id="gone")
    retired = replace(gone.changes[0], retire="archive", fields=())
    bench.take(replace(gone, changes=(retired,)))
    finish(bench)
    assert ":gone" in bench.item(LAST)[1]
    assert "b" not in bench.item(LAST)[1][":gone"]


def test_within_it_the_order_of_the_events_counts(bench):
    again = [
        replace(each, id=f"b{each.index}", index=MANY + each.index)
        for each in events(value=2, ids=True)
    ]
    bench.take(*events(), *again)
    finish(bench)
    assert {bench.value(f"i{n}") for n in range(MANY)} == {2}


def test_beyond_so_many_bytes_it_is_to_be_sent_again(bench):
    bench.client.set("instep:sliced-bytes", BYTES)
    assert bench.take(*events()).outcome == "full"
    finish(bench)
    assert (bench.counts("accepted"), totals(bench)) == ((0,), (0, 0))


def test_an_event_of_very_many_changes_is_accepted_whole(bench):
    one = event("i0", {"stock": 1}, id="e0")
    field = FieldValue("stock", "1", "number")
    changes = tuple(replace(one.changes[0], record=f"i{n}", fields=(field,)) for n in range(100))
    bench.take(replace(one, changes=changes), *events()[1:])
    bench.outbox.slice()
    assert bench.counts("accepted") == (100,)


def test_a_remap_knows_which_of_its_events_were_repeats(store, tmp_path):
    shop = Shop(store, tmp_path, FIELDS)
    shop.receive(id="e0", sku="i0", qty=5)
    shop.receive(*({"id": f"e{n}", "sku": f"i{n}", "qty": 1} for n in range(MANY)))
    assert shop.deliveries()[1].repeats == frozenset({0})
