"""
The work of a run that approves or drops pending deletes; ``bulk_runner.py`` carries it out.

A slice that is done again after a crash changes nothing: what was decided waits no longer, and
counts as decided if it waited when the slice first began.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from workers.delivery.context import Context
from workers.model.runs import Run
from workers.store.held_deletes import Decided
from workers.store.lease import Lease

OF: Final = "deletes"  # in `Run.about`: what the work is
DONE: Final[Mapping[str, str]] = {"approve": "approved", "drop": "dropped"}
GONE: Final = "waits no longer: its record came back, a newer delete took its place, or it was sent"

Left = Callable[[str, str], object]


def about() -> dict[str, Any]:
    """Return what a run has to know."""
    return {"of": OF}


def figures_at_start(action: str, deletes: int, more: int, unknown: int) -> dict[str, Any]:
    """
    Return the figures of a run that begins.

    Args:
        more: Those that match and that it leaves.
        unknown: Those that were named and do not wait.
    """
    reasons = {GONE: unknown} if unknown else {}
    begun = {"deletes": deletes, "done": 0, DONE[action]: 0}
    return {**begun, "more": more, "left": unknown, "reasons": reasons}


class HeldDeleteRunner:
    """Raises StoreUnavailable if the store does not answer."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store = context.held_deletes

    def work(
        self, run: Run, work: Sequence[str], figures: dict[str, Any], left: Left, lease: Lease
    ) -> int:
        """
        Decide on each of *work*, the ids of deletes; count them in *figures*, and return how many.

        *left*: Called with the id of each that waits no longer, and why.
        """
        own = _by_collection(work)
        named = {name: self._store.records(name, numbers) for name, numbers in own.items()}
        waiting = {f"{name}:{arrival}" for name, own in named.items() for _, arrival in own}
        # Of those that wait no longer, this run has decided these.
        before = {id for id in work if id in run.tried}
        tried = [id for id in work if id in before | waiting]
        if not self._context.runs.tries(run.id, tried, lease):
            return 0
        gone = self._decide(run, named)
        done = {*tried} - gone
        figures[DONE[run.kind]] += len(done)
        for id in work:
            if id not in done:
                _leave(figures)
                left(id, GONE)
        figures["done"] += len(work)
        return len(work)

    def _decide(self, run: Run, named: Mapping[str, Sequence[tuple[str, int]]]) -> set[str]:
        """Decide on those that are *named*, by collection; return the ids of which it failed."""
        decide = self._store.approve if run.kind == "approve" else self._store.drop
        gone = set[str]()
        for collection, own in named.items():
            decided = decide(collection, own, run.decided_by) if own else Decided(0, (), ())
            for destination in decided.wake:
                self._context.wakes.wake(destination)
            left = {*decided.left}
            gone |= {f"{collection}:{arrival}" for record, arrival in own if record in left}
        return gone


def _by_collection(ids: Sequence[str]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for id in ids:
        collection, _, arrival = id.rpartition(":")
        found.setdefault(collection, []).append(int(arrival))
    return found


def _leave(figures: dict[str, Any]) -> None:
    figures["left"] += 1
    reasons: dict[str, int] = figures["reasons"]
    reasons[GONE] = reasons.get(GONE, 0) + 1
