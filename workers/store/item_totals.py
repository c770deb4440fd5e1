"""
How many items the CMS says that a collection has (``item_totals.lua``).

A worker asks for the number where held deletes depend on it; the guard of runs uses one that was
just read, and keeps the one that it reads.
"""

from __future__ import annotations

from typing import Any

from workers.config.settings import Collection, Settings
from workers.model.attempts import Lookup
from workers.store import keys
from workers.store.clock import read_us
from workers.store.connection import guarded
from workers.store.held_keys import COUNT_NEXT
from workers.store.scripts import Steps

AGAIN_MS = 5000  # after a request without an answer


class ItemTotals:
    """Every method raises StoreUnavailable if the store does not answer."""

    def __init__(self, steps: Steps, settings: Settings) -> None:
        self._client: Any = steps.client  # typed as if it might not decode
        self._steps = steps
        self._settings = settings

    def read(self, collection: Collection, seconds: float) -> int | None:
        """Return the number, if the CMS has told one within the last *seconds*."""
        with guarded():
            total, at = self._client.hmget(self._key(collection), ("count", "count_at"))
        if not total or not 0 <= self.now_ms() - int(at) < 1000 * seconds:
            return None
        return int(total)

    def now_ms(self) -> int:
        return read_us(self._client) // 1000 + self._steps.clock_offset_ms

    def keep(self, collection: Collection, total: int | None, at_ms: int) -> None:
        """
        Store what the CMS has answered, and let those that wait for it be decided on.

        Args:
            total: None: it has told no number, and is not asked again for a day.
            at_ms: On the store's clock, before the answer.
        """
        told = "" if total is None else total
        with guarded(), self._client.pipeline(transaction=True) as pipeline:
            pipeline.hset(self._key(collection), mapping={"count": told, "count_at": at_ms})
            pipeline.hdel(keys.collection(collection.name), COUNT_NEXT)
            pipeline.lpush(keys.NUDGE, 1)
            pipeline.ltrim(keys.NUDGE, 0, 0)
            pipeline.execute()

    def postpone(self, lookup: Lookup) -> None:
        """Have the number asked for again in a while: no answer came."""
        with guarded():
            name = keys.collection(lookup.collection)
            self._client.hset(name, COUNT_NEXT, lookup.at + AGAIN_MS)

    def _key(self, collection: Collection) -> str:
        return keys.index(collection.name, self._settings.copy_of(collection))
