"""Retirements of a reconcile that the guard holds: pending deletes, and what the next runs say."""

import pytest

from service.operate.bulk_runner import BulkRunner
from service.operate.held_delete_choice import DeleteSelection, choose
from service.operate.held_deletes import list_deletes, start

ITEMS = 40


@pytest.fixture
def way(reconciling):
    """A way out with the default guard, whose orphans are deleted."""
    ceilings = {"window": 6000, "requests_per_minute": 6000}
    return reconciling(items=ITEMS, guard={}, policy={"orphans": "delete"}, **ceilings)


def first(way, number):
    """A source that has the first *number* of the records."""
    return way.products_as_source(range(1, number + 1))


def listed(way):
    return [each["key"] for each in list_deletes(way.context, limit=1000).items]


def decide(way, action, up_to=None):
    """Decide on what waits, and send what is due."""
    found = choose(way.context, DeleteSelection(up_to=up_to))
    run = start(way.context, action, found, "ada", wake=False)
    figures = BulkRunner(way.context).carry_out(run).figures
    way.run(60)
    return figures


def not_asked(_):
    raise AssertionError("an operator was asked")


def test_a_mass_is_held_and_nothing_of_it_is_sent(way):
    told = way.command(first(way, 28))
    assert (told.code, told.state, told.unproven) == (1, "held", {"held": 12})
    assert told.guard["retired"] == {"wanted": 12, "allowed": False}
    assert listed(way) == [way.record(n) for n in range(29, 41)]
    assert len(way.products.items) == ITEMS
    assert "instep deletes approve" in told.said


def test_another_run_neither_doubles_them_nor_asks_anew(way):
    source = first(way, 28)
    way.command(source)
    before, counts = list_deletes(way.context, limit=1000).items, way.counts()
    for _ in range(2):
        told = way.command(source, approve=not_asked)
        assert (told.code, told.state, told.unproven) == (1, "held", {"held": 12})
        assert told.guard["retired"] == {"wanted": 12, "allowed": False}
    assert list_deletes(way.context, limit=1000).items == before
    assert way.counts() == counts


def test_approved_ones_go_and_dropped_ones_stay_and_are_not_asked_again(way):
    source = first(way, 28)
    way.command(source)
    assert decide(way, "approve", up_to=5)["approved"] == 5
    assert len(way.products.items) == ITEMS - 5
    assert listed(way) == [way.record(n) for n in range(34, 41)]
    told = way.command(source)
    assert (told.state, told.guard["retired"]["wanted"]) == ("held", 7)
    assert decide(way, "drop")["dropped"] == 7
    for _ in range(3):
        told = way.command(source, approve=not_asked)
        assert (told.code, told.state, told.dropped) == (0, "done", 7)
        assert told.proven
        assert told.found == 0
        assert (listed(way), len(way.products.items)) == ([], ITEMS - 5)


def test_the_option_approves_those_that_wait_with_its_own(way):
    way.command(first(way, 28))
    told = way.command(first(way, 27), retire_up_to=12)
    assert (told.state, told.guard["retired"]) == ("held", {"wanted": 13, "allowed": False})
    assert (len(listed(way)), len(way.products.items)) == (13, ITEMS)
    told = way.command(first(way, 27), retire_up_to=13)
    assert (told.code, told.guard["retired"]) == (0, {"wanted": 13, "allowed": True})
    assert (listed(way), len(way.products.items)) == ([], 27)


def test_an_operator_who_is_present_is_asked_and_what_he_refuses_waits(way):
    told = way.command(first(way, 28), approve=lambda _: False)
    assert (told.state, len(listed(way))) == ("held", 12)
    told = way.command(first(way, 14), approve=lambda _: True)
    assert (told.state, told.guard["retired"]["wanted"]) == ("held", 26)
    assert (len(listed(way)), len(way.products.items)) == (12, ITEMS - 14)


def test_one_that_the_source_has_again_leaves_the_list(way):
    way.command(first(way, 28))
    way.pass_time(60)
    told = way.command(first(way, 38))
    assert told.told["delete ended"] == 10
    assert listed(way) == [way.record(n) for n in (39, 40)]
    way.pass_time(60)
    told = way.command(first(way, ITEMS))
    assert (told.code, told.found, listed(way)) == (0, 0, [])


def test_what_was_dropped_is_asked_again_once_it_was_seen(way):
    way.command(first(way, 28))
    decide(way, "drop")
    way.pass_time(60)
    assert way.command(first(way, ITEMS)).dropped == 0
    way.pass_time(60)
    told = way.command(first(way, 28))
    assert (told.state, told.dropped, len(listed(way))) == ("held", 0, 12)


def test_deletes_by_events_and_by_a_run_are_one_mass(way):
    for n in range(31, 39):
        way.retire(n, "delete", version=1)
    way.run(60)
    assert len(way.products.items) == ITEMS - 8
    told = way.command(first(way, 27))
    assert told.guard["retired"] == {"wanted": 5, "allowed": False}
    assert len(listed(way)) == 5
    way.retire(1, "delete", version=1)
    assert (len(listed(way)), len(way.products.items)) == (6, ITEMS - 8)


def test_a_delete_that_waits_is_told_of_a_record_that_the_snapshot_has(way):
    way.command(first(way, 28))
    way.retire(1, "delete", version=9)
    source = way.products_as_source(range(1, 29), version=1)
    told = way.command(source)
    assert told.told["delete waits for approval"] == 1
    assert told.unproven == {"held": 13}


def test_values_that_came_before_a_delete_that_waits_go_on(way):
    way.command(first(way, 28))
    way.retire(1, "delete", version=9)
    way.change(1, version=5, stock=77)
    way.run(60)
    assert way.staged(1)["stock"] == 77
    assert way.record(1) in listed(way)
    way.change(1, version=11, stock=78)
    way.run(60)
    assert way.staged(1)["stock"] == 78
    assert way.record(1) not in listed(way)


def test_a_dry_run_holds_nothing(way):
    told = way.command(first(way, 28), dry_run=True)
    assert (told.code, told.state) == (1, "held")
    assert listed(way) == []
    assert way.command(first(way, 28), check=True).state == "held"
    assert listed(way) == []
