"""
Undo: put back what items held before a run, or a source since a time, or all that is kept of one
record. An estimate, and a run (``undo_runner.py``).

P12: where half of a collection or more would be overwritten, the run is held, unless an operator
approves it: who is shown the estimate and confirms it, or says --yes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from service.operate import undo_figures
from service.operate.bulk_actions import proposing
from service.operate.bulk_runner import BulkRunner
from service.operate.run_mass import Mass, Sleep, mass_of
from service.operate.undo_deletes import drop_waiting, waiting_of
from service.operate.undo_entries import UndoEntries
from service.operate.undo_pieces import FILTERED, SINGLE, Places, pieces, places_of
from service.operate.undo_reads import Later
from service.operate.undo_records import RecordUndo, UndoRecords
from service.operate.undo_scope import UndoScope, UndoSelection, scope_of
from workers.delivery.context import Context
from workers.model.runs import Run
from workers.policy.run_guard import OVERWRITTEN
from workers.store.audit import Audit
from workers.store.runs import WAKE
from workers.store.undo_log import UndoLog

SHOWN: Final = 200  # fields that an estimate names, of those put back and of those left
Told = Callable[[int, int], object]


def _ignore(*_: object) -> None:
    pass


def estimate(
    context: Context,
    selection: UndoSelection,
    *,
    told: Told = _ignore,
    sleep: Callable[[float], object] = time.sleep,
) -> dict[str, Any]:
    """
    Return what an undo would do, and change nothing; the CMS is read.

    Args:
        told: Called with the number of records that were looked at, and of all.
        sleep: Waits for a slot of the budget; if it raises `Later`, the rest remains *unseen*.

    Returns:
        ``{scope, records, done, items, fields, same, left, deletes_dropped, reasons, unseen,
        whole_since, held, changes: [{collection, key, item, field, now, back}],
        kept: [{…, now, why}], calls}``

    Raises:
        FilterInvalid: There is no such source or collection.
        RequestRefused: The run goes on.
        ReconcileFailed: The CMS cannot be read.
        StoreUnavailable: The store does not answer.
    """
    scope = scope_of(context, UndoLog(context.steps), selection)
    found = estimate_scope(context, scope, told=told, sleep=sleep)
    return {"scope": selection.as_dict(), **found}


def estimate_scope(
    context: Context,
    scope: UndoScope,
    *,
    told: Told = _ignore,
    sleep: Callable[[float], object] = time.sleep,
) -> dict[str, Any]:
    """As `estimate`, of what was fixed before; without ``scope``."""
    log = UndoLog(context.steps)
    made = _Estimate(context, log, UndoEntries(log, scope), sleep)
    made.figures[undo_figures.DELETES] = len(waiting_of(context, scope))
    try:
        made.look(told)
        return made.as_dict()
    finally:
        made.records.close()


@dataclass
class _Estimate:
    context: Context
    log: UndoLog
    entries: UndoEntries
    sleep: Callable[[float], object]
    changes: list[Mapping[str, Any]] = field(default_factory=list)
    kept: list[Mapping[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.records = UndoRecords(self.context, sleep=self.sleep)
        number = _number(self.entries.places)
        self.figures = undo_figures.at_start(number, whole_since(self.log))

    def look(self, told: Told) -> None:
        """Plan all records, as far as the slots reach."""
        figures, places = self.figures, self.entries.places
        for piece in pieces(places, _sizes(self.context)):
            chosen, more = piece.records(places)
            own = self.entries.of(piece.collection, chosen)
            try:
                found = self.records.plan(piece.collection, own, more)
            except Later:
                return
            for one in found:
                self._note(one)
            undo_figures.add(figures, found, _ignore)
            figures["done"] += piece.count
            told(figures["done"], figures["records"])

    def _note(self, one: RecordUndo) -> None:
        for each in one.fields:
            noted = self.kept if each.why else self.changes
            if len(noted) < SHOWN:
                noted.append(undo_figures.shown(one, each))

    def as_dict(self) -> dict[str, Any]:
        figures = self.figures
        return {
            **figures,
            "whole_since": figures.get("whole_since"),
            "unseen": figures["records"] - figures["done"],
            "held": _mass(self.context, self.entries.places, self.sleep).why,
            "changes": self.changes,
            "kept": self.kept,
            "calls": self.records.calls,
        }


def start(
    context: Context,
    selection: UndoSelection,
    by: str,
    *,
    approved: bool = False,
    proposed: str = "",
    wake: bool = True,
    sleep: Callable[[float], object] = time.sleep,
) -> str:
    """
    Begin an undo, and return the id of its run; a worker carries it out.

    What is to be undone is fixed now. Nothing matches: the run has ended.

    Args:
        by: Who asks for it, as in the audit list.
        approved: By an operator: a mass of overwrites is not held.
        proposed: Why it is only proposed (`Runs.start`).
        wake: Ask for a worker; without, the caller goes on with `carry_out`.
        sleep: As of `estimate`; the number of items may have to be read.

    Raises:
        FilterInvalid: There is no such source or collection.
        RequestRefused: The run goes on.
        StoreUnavailable: The store does not answer.
    """
    log = UndoLog(context.steps)
    scope = scope_of(context, log, selection)
    places = places_of(scope.entries(log))
    work = [piece.as_work() for piece in pieces(places, _sizes(context))]
    names = list(places)
    mass = Mass() if approved else _mass(context, places, sleep)
    figures = undo_figures.at_start(_number(places), whole_since(log)) | mass.figures
    if not work:
        figures[undo_figures.DELETES] = drop_waiting(context, scope, by)
    id = context.runs.start(
        "undo",
        by,
        collection=selection.collection or (names[0] if len(names) == 1 else None),
        source=selection.source,
        figures=figures,
        about=scope.as_dict() | {"approved": approved},
        work=work,
        ended=not work,
        waits=mass.words,
        proposed=proposed,
    )
    told = {"run": id, "records": _number(places)}
    Audit(context.steps).record(by, proposing("undo", proposed), _target(selection), **told)
    if work and wake and not (mass.words or proposed) and context.outbox.wants_job(WAKE):
        context.wakes.wake(WAKE)
    return id


def carry_out(context: Context, id: str, told: Told, left: Callable[[str, str], object]) -> Run:
    """
    Carry out a run that `start` has begun in this process, or watch the one that does.

    Args:
        told: Called with the records that are done, and all.
        left: Called with the name of each field that is left, and why.
    """
    return BulkRunner(context).carry_out(id, told, left)


def _mass(context: Context, places: Places, sleep: Sleep) -> Mass:
    return mass_of(context, {name: {OVERWRITTEN: len(own)} for name, own in places.items()}, sleep)


def whole_since(log: UndoLog) -> str | None:
    """Return since when the log is whole, if some of it was dropped before its time."""
    loss = log.dropped()
    return loss.till.isoformat() if loss else None


def _number(places: Places) -> int:
    return sum(map(len, places.values()))


def _sizes(context: Context) -> dict[str, int]:
    """Return how many records of each collection one call reads."""
    settings = context.settings
    return {
        name: FILTERED if _filters(settings.destinations[own.destination].api, own.keys) else SINGLE
        for name, own in settings.collections.items()
    }


def _filters(api: str, names: object) -> bool:
    return api == "v2" and bool(names)


def _target(selection: UndoSelection) -> str:
    if selection.run:
        return f"run {selection.run}"
    if selection.source:
        return selection.source
    return f"a record of {selection.collection}"
