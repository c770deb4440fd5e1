"""The reconciles: for each collection its schedule, its last run and what that found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.operate.page import Page
from service.operate.scope import Scope
from service.reconcile.schedule import scheduled
from service.reconcile.state.past_runs import NEVER, runs_of
from workers.config.settings import Collection
from workers.delivery.context import Context
from workers.model.runs import COMPARISONS


def list_reconciles(
    context: Context, *, scope: Scope, cursor: str | None = None, limit: int
) -> Page:
    """
    Return the collections in *scope* that have a schedule or had a run, by name.

    Args:
        cursor: The last name of the page before.

    Raises:
        StoreUnavailable: The store does not answer.
    """
    settings = context.settings
    timed = {collection.name for collection in scheduled(settings)}
    names = sorted(name for name in scope.collections if name > (cursor or ""))
    runs = runs_of(context.steps.client, [settings.collections[name] for name in names])
    held = _held(context)
    items = [
        _shown(settings.collections[name], run, held.get(name, []))
        for name, run in runs.items()
        if name in timed or run["state"] != NEVER
    ]
    return Page(items[:limit], items[limit - 1]["collection"] if len(items) > limit else None)


def _held(context: Context) -> dict[str, list[str]]:
    """Return collection → ids of the reconciles that wait for an approval."""
    found: dict[str, list[str]] = {}
    for run in context.runs.unfinished():
        if run.kind in COMPARISONS and run.state == "held" and run.collection:
            found.setdefault(run.collection, []).append(run.id)
    return found


def _shown(collection: Collection, run: Mapping[str, Any], held: list[str]) -> dict[str, Any]:
    schedule = collection.reconcile
    timed = schedule.every is not None or schedule.at is not None
    return {
        "collection": collection.name,
        "destination": collection.destination,
        "schedule": {"every": schedule.every, "at": schedule.at} if timed else None,
        "state": run["state"],
        "began": run["began"],
        "ended": run["ended"],
        "next": run["next"],
        "tries": run["tries"],
        "records": run["records"],
        "items": run["items"],
        "differences": sum(run["counts"].values()) if run["ended"] else None,
        "counts": run["counts"],
        "proven": run["proven"],
        "message": run["said"],
        "run": run["run"],
        "held": held,
    }
