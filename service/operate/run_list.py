"""Runs: what was begun by hand or by schedule, and how far it is."""

from __future__ import annotations

from typing import Any

from service.operate.page import Page
from service.operate.scope import Scope
from workers.delivery.context import Context
from workers.model.runs import Run
from workers.store.runs import MOST, Runs


def list_runs(
    context: Context,
    *,
    scope: Scope,
    by: str,
    kind: str | None = None,
    state: str | None = None,
    collection: str | None = None,
    cursor: str | None = None,
    limit: int,
) -> Page:
    """
    List runs, newest first: those in *scope*, and those that *by* began.

    Args:
        cursor: The id of the last run of the page before.

    Raises:
        StoreUnavailable: The store does not answer.
    """
    found = Runs(context.steps).list(kind=kind, state=state, before=cursor, limit=2 * MOST)
    fits = (run for run in found if collection in (None, run.collection))
    seen = [run.as_dict() for run in fits if _is_seen(run, scope, by)]
    return Page(seen[:limit], seen[limit - 1]["id"] if len(seen) > limit else None)


def held_runs(
    context: Context, *, scope: Scope, by: str, collection: str | None = None
) -> list[dict[str, Any]]:
    """Return the runs that wait for an approval, as `list_runs` does."""
    found = [run for run in context.runs.unfinished() if run.state == "held"]
    fits = (run for run in found if collection in (None, run.collection))
    seen = [run for run in fits if _is_seen(run, scope, by)]
    return [run.as_dict() for run in sorted(seen, key=lambda each: each.started, reverse=True)]


def show_run(context: Context, id: str, *, scope: Scope, by: str) -> dict[str, Any] | None:
    """Return a run; None: there is none, no longer, or not in *scope*."""
    run = Runs(context.steps).show(id)
    return run.as_dict() if run is not None and _is_seen(run, scope, by) else None


def _is_seen(run: Run, scope: Scope, by: str) -> bool:
    if scope.whole or run.by == by:
        return True
    return run.collection in scope.collections if run.collection else run.source in scope.sources
