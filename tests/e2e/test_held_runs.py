"""What a held reconcile may do once it was approved."""

import pytest

from service.operate.held_runs import approve_run, drop_run
from service.reconcile.run_entry import APPROVED, SUPERSEDED, figures_of, run_entry
from workers.errors import RequestRefused
from workers.store import run_plan

ITEMS = 20


@pytest.fixture
def way(reconciling):
    ceilings = {"window": 6000, "requests_per_minute": 6000}
    return reconciling(items=ITEMS, guard={}, missing="create", **ceilings)


def wanted(way, *, new=12, changed=15):
    """A source with *new* records more, and another stock of the first *changed* ones."""
    source = way.products_as_source(range(1, ITEMS + 1))
    source |= {way.record(n): ({"stock": 1000 + n}, None) for n in range(1, changed + 1)}
    return source | {f"new-{n}": ({"stock": 1, "name": f"New {n}"}, None) for n in range(new)}


def entered(way, source, **options):
    """The result of a run, with its entry in the list of runs."""
    with run_entry(way.context, "ada", "products", "erp", writes=True, configured=False) as entry:
        told = way.command(source, run_id=entry.id, **options)
        entry.end({**vars(told), "calls": {"all": 1}})
    return told, entry.id


def changed(way):
    return sum(stock is not None and stock > 1000 for stock in way.shown("stock", range(1, 21)))


def test_nothing_of_a_held_kind_is_sent_before_it_is_approved(way):
    told, id = entered(way, wanted(way))
    assert (told.code, told.state) == (1, "held")
    assert (len(way.products.items), changed(way)) == (ITEMS, 0)
    run = way.context.runs.show(id)
    assert run.state == "held"
    assert (run.figures["held_created"], run.figures["held_overwritten"]) == (12, 15)


def test_what_was_approved_is_done_by_the_next_run_and_ends_the_held_one(way):
    source = wanted(way)
    _, held = entered(way, source)
    approve_run(way.context, held, by="ada")
    told, id = entered(way, source)
    assert (told.code, told.state) == (0, "done")
    assert (len(way.products.items), changed(way)) == (ITEMS + 12, 15)
    run = way.context.runs.show(held)
    assert (run.state, run.reason) == ("done", f"{APPROVED}: {id}")


def test_up_to_lets_the_first_go_and_holds_the_rest(way):
    source = wanted(way)
    _, held = entered(way, source)
    found = approve_run(way.context, held, by="ada", up_to=5)
    assert found == {"run": held, "created": 5, "overwritten": 5, "left": 17, "starts": False}
    told, id = entered(way, source)
    assert (told.code, told.state) == (1, "held")
    assert (len(way.products.items), changed(way)) == (ITEMS + 5, 5)
    assert "5 more were approved" in told.said
    assert way.context.runs.show(held).state == "done"
    assert way.context.runs.show(id).state == "held"


def test_an_approval_serves_one_run(way):
    source = wanted(way, changed=0)
    _, held = entered(way, source)
    approve_run(way.context, held, by="ada")
    assert entered(way, source)[0].code == 0
    assert entered(way, source | wanted(way, new=30, changed=0))[0].state == "held"


def test_more_than_was_approved_is_held(way):
    _, held = entered(way, wanted(way, changed=0))
    approve_run(way.context, held, by="ada")
    told, id = entered(way, wanted(way, new=40, changed=0))
    assert (told.state, len(way.products.items)) == ("held", ITEMS + 12)
    assert "28 items would be created" in told.said
    assert "12 more were approved" in told.said
    figures = way.context.runs.show(id).figures
    assert (figures["created"], figures["held_created"], figures["held"]) == (12, 28, 28)


def test_a_few_more_than_was_approved_go_with_them(way):
    _, held = entered(way, wanted(way, changed=0))
    approve_run(way.context, held, by="ada")
    told, _ = entered(way, wanted(way, new=20, changed=0))
    assert (told.state, len(way.products.items)) == ("done", ITEMS + 20)


def test_an_approval_is_of_the_items_that_the_run_has_shown(way):
    _, held = entered(way, wanted(way, new=0))
    approve_run(way.context, held, by="ada")
    other = wanted(way, new=0) | {way.record(n): ({"stock": 2000 + n}, None) for n in range(3, 16)}
    told, id = entered(way, other)
    assert told.state == "held"
    assert "2 more were approved" in told.said
    assert [stock for stock in way.shown("stock", range(1, 21)) if stock > 1000] == [1001, 1002]
    approve_run(way.context, id, by="ada")
    assert entered(way, other)[0].state == "done"
    assert changed(way) == 15


def test_nothing_of_another_mass_goes_by_an_approval(way):
    _, held = entered(way, wanted(way, new=0))
    approve_run(way.context, held, by="ada")
    other = {way.record(n): ({"stock": 2000 + n}, None) for n in range(1, 16)}
    told, _ = entered(way, wanted(way, new=0) | other)
    assert (told.state, changed(way)) == ("held", 0)
    assert "none of them is among those that were approved" in told.said


def test_of_more_than_is_kept_the_number_is_approved(way, monkeypatch):
    monkeypatch.setattr(run_plan, "MOST", 11)
    _, held = entered(way, wanted(way, changed=0))
    assert run_plan.read(way.context.runs, held, "created") is None
    approve_run(way.context, held, by="ada")
    told, _ = entered(way, wanted(way, new=40, changed=0))
    assert (told.state, len(way.products.items)) == ("held", ITEMS + 12)
    assert "12 of them were approved" in told.said


def test_what_a_held_run_has_shown_goes_with_it(way):
    _, held = entered(way, wanted(way))
    assert len(run_plan.read(way.context.runs, held, "overwritten")) == 15
    drop_run(way.context, held, by="ada")
    assert run_plan.read(way.context.runs, held, "overwritten") is None


def test_a_run_that_was_not_approved_or_dropped_is_held_again(way):
    source = wanted(way)
    _, first = entered(way, source)
    _, second = entered(way, source)
    assert way.context.runs.show(first).reason == f"{SUPERSEDED}: {second}"
    drop_run(way.context, second, by="ada")
    told, _ = entered(way, source)
    assert (told.state, len(way.products.items)) == ("held", ITEMS)
    with pytest.raises(RequestRefused):
        approve_run(way.context, second, by="ada")


def test_the_figures_of_what_was_allowed_hold_nothing(way):
    told = way.command(wanted(way, new=1, changed=1))
    figures = figures_of({**vars(told), "calls": {"all": 1}})
    assert (figures["held_created"], figures["held_overwritten"]) == (0, 0)
