"""
Proposals: runs that somebody who may not begin them has asked for. A person sees what such a run
would do, as it is then, and approves or drops it (``held_runs.py``).

What a proposal is for was fixed as it was made, as that of any other run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from service.config.build import Configuration
from service.operate import bulk_actions, held_delete_runner, held_deletes, undo
from service.operate import delivery_runner as replays
from service.operate.delivery_entry import DeliveryEntries
from service.operate.delivery_replay import estimate_work
from service.operate.held_delete_choice import DeleteSelection, choose
from service.operate.patience import patient
from service.operate.selection import Selection, letters_of
from service.operate.undo_scope import OF as UNDO
from service.operate.undo_scope import UndoScope
from workers.delivery.context import Context
from workers.errors import ReconcileFailed, RequestRefused
from workers.model.runs import Run
from workers.store.dead_letters import Letter

MOST: Final = 20  # that wait at once: a person reads each
OF_RUN: Final = "run"  # in `Run.about`: it is for the approval of another run
_ALL: Final = 10_000_000  # pieces of work


def check_room(context: Context) -> None:
    """
    Raise RequestRefused where too many proposals wait.

    Raises StoreUnavailable if the store does not answer.
    """
    waiting = sum(bool(run.proposed) and run.state == "held" for run in context.runs.unfinished())
    if waiting >= MOST:
        do = "a person decides on some: `instep runs list --state held`"
        raise RequestRefused(f"{waiting} proposals that wait", f"fewer than {MOST}", do)


def estimate_now(
    context: Context, run: Run, configuration: Configuration | None = None
) -> dict[str, Any]:
    """
    Return what the proposal *run* would do as things are now; it changes nothing.

    The form is that of the estimate of its action. Not for the approval of another run.

    Args:
        configuration: By which deliveries are mapped; None: that of this process.

    Raises:
        RequestRefused: Nothing is left of it, or the CMS cannot be read.
        StoreUnavailable: The store does not answer.
    """
    of = run.about.get("of")
    work = context.runs.todo(run.id, _ALL)
    if of == UNDO:
        found, left = _undo(context, run)
    elif of == held_delete_runner.OF:
        found, left = _deletes(context, run, work)
    elif of == replays.OF:
        found = estimate_work(DeliveryEntries(context, configuration), work)
        left = found["deliveries"]
    else:
        found, left = _letters(context, run, work)
    if not left:
        expected, do = "something that is left to do", f"drop it: `instep runs drop {run.id}`"
        raise RequestRefused(f"{run.id}, of which nothing is left", expected, do)
    return found


def _undo(context: Context, run: Run) -> tuple[dict[str, Any], int]:
    try:
        found = undo.estimate_scope(context, UndoScope.parse(run.about), sleep=patient())
    except ReconcileFailed as error:
        raise RequestRefused(str(error), "items that can be read", "try it again") from None
    return found, found["records"]


def _deletes(context: Context, run: Run, work: Sequence[str]) -> tuple[dict[str, Any], int]:
    chosen = choose(context, DeleteSelection(ids=tuple(work)))
    action: Any = run.kind
    return held_deletes.estimate(context, action, chosen), len(chosen.deletes)


def _letters(context: Context, run: Run, work: Sequence[str]) -> tuple[dict[str, Any], int]:
    every = letters_of(context, Selection(ids=tuple(work)), heads=True) if work else ()
    until = run.about["until"]
    own = [each.id for each in every if each.state == "open" and _ms(each) <= until]
    if not own:
        return {}, 0
    action: Any = run.kind
    return bulk_actions.estimate(context, action, Selection(ids=tuple(own))), len(own)


def _ms(letter: Letter) -> int:
    return round(letter.created.timestamp() * 1000)
