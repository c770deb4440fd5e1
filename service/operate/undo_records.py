"""Plans what an undo does with some records, by the log, the outbox and the CMS."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from service.operate.undo_entries import Entries
from service.operate.undo_model import NO_ITEM, FieldUndo, RecordNow
from service.operate.undo_now import RecordsNow
from service.operate.undo_plan import plan
from service.reconcile.state.outbox_reader import OutboxReader
from workers.config.settings import Collection
from workers.delivery.context import Context
from workers.store.item_record import ItemRecord
from workers.store.undo_log import UndoEntry

NO_COLLECTION: Final = "its collection is no longer configured"


@dataclass(frozen=True, slots=True)
class RecordUndo:
    """What becomes of the fields of one record."""

    collection: str
    record: str
    item: str | None
    by_key: bool
    fields: tuple[FieldUndo, ...]


class UndoRecords:
    """
    Args:
        run: That carries the undo out; "": it is only planned.
        sleep: As of `CmsItems`.

    Raises (every method):
        Later, ReconcileFailed: As `CmsItems` does.
        StoreUnavailable: The store does not answer.
    """

    def __init__(
        self,
        context: Context,
        *,
        run: str = "",
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._context, self._run, self._sleep = context, run, sleep
        self._now: dict[str, RecordsNow] = {}

    @property
    def calls(self) -> int:
        """Calls of the CMS so far."""
        return sum(each.calls for each in self._now.values())

    def close(self) -> None:
        for each in self._now.values():
            each.close()
        self._now.clear()

    def plan(self, name: str, entries: Entries, more: int = 0) -> list[RecordUndo]:
        """
        Plan the records of the collection *name* that *entries* are about.

        Args:
            more: How many others of it are to come.
        """
        collection = self._context.settings.collections.get(name)
        if collection is None:
            return [_unconfigured(name, record, own) for record, own in entries.items()]
        held = OutboxReader(self._context, collection).read(list(entries))
        asked = {record: held[record] for record in entries if self._needs(entries[record], held)}
        slugs = {each.slug for record in asked for each in entries[record]}
        now = self._records_now(collection).read(asked, slugs, more)
        return [
            self._planned(name, record, own, now.get(record, RecordNow(held[record])))
            for record, own in entries.items()
        ]

    def done(self, name: str, entries: Entries) -> set[tuple[str, str]]:
        """Return record and slug of all that this run has put back of the fields of *entries*."""
        held = OutboxReader(self._context, self._context.settings.collections[name]).read(
            list(entries)
        )
        return {
            (record, each.slug)
            for record, own in entries.items()
            for each in plan(own, RecordNow(held[record]), self._run)
            if each.done
        }

    def _planned(
        self, name: str, record: str, entries: Sequence[UndoEntry], now: RecordNow
    ) -> RecordUndo:
        id = now.item.id if now.item else now.held.id
        fields = tuple(plan(entries, now, self._run))
        return RecordUndo(name, record, id, now.held.by_key, fields)

    def _needs(self, entries: Sequence[UndoEntry], held: dict[str, ItemRecord]) -> bool:
        """Tell whether it depends on the CMS what becomes of a record."""
        now = RecordNow(held[entries[0].record], creates=True)
        found = plan(entries, now, self._run)
        return any(not each.done and each.why in ("", NO_ITEM) for each in found)

    def _records_now(self, collection: Collection) -> RecordsNow:
        if collection.name not in self._now:
            self._now[collection.name] = RecordsNow(self._context, collection, self._sleep)
        return self._now[collection.name]


def _unconfigured(name: str, record: str, entries: Sequence[UndoEntry]) -> RecordUndo:
    slugs = dict.fromkeys(each.slug for each in entries)
    fields = tuple(FieldUndo(slug, why=NO_COLLECTION) for slug in slugs)
    return RecordUndo(name, record, None, True, fields)
