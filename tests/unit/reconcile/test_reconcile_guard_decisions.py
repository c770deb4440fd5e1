"""What the guard decided on retirements, once the store has had its say."""

from types import SimpleNamespace

import pytest

from service.reconcile.guard_decisions import HELD, with_held
from service.reconcile.plan import causes
from service.reconcile.plan.causes import Finding
from service.reconcile.state.working_set import WorkingSet
from workers.policy.run_guard import RETIRED, GuardDecision

ASKS = GuardDecision(RETIRED, 2, False, "2 of 3 items", asks=True)
GOES = GuardDecision(RETIRED, 2)


@pytest.fixture
def table():
    with WorkingSet() as table:
        yield table


def decided(table, decision, *acts, held=0, acted=True):
    """The decision after a run with findings of *acts*, of which the store holds some."""
    found = [Finding(causes.ORPHAN, f"k{n}", f"i{n}", act=act) for n, act in enumerate(acts)]
    table.add_findings(found)
    table.note([(causes.HELD, n) for n in range(1, held + 1)])
    waiting = acts.count(causes.HELD)
    result = SimpleNamespace(wanted={RETIRED: len(acts) - waiting}, waiting=waiting)
    run = SimpleNamespace(table=table)
    return with_held(run, result, {RETIRED: decision}, acted=acted)[RETIRED]


def test_what_the_guard_let_through_and_the_store_holds_is_held(table):
    found = decided(table, GOES, causes.RETIRE, causes.RETIRE, held=2)
    assert (found.allowed, found.asks, found.words, found.wanted) == (False, True, HELD, 2)


def test_what_the_guard_refused_and_the_store_let_through_went(table):
    found = decided(table, ASKS, causes.RETIRE, causes.RETIRE)
    assert (found.allowed, found.asks, found.words) == (True, False, "")


def test_what_both_hold_has_the_words_of_the_guard(table):
    assert decided(table, ASKS, causes.RETIRE, causes.RETIRE, held=2) == ASKS


def test_a_run_that_only_looks_says_what_the_guard_says(table):
    assert decided(table, ASKS, causes.RETIRE, causes.RETIRE, acted=False) == ASKS
    assert decided(table, GOES, acted=False).wanted == 0


@pytest.mark.parametrize("acted", [True, False])
def test_those_that_waited_before_are_held_with_the_others(table, acted):
    found = decided(table, GOES, causes.HELD, causes.HELD, acted=acted)
    assert (found.allowed, found.asks, found.wanted) == (False, True, 2)
    assert "instep deletes list" in found.words
    again = decided(table, ASKS, causes.RETIRE, causes.HELD, acted=False)
    assert again.words.startswith(f"{ASKS.words}; deletes that wait for approval already: 2")
