"""
Runs that are held: their creations and overwrites wait for an approval.

An approval is of the items that the run has shown (``run_plan.py``): the next run of the same
source and collection compares anew, and creates and overwrites those of which it finds the same. Of
more than are kept it is a number. An undo, a replay or a proposal (``proposals.py``) that is
approved goes on itself. Held retirements are pending deletes (``held_deletes.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from service.config.build import Configuration
from service.operate.proposals import OF_RUN, estimate_now
from service.operate.run_list import show_run
from service.operate.scope import Scope
from service.pulls.pull_state import place_of, scheduled_pulls
from service.reconcile.schedule import scheduled
from service.reconcile.state.past_runs import note_asked, note_dropped
from workers.delivery.context import Context
from workers.errors import RequestRefused, UnknownName
from workers.model.runs import COMPARISONS
from workers.store import run_plan, run_release
from workers.store.audit import Audit
from workers.store.run_approval import HELD, MAY
from workers.store.runs import WAKE

DROPPED: Final = "dropped"
_GO_ON: Final = ("undo", "replay")  # what they are for was fixed as they began
_NO_LIMIT: Final = "name no limit"


def approve_run(
    context: Context,
    id: str,
    *,
    by: str,
    scope: Scope | None = None,
    up_to: int | None = None,
    dry_run: bool = False,
    configuration: Configuration | None = None,
) -> dict[str, Any]:
    """
    Let the next run, or the run itself, create and overwrite what the run *id* was held for.

    Returns ``{run, created, overwritten, left, starts}``: how many items of each kind, how many are
    left, and whether that run starts by itself; if not, it is to be run again by hand. Of a
    proposal also ``proposal``: ``{kind, by, why, would}``, *would*: what it would do by now.

    Args:
        up_to: At most so many items of each kind; None: as many as were held.
        configuration: By which deliveries are mapped that a proposal is for; None: that of this
            process.

    Raises:
        UnknownName: There is no such run, or not in *scope*.
        RequestRefused: It is not held, or for deletes alone; or a part of a run that goes on
            itself, which is whole; or one that may change more than *scope*; or a proposal of
            which nothing is left.
        StoreUnavailable: The store does not answer.
    """
    run = _held(context, id, scope, by)
    if run["proposal"]:
        if up_to is not None:
            part, whole = "an approval of a part of it", "all: a proposal is whole"
            raise RequestRefused(part, whole, _NO_LIMIT)
        return _approve_proposal(context, run, configuration, by=by, scope=scope, dry_run=dry_run)
    wanted = {kind: int(run["figures"].get(name, 0)) for kind, name in HELD.items()}
    if not any(wanted.values()):
        found, expected = "a run that is held for its deletes alone", "creations or overwrites"
        raise RequestRefused(found, expected, "see them with `instep deletes list`")
    allowed = {kind: n if up_to is None else min(n, up_to) for kind, n in wanted.items()}
    left = sum(wanted.values()) - sum(allowed.values())
    goes_on = run["kind"] in _GO_ON
    if goes_on and left:
        raise RequestRefused(
            "an approval of a part of it", f"all: this {run['kind']} is whole", _NO_LIMIT
        )
    starts = goes_on or _starts(context, run)
    if not dry_run:
        _let_go(context, run, allowed, by=by, starts=starts)
        Audit(context.steps).record(by, "approve run", id, collection=run["collection"], **allowed)
    return {"run": id, **allowed, "left": left, "starts": starts}


def shows_items(context: Context, approval: Mapping[str, Any]) -> bool:
    """
    Tell whether an *approval*, of `approve_run`, is of the items that its run has shown.

    False: of a number. Raises StoreUnavailable if the store does not answer.
    """
    return all(
        run_plan.read(context.runs, approval["run"], kind) is not None
        for kind in HELD
        if approval[kind]
    )


def _approve_proposal(
    context: Context,
    run: Mapping[str, Any],
    configuration: Configuration | None,
    *,
    by: str,
    scope: Scope | None,
    dry_run: bool,
) -> dict[str, Any]:
    """As `approve_run`: what it would do is looked at anew."""
    id, proposal = run["id"], context.runs.show(run["id"])
    if proposal is None:
        raise UnknownName(repr(id), "a run", "see `instep runs list`")
    figures = {kind: int(run["figures"].get(name, 0)) for kind, name in HELD.items()}
    found: dict[str, Any] = {"run": id, **figures, "left": 0, "starts": True}
    about = proposal.about
    if about.get("of") == OF_RUN:
        limit = about["up_to"]
        would = approve_run(context, about["run"], by=by, scope=scope, up_to=limit, dry_run=dry_run)
        found = would | {"run": id}
    else:
        would = estimate_now(context, proposal, configuration)
    told = {"kind": run["kind"], "by": run["by"], "why": proposal.proposed, "would": would}
    if not dry_run:
        if about.get("of") == OF_RUN:
            context.runs.finish(id)
        elif not release(context, id, by):
            raise RequestRefused(f"{id}, which is decided on", "a run that is held", "look again")
        names = {"kind": run["kind"], "proposed_by": run["by"]}
        Audit(context.steps).record(by, "approve run", id, collection=run["collection"], **names)
    return found | {"proposal": told}


def _let_go(
    context: Context, run: dict[str, Any], allowed: Mapping[str, int], *, by: str, starts: bool
) -> None:
    if run["kind"] in _GO_ON:
        release(context, run["id"], by)
        return
    figures = run["figures"] | {MAY[kind]: number for kind, number in allowed.items()}
    context.runs.progress(run["id"], figures)
    if starts:
        note_asked(context.steps.client, _place(run))


def release(context: Context, id: str, by: str) -> bool:
    """
    Let a run that is held, and goes on itself, go on; a worker carries it out.

    False: it is not held. Raises StoreUnavailable if the store does not answer.
    """
    if not run_release.release(context.runs, id, by):
        return False
    if context.outbox.wants_job(WAKE):
        context.wakes.wake(WAKE)
    return True


def drop_run(
    context: Context, id: str, *, by: str, scope: Scope | None = None, dry_run: bool = False
) -> dict[str, Any]:
    """
    End the held run *id* without what it was held for; returns ``{run}``.

    Another run that finds the same is held again.

    Raises:
        UnknownName: There is no such run, or not in *scope*.
        RequestRefused: It is not held, or may have changed more than *scope*.
        StoreUnavailable: The store does not answer.
    """
    run = _held(context, id, scope, by)
    if not dry_run:
        context.runs.finish(id, "stopped", reason=f"{DROPPED} by {by}")
        if run["kind"] in COMPARISONS and not _others(context, run["collection"]):
            note_dropped(context.steps.client, _place(run))
        names = {"proposed_by": run["by"]} if run["proposal"] else {}
        Audit(context.steps).record(by, "drop run", id, collection=run["collection"], **names)
    return {"run": id}


def _place(run: Mapping[str, Any]) -> str:
    """Return under which name its last run is kept."""
    return place_of(run["source"]) if run["kind"] == "pull" else str(run["collection"])


def _others(context: Context, collection: str) -> bool:
    """Tell whether another run is held for this collection, as those of another source are."""
    runs = (run for run in context.runs.unfinished() if run.kind in COMPARISONS)
    return any(run.collection == collection and run.state == "held" for run in runs)


def _held(context: Context, id: str, scope: Scope | None, by: str) -> dict[str, Any]:
    if scope is None:
        found = context.runs.show(id)
        run = found.as_dict() if found else None
    else:
        run = show_run(context, id, scope=scope, by=by)
    if run is None:
        raise UnknownName(repr(id), "a run", "see `instep runs list`")
    if run["state"] != "held":
        raise RequestRefused(f"{id} is {run['state']}", "a run that is held", "nothing is left")
    if not _within(run, scope, by):
        more, expected = "a run that may change more than this access sees", "a run of its own"
        raise RequestRefused(more, expected, "use an access to all destinations")
    return run


def _within(run: Mapping[str, Any], scope: Scope | None, by: str) -> bool:
    """Tell whether a run changes nothing out of *scope*: its own were begun within it."""
    if scope is None or scope.whole or run["by"] == by:
        return True
    return not (run["kind"] in _GO_ON or run["proposal"]) or run["collection"] in scope.collections


def _starts(context: Context, run: dict[str, Any]) -> bool:
    """Tell whether the schedule runs it again: only what instep.toml names can be read again."""
    about = context.runs.show(run["id"])
    timed = {collection.name for collection in scheduled(context.settings)}
    timed |= {place_of(pull.name) for pull in scheduled_pulls(context.settings)}
    return bool(about and about.about.get("configured")) and _place(run) in timed
