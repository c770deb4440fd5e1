"""The entries of the log that an undo is for, by record."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain
from typing import Final

from service.operate.undo_pieces import Places, places_of
from service.operate.undo_scope import UndoScope
from workers.store.undo_log import UndoEntry, UndoLog

HELD: Final = 20_000  # entries that are held in memory; of more, each piece reads its own again

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
        self._waiting: dict[tuple[str, str], list[UndoEntry]] = {}
        self._told: dict[tuple[str, str], list[str]] = {}  # where the log tells of a record
        self._turns: dict[str, int] = {}  # of those, the newest first
        self.places: Places = places_of(map(self._hold, scope.entries(log)))

    def _hold(self, entry: UndoEntry) -> UndoEntry:
        place = (entry.collection, entry.record)
        if not entry.told:
            self._waiting.setdefault(place, []).append(entry)
        elif entry.told not in (own := self._told.setdefault(place, []))[-1:]:
            self._turns.setdefault(entry.told, len(self._turns))
            own.append(entry.told)
        if self._held is not None:
            self._held.append(entry)
            if len(self._held) > HELD:
                self._held = None
        return entry

    def of(self, collection: str, records: Collection[str]) -> Entries:
        """Return the entries of *records* of one collection."""
        wanted = set(records)
        found: dict[str, list[UndoEntry]] = {}
        for entry in self._again(collection, wanted) if self._held is None else self._held:
            if entry.collection == collection and entry.record in wanted:
                found.setdefault(entry.record, []).append(entry)
        return {record: found[record] for record in records if record in found}

    def _again(self, collection: str, records: Collection[str]) -> Iterator[UndoEntry]:
        """Yield the entries of *records*: what waited as it was, the rest by the log."""
        places = [(collection, each) for each in records]
        yield from chain(*(self._waiting.get(place, ()) for place in places))
        ids = {id for place in places for id in self._told.get(place, ())}
        newest_first = sorted(ids, key=self._turns.__getitem__)
        found = self._log.of_entries(newest_first, collection, records)
        yield from filter(self._scope.takes, found)
