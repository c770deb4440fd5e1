"""
The work of a run that undoes, piece by piece; ``bulk_runner.py`` carries it out.

A piece that is done again after a crash changes nothing: what this run has put back is held with
its name, and what has been changed since is left.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any, Literal

from service.operate import undo_figures
from service.operate.undo_deletes import drop_waiting
from service.operate.undo_entries import UndoEntries
from service.operate.undo_figures import DELETES, DROPPED, OVERTAKEN, Left
from service.operate.undo_model import FieldUndo
from service.operate.undo_pieces import Piece
from service.operate.undo_records import RecordUndo, UndoRecords
from service.operate.undo_scope import UndoScope
from service.reconcile.state.chunks import parts
from workers.delivery.context import Context
from workers.model.changes import Change, Delivery, FieldValue
from workers.model.runs import Run
from workers.store.undo_log import UndoLog


class UndoRunner:
    """
    Args:
        sleep: As of `CmsItems`.

    Raises (every method):
        Later, ReconcileFailed: As `CmsItems` does.
        StoreUnavailable: The store does not answer.
    """

    def __init__(self, context: Context, sleep: Callable[[float], object] = time.sleep) -> None:
        self._context, self._sleep = context, sleep
        self._log = UndoLog(context.steps)
        self._run = ""
        self._begun_with: tuple[UndoEntries, UndoRecords] | None = None

    def work(self, run: Run, work: Sequence[str], figures: dict[str, Any], left: Left) -> int:
        """
        Undo the first piece of *work*; count it in *figures*. Returns 1.

        *left*: Called with the name of each field that is left, and why.
        """
        piece = Piece.parse(work[0])
        if self._run != run.id:
            scope = UndoScope.parse(run.about)
            figures[DELETES] = figures.get(DELETES, 0) + drop_waiting(self._context, scope, run.by)
        entries, records = self._begun(run)
        chosen, more = piece.records(entries.places)
        own = entries.of(piece.collection, chosen)
        found = records.plan(piece.collection, own, more)
        if self._hand_over(run.id, found):
            done = records.done(piece.collection, own)
            found = [_without(one, done) for one in found]
        undo_figures.add(figures, found, left)
        if dropped := piece.count - len(own):
            undo_figures.leave(figures, DROPPED, dropped)
        figures["done"] += piece.count
        return 1

    def end(self) -> None:
        """Close the connections to the CMS, and forget what was read."""
        if self._begun_with is not None:
            self._begun_with[1].close()
        self._run, self._begun_with = "", None

    def _begun(self, run: Run) -> tuple[UndoEntries, UndoRecords]:
        if self._begun_with is None or self._run != run.id:
            self.end()
            entries = UndoEntries(self._log, UndoScope.parse(run.about))
            records = UndoRecords(self._context, run=run.id, sleep=self._sleep)
            self._run, self._begun_with = run.id, (entries, records)
        return self._begun_with

    def _hand_over(self, run: str, found: Iterable[RecordUndo]) -> bool:
        """Hand over what is to be put back; False: nothing is."""
        changes = sorted(_changes(found), key=lambda each: each[0])
        for source, own in groupby(changes, key=lambda each: each[0]):
            for events in parts([change] for _, change in own):
                delivery = Delivery(source, uuid.uuid4().hex, events, mode="undo", run=run)
                accepted = self._context.outbox.accept(delivery)
                for name in accepted.wake:
                    self._context.wakes.wake(name)
        return bool(changes)


def _changes(found: Iterable[RecordUndo]) -> Iterator[tuple[str, Change]]:
    """Yield a change for each record and source."""
    for one in found:
        # In the order of the plan: of an item that is brought back that comes first.
        puts = sorted((each for each in one.fields if each.value is not None), key=_source)
        for source, own in groupby(puts, key=_source):
            fields = tuple(
                FieldValue(each.slug, each.value or "null", each.type, undoes=each.undoes)
                for each in own
            )
            by: Literal["key", "item"] = "key" if one.by_key else "item"
            yield source, Change("undo", one.collection, one.record, by, fields, None)


def _without(one: RecordUndo, done: Collection[tuple[str, str]]) -> RecordUndo:
    """Return *one* with the values left that the store did not take: later ones came meanwhile."""
    fields = (
        each
        if each.value is None or (one.record, each.slug) in done
        else replace(each, value=None, why=OVERTAKEN)
        for each in one.fields
    )
    return replace(one, fields=tuple(fields))


def _source(field: FieldUndo) -> str:
    return field.source
