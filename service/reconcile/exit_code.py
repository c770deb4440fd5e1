"""
What a run has not proven, and its exit code.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.ingest.spool_count import all_waiting
from service.reconcile import report
from service.reconcile.apply.proof import WORDS
from service.reconcile.apply.settlement import UNCONFIRMED
from service.reconcile.options import ReconcileOptions
from service.reconcile.plan import causes
from service.reconcile.run import ReconcileRun
from service.reconcile.run_results import ApplyResult, ComparisonResult
from workers.policy.run_guard import GuardDecision


def unproven(
    run: ReconcileRun,
    found: ComparisonResult,
    done: ApplyResult | None,
    decisions: Mapping[str, GuardDecision],
    options: ReconcileOptions,
) -> dict[str, int]:
    """
    Count what the run has not proven; waits a little for earlier values that may still settle.

    Args:
        done: None: nothing was done.
        decisions: Of the guard, by kind.
    """
    real = done is not None and not options.dry_run
    counts = report.by_cause(run)
    stops = done.waited.why if done else ""
    waits = not (options.no_wait or options.dry_run or stops)
    late = run.proof.unsettled(run.waiting().hindrance if waits else None)
    refused = run.table.with_outcome(causes.LETTER) if real else []
    holes = 0 if found.pages.whole else max(1, counts.get(causes.UNLISTED, 0))
    return dict.fromkeys(WORDS, 0) | {
        "source": int(bool(run.rows.records.doubt)),
        "unmapped": found.bad,
        "dead": run.proof.dead(refused),
        "refused": len(refused),
        "not_comparable": sum(counts.get(cause, 0) for cause in causes.NOT_COMPARABLE),
        "staged": counts.get(causes.WHOSE, 0),
        "listing": holes,
        "undone": counts.get(causes.UNDONE, 0),
        "unsettled": late + (_unsettled(run, done) if done and real else 0),
        "spool": all_waiting(run.context.settings.store.data, run.context.steps.client).deliveries,
        "held": sum(decision.wanted for decision in decisions.values() if decision.asks)
        + counts.get(causes.AWAITING, 0),
    }


def _unsettled(run: ReconcileRun, done: ApplyResult) -> int:
    return done.waited.left + len({*run.table.with_outcome(UNCONFIRMED)})


def exit_code(figures: Mapping[str, Any], options: ReconcileOptions) -> int:
    """
    Return the exit code.

    0: in step, or only differences that the policies allow, and proven; 1: differences are left,
    something is not proven, or the guard withholds it. A dry run only reports what would be left.
    """
    if options.check and figures["found"]:
        return 1
    if figures["state"] == "held" or any(figures["not_proven"].values()):
        return 1
    return 1 if figures["left"] and not options.dry_run else 0
