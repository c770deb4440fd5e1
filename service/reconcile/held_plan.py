"""
The items for which a run is held, kept as digests: an approval lets the next run change those that
are still the same, and no others.

A creation is the same if its record is; an overwrite, if the CMS would show the same instead of the
same as well. A digest is no key: what `instep forget` erases is not in it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from service.reconcile.run import ReconcileRun
from workers.policy.run_guard import CREATED, OVERWRITTEN, GuardDecision
from workers.store import run_plan
from workers.store.run_approval import Approved

Decisions = Mapping[str, GuardDecision]


def planned(
    run: ReconcileRun, kind: str, approved: Approved
) -> tuple[frozenset[str], frozenset[str]]:
    """
    Return the records of *kind* of which the run would do what the held one has shown.

    First those that were approved, then those that were left out of the approval.
    """
    plan = approved.plan or ()
    shown = {
        digest(approved.run, change): record for record, change in run.guard_counts.changes(kind)
    }
    taken, left = plan[: approved.number], plan[approved.number :]
    return (
        frozenset(shown[each] for each in taken if each in shown),
        frozenset(shown[each] for each in left if each in shown),
    )


def overwrites(run: ReconcileRun, decisions: Decisions) -> list[str]:
    """Return the digests of the overwrites that *decisions* hold, before they are withheld."""
    decision, id = decisions[OVERWRITTEN], run.hooks.run
    if not decision.asks or id is None:
        return []
    shown = run.guard_counts.changes(OVERWRITTEN)
    return [digest(id, change) for record, change in shown if record not in decision.approved]


def keep(run: ReconcileRun, decisions: Decisions, overwritten: list[str]) -> None:
    """
    Keep what the run is held for: the creations that were withheld, and *overwritten*.

    Raises StoreUnavailable if the store does not answer.
    """
    if run.hooks.run is None:
        return
    withheld = (digest(run.hooks.run, [record, []]) for record in run.table.withheld_creations())
    plans = {CREATED: list(withheld), OVERWRITTEN: overwritten}
    for kind, digests in plans.items():
        if decisions[kind].asks:
            run_plan.keep(run.context.runs, run.hooks.run, kind, digests)


def digest(id: str, change: object) -> str:
    """Return the digest of a *change* that the run *id* has shown."""
    text = json.dumps([id, change], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:16]
