"""What the list of runs (`workers.store.runs`) shows of a reconcile, while it goes on and then."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from service.reconcile.apply.settlement import REPAIRED
from workers.delivery.context import Context
from workers.model.runs import COMPARISONS, Kind, State
from workers.policy.run_guard import CREATED, OVERWRITTEN, RETIRED
from workers.store.own_runs import OwnRun, own_run
from workers.store.run_approval import HELD, MAY, MOST

SUPERSEDED: Final = "a newer reconcile took its place"
APPROVED: Final = "it was approved, and went on as"


class RunEntry:
    """The entry of one run; without *run* it is a check or a dry run, which is none."""

    def __init__(self, run: OwnRun | None = None) -> None:
        self._run = run
        self._figures: dict[str, Any] = {}

    @property
    def id(self) -> str | None:
        return self._run.id if self._run else None

    def stage(self, name: str) -> Callable[[int, int | None], None]:
        """Begin a stage; return what to call with how much of it is done, and of all."""

        def at(done: int, total: int | None) -> None:
            self._figures[name] = done
            if total is not None:
                self._figures[f"{name}_of"] = total
            if self._run:
                self._run.progress(self._figures)

        return at

    def end(self, figures: Mapping[str, Any]) -> None:
        """Record the end of a run that came to it."""
        if self._run:
            self._run.end(figures["state"], figures_of(figures))

    def fail(self, why: str, *, stopped: bool) -> None:
        """Record that it failed, or was stopped, and how far it had come."""
        if self._run:
            self._run.end("stopped" if stopped else "failed", self._figures, why)


def figures_of(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the list shows of the *figures* of a reconcile (``report.py``)."""
    guard = figures["guard"]
    allowed = {
        kind: guard[kind]["wanted"] if guard[kind]["allowed"] else guard[kind].get("approved", 0)
        for kind in (CREATED, OVERWRITTEN, RETIRED)
    }
    return {
        "records": figures["records"],
        "items": figures["items"],
        "differences": figures["found"],
        "repaired": figures["outcomes"].get(REPAIRED, 0),
        **allowed,
        "held": sum(map(_held, guard.values())),
        **{name: _held(guard[kind]) for kind, name in HELD.items()},
        "unmapped": figures["unmapped"],
        "left": figures["left"],
        "calls": figures["calls"]["all"],
        **({"source_calls": asked} if (asked := figures["calls"].get("source")) else {}),
    }


def _held(ruled: Mapping[str, Any]) -> int:
    """Return how many items of one kind are held, by what the guard ruled."""
    return 0 if ruled["allowed"] else int(ruled["wanted"]) - int(ruled.get("approved", 0))


@contextmanager
def run_entry(
    context: Context,
    by: str,
    collection: str,
    source: str,
    *,
    writes: bool,
    configured: bool,
    kind: Kind = "reconcile",
) -> Iterator[RunEntry]:
    """
    Record a run that *writes* for the length of a ``with``.

    Args:
        configured: Its snapshot is the one that instep.toml names.
        kind: "reconcile" or "pull".

    Raises:
        StoreUnavailable: It could not be recorded.
    """
    if not writes:
        yield RunEntry()
        return
    about = {"configured": configured}
    with own_run(context.runs, kind, by, collection=collection, source=source, about=about) as run:
        yield RunEntry(run)
        _supersede(context, collection, source, run.id)


def _supersede(context: Context, collection: str, source: str, id: str) -> None:
    """End what an earlier run of the same held: this one has compared it anew."""
    for run in context.runs.list(state="held", before=id, limit=MOST):
        if run.kind in COMPARISONS and (run.collection, run.source) == (collection, source):
            went = any(run.figures.get(name) for name in MAY.values())
            state: State = "done" if went else "stopped"
            reason = f"{APPROVED if went else SUPERSEDED}: {id}"
            context.runs.finish(run.id, state, reason=reason)
