"""
The decisions of the guard on a run: before it acts, and what became of its retirements.

The store has the last word on retirements: those of events count too, and come at any moment. What
it holds is a pending delete (`workers.store.held_deletes`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from service.reconcile import held_plan
from service.reconcile.apply.guard_counts import FLAGS, GuardQuestion
from service.reconcile.options import ReconcileOptions
from service.reconcile.plan import causes
from service.reconcile.run import ReconcileRun
from service.reconcile.run_results import ComparisonResult
from workers.policy import run_guard
from workers.policy.run_guard import CREATED, OVERWRITTEN, RETIRED, GuardDecision
from workers.store.run_approval import Approved, approved

Approve = Callable[[GuardQuestion], bool]
HELD: Final = "others were retired, or are held: together they need an approval"


def decide(
    run: ReconcileRun, found: ComparisonResult, options: ReconcileOptions, approve: Approve | None
) -> dict[str, GuardDecision]:
    """Return the decision of the guard on each kind; ask an operator who is present."""
    ceilings = {
        CREATED: options.create_up_to,
        OVERWRITTEN: options.overwrite_up_to,
        RETIRED: options.retire_up_to,
    }
    wanted = dict(found.wanted)
    if options.retire_up_to is not None:
        wanted[RETIRED] += found.waiting
    source = run.rows.chosen.source
    granted = approved(run.context.runs, run.collection.name, source, run.hooks.run)
    decisions = {
        kind: _decided(run, kind, number, found, ceilings[kind], approve, granted.get(kind))
        for kind, number in wanted.items()
    }
    if options.retire_up_to is not None and decisions[RETIRED].allowed:
        run.table.recall()
    elif decisions[RETIRED].asks and options.writes:
        words = f"{decisions[RETIRED].words}; so does `instep deletes approve`"
        decisions[RETIRED] = replace(decisions[RETIRED], words=words)
    return decisions


def _decided(
    run: ReconcileRun,
    kind: str,
    wanted: int,
    found: ComparisonResult,
    ceiling: int | None,
    approve: Approve | None,
    granted: Approved | None,
) -> GuardDecision:
    """
    Return the decision on one kind.

    Args:
        ceiling: Of the option for this run.
        granted: What an operator has approved of an earlier run that was held.
    """
    limits = run.collection.guard
    decision = run_guard.rule(kind, wanted, found.guard_input, limits, ceiling)
    if not decision.asks:
        return decision
    if granted is not None and ceiling is None:
        decision = _beside_approved(run, decision, found, granted)
        if decision.allowed or decision.granted:
            return decision
    if approve is not None and approve(run.guard_counts.question(decision)):
        return run_guard.rule(kind, wanted, found.guard_input, limits, wanted)
    return replace(decision, words=f"{decision.words}; {FLAGS[kind]} {wanted} approves it")


def _beside_approved(
    run: ReconcileRun, decision: GuardDecision, found: ComparisonResult, granted: Approved
) -> GuardDecision:
    """Return *decision* with those let go that were approved; others are judged anew."""
    kind, wanted, limits = decision.kind, decision.wanted, run.collection.guard
    if granted.plan is None:
        if granted.number >= wanted:
            return run_guard.rule(kind, wanted, found.guard_input, limits, wanted)
        words = f"{decision.words}; {granted.number:,} of them were approved"
        return replace(decision, words=words, granted=granted.number)
    own, declined = held_plan.planned(run, kind, granted)
    others = run_guard.rule(kind, wanted - len(own), found.guard_input, limits, None)
    if declined and not others.asks:
        others = decision
    if not others.asks:
        return run_guard.rule(kind, wanted, found.guard_input, limits, wanted)
    if not own:
        words = f"{decision.words}; none of them is among those that were approved"
        return replace(decision, words=words)
    words = f"{others.words}; {len(own):,} more were approved"
    return replace(others, wanted=wanted, words=words, granted=len(own), approved=own)


def with_held(
    run: ReconcileRun,
    found: ComparisonResult,
    decisions: Mapping[str, GuardDecision],
    *,
    acted: bool,
) -> dict[str, GuardDecision]:
    """Return *decisions* with what the store holds of the run, and held before it."""
    retired = decisions[RETIRED]
    if acted:
        retired = _after(run, retired)
    if before := len(run.table.acted((causes.HELD,))):
        words = f"deletes that wait for approval already: {before:,} (`instep deletes list`)"
        words = f"{retired.words}; {words}" if retired.words else words
        retired = replace(retired, allowed=False, asks=True, words=words)
    return {**decisions, RETIRED: replace(retired, wanted=found.wanted[RETIRED] + found.waiting)}


def _after(run: ReconcileRun, retired: GuardDecision) -> GuardDecision:
    if run.table.with_outcome(causes.HELD):
        return replace(retired, allowed=False, asks=True, words=retired.words or HELD)
    if retired.asks and run.table.acted((causes.RETIRE,)):
        return replace(retired, allowed=True, asks=False, words="")
    return retired
