"""The entries of the log that an undo is for, by record."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from service.operate.undo_pieces import Places, places_of
from service.operate.undo_scope import UndoScope
from workers.store.undo_log import UndoEntry, UndoLog

HELD: Final = 20_000  # entries that are held in memory; of more, each piece reads the log anew

Entries = Mapping[str, Sequence[UndoEntry]]  # record → those of it, the newest first


class UndoEntries:
    """
    Raises StoreUnavailable if the store does not answer.

    Attributes:
        places: Of all their records.
    """

    def __init__(self, log: UndoLog, scope: UndoScope) -> None:
        self._log, self._scope = log, scope
        self._held: list[UndoEntry] | None = []
        self.places: Places = places_of(map(self._hold, scope.entries(log)))

    def _hold(self, entry: UndoEntry) -> UndoEntry:
        if self._held is not None:
            self._held.append(entry)
            if len(self._held) > HELD:
                self._held = None
        return entry

    def of(self, collection: str, records: Collection[str]) -> Entries:
        """Return the entries of *records* of one collection."""
        wanted = set(records)
        found: dict[str, list[UndoEntry]] = {}
        all_of = self._scope.entries(self._log) if self._held is None else self._held
        for entry in all_of:
            if entry.collection == collection and entry.record in wanted:
                found.setdefault(entry.record, []).append(entry)
        return {record: found[record] for record in records if record in found}
