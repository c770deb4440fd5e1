"""
The lives of records: what happened to each; ``lua/lib/lives.lua`` bounds how much is kept.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from workers.config.settings import Settings
from workers.model.lives import Entry
from workers.store import keys
from workers.store.connection import guarded
from workers.store.life_entries import entry_of, moment
from workers.store.scripts import Steps
from workers.webflow.request_lines import REQUESTS, request_line

DROPPED: Final = "life_dropped"  # of an item: entries of a life that was dropped whole


@dataclass(frozen=True, slots=True)
class History:
    """The life of a record, oldest entry first."""

    entries: tuple[Entry, ...]
    dropped: int  # older entries that are kept no longer


@dataclass(frozen=True, slots=True)
class Dropped:
    """What all lives together have lost for want of room, or by age."""

    entries: int
    till: datetime | None  # when the newest of them happened


class RecordHistory:
    """Every method raises StoreUnavailable if the store does not answer."""

    def __init__(self, steps: Steps, settings: Settings) -> None:
        self._client = steps.client
        self._settings = settings

    def read(self, collection: str, record: str) -> History:
        """Return the life of *record*; without entries if nothing is known of it."""
        with guarded(), self._client.pipeline(transaction=True) as pipeline:
            pipeline.lrange(keys.life(collection, record), 0, -1)
            pipeline.hget(keys.item(collection, record), DROPPED)
            texts, earlier = pipeline.execute()
        dropped = int(earlier or 0)
        if texts and texts[0].isdigit():
            dropped += int(texts.pop(0))
        entries = (self._placed(collection, entry_of(json.loads(text))) for text in texts)
        return History(tuple(entries), dropped)

    def dropped(self) -> Dropped:
        """Return what the lives of all records have lost."""
        with guarded():
            entries, till = self._client.hmget(keys.LIVES_STATE, "dropped", "till")
        return Dropped(int(entries or 0), moment(int(till)) if till else None)

    def _placed(self, collection: str, entry: Entry) -> Entry:
        """Return *entry* with method and path of its request, if one was sent."""
        configured = self._settings.collections.get(collection)
        if (
            entry.call is None
            or not entry.call.sent
            or configured is None
            or entry.call.kind not in REQUESTS
        ):
            return entry
        if entry.call.copy not in ("", self._settings.copy_of(configured)):
            return entry  # of another site address, or collection id: its path is not known
        destination = self._settings.destinations[configured.destination]
        method, path = request_line(
            destination.api,
            configured.id,
            entry.call.kind,
            item=entry.call.item or "",
            live=destination.live and not entry.call.staged,
        )
        return replace(entry, call=replace(entry.call, method=method, path=path))
