"""Where a change stands that has no version: by its source, and by what is held."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from tests.support.depth import examples
from tests.support.outbox_driver import at, change, event, number
from tests.support.outbox_retiring import GONE
from workers.model.changes import Again, Change, FieldValue, Incoming, Snapshot, canonical
from workers.model.versions import BEFORE, Version, kind_of, right_after, with_position


def put(bench, stock, placed, *, id=None, **options):
    """Accept one change without a version."""
    one = replace(change("i1", {"stock": stock}), placed=placed)
    bench.accept(Incoming(id, "t", 0, (one,)), **options)
    return next(reversed(bench.told()), None)


def timed(bench, stock, version, **options):
    bench.accept(event("i1", {"stock": stock}, version=version, **options))
    return next(reversed(bench.told()), None)


def retired(bench, *, version=None, placed="held", **options):
    """The record of i1 is gone."""
    gone = Change("gone", "products", "i1", "item", (), version, retire="archive", placed=placed)
    bench.accept(Incoming(None, "t", 0, (gone,)), **options)
    return next(reversed(bench.told()), None)


def version(bench, slug="stock"):
    return bench.field("i1", slug)["r"]


@pytest.mark.parametrize("held", [at(10), number(5), right_after(at(10))])
def test_it_takes_the_version_that_is_held_and_wins_as_the_later_delivery(bench, held):
    timed(bench, 1, held)
    assert put(bench, 2, "held") == "accepted"
    assert (bench.value("i1"), version(bench)) == (2, held)


def test_what_has_a_later_time_wins_over_it_and_what_has_an_earlier_one_does_not(bench):
    timed(bench, 1, at(10))
    put(bench, 2, "held")
    assert timed(bench, 3, at(9)) == "stale"
    assert timed(bench, 4, at(11)) == "accepted"


@pytest.mark.parametrize("placed", ["held", "first"])
@pytest.mark.parametrize("later", [at(1), number(0)])
def test_where_nothing_is_held_it_comes_before_everything(bench, placed, later):
    put(bench, 1, placed)
    assert kind_of(version(bench)) == BEFORE
    assert timed(bench, 2, later) == "accepted"


def test_a_new_row_without_a_time_is_older_than_an_update_without_one(bench):
    put(bench, 2, "held")
    assert put(bench, 1, "first") == "stale"
    assert put(bench, 3, "held") == "accepted"


def test_of_two_that_come_before_everything_the_later_delivery_wins(bench):
    put(bench, 1, "first")
    assert put(bench, 2, "first") == "accepted"


def test_a_new_row_without_a_time_is_older_than_an_update_that_came_first(bench):
    timed(bench, 2, at(10))
    assert put(bench, 1, "first") == "stale"
    assert bench.value("i1") == 2


def test_a_new_row_without_a_time_brings_back_what_was_deleted(bench):
    timed(bench, 1, at(10))
    retired(bench, version=right_after(at(10)))
    assert put(bench, 2, "first") == "accepted"
    assert version(bench) == right_after(right_after(at(10)))
    assert bench.field("i1", GONE).get("b") == 1


def test_a_deletion_that_comes_again_does_not_take_back_the_row_made_since(bench):
    timed(bench, 1, at(10))
    retired(bench, version=right_after(at(10)))
    put(bench, 2, "first")
    assert retired(bench, version=right_after(at(10))) == "stale"


def test_a_deletion_of_the_row_before_is_older_than_the_row_that_replaced_it(bench):
    """One transaction: DELETE names the old time, INSERT has its own."""
    retired(bench, version=right_after(at(10)))
    assert timed(bench, 5, at(20)) == "accepted"
    assert retired(bench, version=right_after(at(10))) == "stale"


def test_a_deletion_without_a_time_is_later_than_all_that_is_held_of_its_item(bench):
    bench.accept(event("i1", {"stock": 1}, version=at(10)))
    bench.accept(event("i1", {"price": 1}, version=at(20)))
    assert retired(bench) == "accepted"
    assert version(bench, GONE) == at(20)
    assert timed(bench, 2, at(20)) == "accepted"  # it came later


def test_an_update_without_a_time_that_comes_after_a_deletion_lifts_it(bench):
    timed(bench, 1, at(10))
    retired(bench, version=at(20))
    assert put(bench, 2, "held") == "accepted"
    assert version(bench) == at(20)


def test_a_source_without_times_comes_after_what_is_held_of_any_kind(bench):
    timed(bench, 1, number(5))
    assert put(bench, 2, "arrival") == "accepted"
    assert (bench.value("i1"), version(bench)) == (2, number(5))
    assert timed(bench, 3, number(6)) == "accepted"


def test_a_source_without_times_comes_after_a_time_with_a_tie_breaker(bench):
    held = bench.ahead(600) + at(3)
    timed(bench, 1, held)
    put(bench, 2, "arrival")
    assert version(bench) > held
    assert bench.value("i1") == 2


def test_a_repeat_at_the_version_that_is_held_never_wins(bench):
    timed(bench, 1, at(10))
    put(bench, 2, "held", id="e2")
    timed(bench, 3, at(10), id="e3")
    bench.pass_time(49 * 3600)
    assert put(bench, 2, "held", id="e2") == "stale"
    assert bench.value("i1") == 3


# what runs again ------------------------------------------------------------------------------


def arrivals(bench):
    return int(bench.client.get("instep:arrival") or 0)


def again(bench, stock, placed, arrival, *, came=None):
    """An event without a version that first came when *arrival* was the newest arrival number."""
    one = replace(change("i1", {"stock": stock}), placed=placed)
    placed_at = Again(0, 0, came or bench.ahead(0), arrival=arrival)
    bench.accept(Incoming(None, "t", 0, (one,), again=placed_at), mode="remap")
    return "accepted" if bench.value("i1") == stock else "stale"


@pytest.mark.parametrize("placed", ["arrival", "held"])
def test_it_goes_over_what_had_come_before_it(bench, placed):
    timed(bench, 1, at(10))
    assert again(bench, 2, placed, arrivals(bench)) == "accepted"


@pytest.mark.parametrize("placed", ["arrival", "held", "first"])
def test_it_goes_over_nothing_that_has_come_since(bench, placed):
    came = arrivals(bench)
    timed(bench, 1, at(10))
    assert again(bench, 2, placed, came) == "stale"
    assert bench.value("i1") == 1


def test_it_goes_over_nothing_that_has_come_since_and_is_older_by_its_time(bench):
    timed(bench, 1, at(10))
    came = arrivals(bench)
    timed(bench, 2, at(11))
    assert again(bench, 3, "arrival", came, came=bench.ahead(0)) == "stale"


def test_a_deletion_that_runs_again_goes_over_nothing_that_has_come_since(bench):
    bench.accept(event("i1", {"price": 1}, version=at(10)))
    came = arrivals(bench)
    timed(bench, 1, at(5))
    gone = Change("gone", "products", "i1", "item", (), None, retire="archive", placed="held")
    placed_at = Again(0, 0, bench.ahead(0), arrival=came)
    bench.accept(Incoming(None, "t", 0, (gone,), again=placed_at), mode="remap")
    assert bench.value("i1") == 1
    assert GONE not in bench.item("i1")[1]


@pytest.mark.parametrize("placed", ["arrival", "held", "first"])
def test_what_an_older_release_kept_goes_by_the_time_at_which_it_came(bench, placed):
    timed(bench, 1, at(10))
    assert again(bench, 2, placed, None) == "accepted"
    assert again(bench, 3, placed, None, came=at(9)) == "stale"
    assert bench.value("i1") == 2


# the order of arrival -------------------------------------------------------------------------

HEADS = [*map(at, range(4)), right_after(at(1)), *(with_position(at(2), n) for n in (1, 2, 10))]


@given(st.permutations(HEADS), st.sampled_from([None, at(1), right_after(at(2))]))
@examples(20, 60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_of_changes_with_versions_the_order_of_arrival_does_not_matter(bench, order, gone):
    bench.client.flushall()
    if gone:
        retired(bench, version=gone)
    for held in order:
        timed(bench, HEADS.index(held), held)
    newest = max(HEADS)
    assert (bench.value("i1"), version(bench)) == (HEADS.index(newest), newest)


# versions of two kinds on one item ------------------------------------------------------------


def sold(bench, price, version):
    """Another source writes another field of i1, by versions of another kind."""
    bench.accept(event("i1", {"price": price}, version=version), source="shop")
    return next(reversed(bench.told()), None)


@pytest.mark.parametrize(("mine", "others"), [(number, at), (at, number)])
def test_a_retirement_that_is_lifted_freezes_no_field_of_another_kind(bench, mine, others):
    timed(bench, 1, mine(1))
    sold(bench, 1, others(1))
    retired(bench, version=others(2), source="shop")
    sold(bench, 2, others(3))
    assert timed(bench, 2, mine(2)) == "accepted"
    assert timed(bench, 1, mine(1)) == "stale"
    assert bench.letters() == []


@pytest.mark.parametrize(("mine", "others"), [(number, at), (at, number)])
def test_a_field_that_is_new_to_its_item_heeds_no_retirement_that_is_lifted(bench, mine, others):
    sold(bench, 1, others(1))
    retired(bench, version=others(2), source="shop")
    sold(bench, 2, others(3))
    assert timed(bench, 1, mine(1)) == "accepted"
    assert bench.letters() == []


@pytest.mark.parametrize(("mine", "others"), [(number, at), (at, number)])
def test_by_another_kind_the_later_delivery_goes_over_a_retirement(bench, mine, others):
    timed(bench, 1, mine(1))
    sold(bench, 1, others(1))
    retired(bench, version=others(2), source="shop")
    assert timed(bench, 0, mine(0)) == "stale"
    assert timed(bench, 2, mine(2)) == "accepted"
    assert bench.field("i1", GONE).get("b") == 1


@pytest.mark.parametrize(("mine", "others"), [(number, at), (at, number)])
def test_a_change_without_a_version_takes_that_of_its_field_alone(bench, mine, others):
    timed(bench, 1, mine(1))
    sold(bench, 1, others(1))
    retired(bench, version=others(2), source="shop")
    assert put(bench, 2, "held") == "accepted"
    assert version(bench) == mine(1)


# behind the row that it replaces --------------------------------------------------------------


def shown(bench, stock, read):
    """A snapshot that was read at the version *read* shows i1."""
    as_of_ms = Version.parse(read).number // 1000
    one = replace(change("i1", {"stock": stock}, version=read), snapshot=Snapshot(as_of_ms, 0))
    bench.accept(Incoming(None, "t", 0, (one,)), mode="reconcile")
    return next(reversed(bench.told()), None)


def replaces(bench, stock, row, **options):
    """An update that does not move the time of the row that it replaces; None: a deletion."""
    one = Change("t", "products", "i1", "item", (), right_after(row), placed="after")
    if stock is None:
        one = replace(one, retire="archive")
    else:
        one = replace(one, fields=(FieldValue("stock", canonical(stock), "number"),))
    bench.accept(Incoming(None, "t", 0, (one,), again=options.pop("again", None)), **options)
    told = bench.told()  # of what runs again and is stale, nothing
    return told[-1] if told else None


def test_what_replaces_a_row_wins_over_the_snapshot_that_showed_it(bench):
    timed(bench, 1, at(10))
    shown(bench, 2, at(50))
    assert [replaces(bench, stock, at(10)) for stock in (3, 4, None)] == ["accepted"] * 3
    assert timed(bench, 5, at(49)) == "stale"
    assert timed(bench, 6, at(51)) == "accepted"
    assert replaces(bench, 7, at(10)) == "stale"


def test_what_replaces_a_row_is_older_than_the_change_of_that_row_that_came_first(bench):
    timed(bench, 1, at(20))
    assert replaces(bench, 2, at(10)) == "stale"
    bench.accept(event("i1", {"price": 1}, version=at(20)))
    shown(bench, 3, at(50))
    assert replaces(bench, None, at(10)) == "stale"


def test_what_replaces_a_row_and_runs_again_goes_over_no_snapshot_that_was_taken_since(bench):
    timed(bench, 1, at(10))
    came = Again(0, 0, bench.ahead(0), arrival=arrivals(bench))
    shown(bench, 2, at(50))
    replaces(bench, 3, at(10), again=came, mode="remap")
    assert bench.value("i1") == 2
    later = Again(0, 0, bench.ahead(0), arrival=arrivals(bench))
    replaces(bench, 4, at(10), again=later, mode="remap")
    assert bench.value("i1") == 4


def reborn(bench, *, again=None, **fields):
    """A new row without a time."""
    one = replace(change("i1", fields), placed="first")
    bench.accept(Incoming(None, "t", 0, (one,), again=again), mode="remap" if again else "live")
    return {slug: bench.value("i1", slug) for slug in fields}


def test_all_fields_of_a_new_row_without_a_time_come_after_what_was_deleted(bench):
    bench.accept(event("i1", {"stock": 1, "price": 1, "weight": 1}, version=at(10)))
    retired(bench, version=right_after(at(10)))
    fields = {"stock": 2, "price": 2, "weight": 2}
    assert reborn(bench, **fields) == fields


@pytest.mark.parametrize("placed", ["held", "first"])
def test_all_fields_of_what_runs_again_come_after_what_it_brings_back(bench, placed):
    bench.accept(event("i1", {"stock": 1, "price": 1, "weight": 1}, version=at(10)))
    retired(bench, version=right_after(at(10)))
    fields = {"stock": 2, "price": 2, "weight": 2}
    one = replace(change("i1", fields), placed=placed)
    placed_at = Again(0, 0, bench.ahead(0), arrival=arrivals(bench))
    bench.accept(Incoming(None, "t", 0, (one,), again=placed_at), mode="remap")
    assert {slug: bench.value("i1", slug) for slug in fields} == fields


@pytest.mark.parametrize(("mine", "others"), [(number, at), (at, number)])
@pytest.mark.parametrize("lifted", [True, False])
def test_a_field_that_is_new_to_its_item_takes_any_kind_beside_its_retirement(
    bench, mine, others, lifted
):
    sold(bench, 1, others(1))
    retired(bench, version=others(2), source="shop")
    if lifted:
        sold(bench, 2, others(3))
    assert put(bench, 1, "held") == "accepted"
    assert timed(bench, 2, mine(1)) == "accepted"
    assert kind_of(version(bench)) == kind_of(mine(1))
    assert bench.letters() == []


def test_what_comes_after_a_snapshot_and_a_retirement_leaves_the_kind_open(bench):
    retired(bench, version=at(5), source="shop")
    shown(bench, 1, at(50))
    retired(bench, version=at(60), source="shop")
    put(bench, 2, "held")
    assert timed(bench, 3, number(1)) == "accepted"
    assert bench.letters() == []


@pytest.mark.parametrize(("before_ms", "fate"), [(2**53, "accepted"), (0, "stale")])
def test_a_snapshot_gives_a_field_that_is_new_to_an_item_that_came_back(bench, before_ms, fate):
    timed(bench, 1, number(5))
    retired(bench, version=number(6))
    timed(bench, 2, number(7))
    taken = Snapshot(before_ms, before_ms)
    one = replace(change("i1", {"price": 3}, version=BEFORE), snapshot=taken)
    bench.accept(Incoming(None, "t", 0, (one,)), mode="reconcile")
    assert bench.told() == [fate]
