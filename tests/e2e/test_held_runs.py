"""What a held reconcile may do once it was approved."""

import pytest

from service.operate.held_runs import approve_run, drop_run
from service.reconcile.run_entry import APPROVED, SUPERSEDED, figures_of, run_entry
from workers.errors import RequestRefused

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
        told = way.command(source, **options)
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
    assert "5 of them were approved" in told.said
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
    told, _ = entered(way, wanted(way, new=20, changed=0))
    assert (told.state, len(way.products.items)) == ("held", ITEMS + 12)


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
