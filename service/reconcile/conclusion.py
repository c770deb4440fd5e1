"""
What a run comes to: what of it is not proven, and its exit code.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.reconcile import report
from service.reconcile.apply.settlement import UNCONFIRMED
from service.reconcile.plan import causes
from service.reconcile.proof import Unproven
from service.reconcile.run import Run
from service.reconcile.run_results import Done, Found
from service.reconcile.wishes import Wishes
from workers.policy.run_guard import Ruling


def unproven(
    run: Run, found: Found, done: Done | None, rulings: Mapping[str, Ruling], wishes: Wishes
) -> Unproven:
    """
    Return what the run has not proven; wait a little for what came before and may yet settle.

    Args:
        done: None: nothing was done.
        rulings: Of the guard, by kind.
    """
    real = done is not None and not wishes.dry_run
    counts = report.by_cause(run)
    stops = done.waited.why if done else ""
    waits = not (wishes.no_wait or wishes.dry_run or stops)
    late = run.proof.unsettled(run.waiting().hindrance if waits else None)
    refused = run.table.came_of(causes.LETTER) if real else []
    holes = 0 if found.pages.whole else max(1, counts.get(causes.UNLISTED, 0))
    return Unproven(
        unmapped=found.bad,
        dead=run.proof.dead(refused),
        refused=len(refused),
        not_comparable=sum(counts.get(cause, 0) for cause in causes.NOT_COMPARABLE),
        listing=holes,
        unsettled=late + (_unsettled(run, done) if done and real else 0),
        spool=run.spooled(),
        held=sum(ruling.wanted for ruling in rulings.values() if ruling.asks),
    )


def _unsettled(run: Run, done: Done) -> int:
    """Return the records of which the CMS has not answered that it holds what was handed over."""
    return done.waited.left + len({*run.table.came_of(UNCONFIRMED)})


def exit_code(figures: Mapping[str, Any], wishes: Wishes) -> int:
    """
    Return the exit code.

    0: in step, or what the policies leave, and proven; 1: differences are left, something is not
    proven, or the guard holds it. A dry run tells what would be left, and proves nothing itself.
    """
    if wishes.check and figures["found"]:
        return 1
    if figures["state"] == "held" or any(figures["not_proven"].values()):
        return 1
    return 1 if figures["left"] and not wishes.dry_run else 0
