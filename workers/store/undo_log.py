"""
What Instep changed, and what items held before (``lua/lib/undo_log.lua``).

An entry is undone by a `Delivery` of mode "undo" with the id of its run, and a change whose field
*undoes* its arrival number. A write: its slug, with *before* as value. A retirement: ":gone" with
the value "null". A creation: ":gone" with the value "unpublish" as JSON text; it *undoes* the highest
arrival number that the record is known to hold. Type of ":gone": "gone".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from workers.store.scripts import Steps

Act = Literal["write", "create", "retire"]


@dataclass(frozen=True, slots=True)
class UndoEntry:
    """
    One value that was written, an item that was created, or one that was retired.

    Args:
        record: The key as text, or the CMS item id.
        slug: As stored, with the tag of its variant if it has one (`webflow.site.tag_of`).
            ":gone" for a retirement, "" for a creation.
        arrival: Arrival number of the value; of a creation, the highest of what it carried.
        before: What the item held, as JSON text; None: unknown. "null": nothing.
        value, type: As written; of a creation, its item id as JSON, and "item".
        run: Id of the run that wrote it; None: no run did.
        sure: False: the outcome of the write is unknown.
        waits: It is not written yet.
        before_type: The type to write *before* with; "": as *type*.
        undone: Id of the run that it took something back for; "": it is no undo.
    """

    collection: str
    record: str
    locale: str | None
    slug: str
    act: Act
    arrival: int
    version: str
    before: str | None
    value: str
    type: str
    source: str
    run: str | None
    at: datetime
    sure: bool
    waits: bool = False
    before_type: str = ""
    undone: str = ""


@dataclass(frozen=True, slots=True)
class UndoLoss:
    """What the log has dropped for want of room."""

    entries: int
    till: datetime  # it is whole from then on


class UndoLog:
    """
    Every method raises StoreUnavailable if the store does not answer.

    Entries come by record, the newest of a record first; an entry comes once, as last told.
    """

    def __init__(self, steps: Steps) -> None:
        self._steps = steps

    def of_run(self, run: str) -> Iterator[UndoEntry]:
        """Yield what *run* wrote, and what of it still waits."""
        raise NotImplementedError

    def of_source(self, source: str, since: datetime) -> Iterator[UndoEntry]:
        """Yield what was written of values of *source* at or after *since*."""
        raise NotImplementedError

    def of_record(self, collection: str, record: str) -> Sequence[UndoEntry]:
        """Return what was written of *record*, the newest first."""
        raise NotImplementedError

    def dropped(self) -> UndoLoss | None:
        """Return what was dropped before its time; None: nothing."""
        raise NotImplementedError
