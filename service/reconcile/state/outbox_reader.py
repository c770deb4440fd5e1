"""The outbox's side of records, read in batches. Reads keys that the steps own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from workers.config.settings import Collection
from workers.delivery.context import Context
from workers.store import clock, keys
from workers.store.connection import guarded
from workers.store.item_record import ItemRecord
from workers.store.lua_limits import CLAIM_MS


class OutboxReader:
    """
    The outbox's side of one collection.

    Raises (every method):
        StoreUnavailable: The store did not answer.
    """

    def __init__(self, context: Context, collection: Collection) -> None:
        self._client = context.steps.client
        self._offset_ms = context.steps.clock_offset_ms
        self._held_deletes = context.held_deletes
        self._name = collection.name
        self._ids = keys.item_ids(collection.name, context.settings.copy_of(collection))

    def now_us(self) -> int:
        """Return the store's clock, µs since 1970."""
        return clock.read_us(self._client) + self._offset_ms * 1000

    def begin(self, destination: str) -> tuple[int, int]:
        """
        Return the store's clock, ms, and the time of the oldest claim that may still be open: now,
        unless a request to *destination* is in flight.
        """
        now_ms = self.now_us() // 1000
        with guarded():
            flying = self._client.zcount(keys.flight(destination), now_ms, "+inf")
        return now_ms, now_ms - CLAIM_MS if flying else now_ms

    def asks(self) -> bool:
        """Tell whether held retirements wait for approval, not for their delay."""
        return bool(self._held_deletes.count([self._name])[self._name])

    def ids(self) -> Iterator[tuple[str, str]]:
        """Yield record and item id of everything in the index."""
        with guarded():
            yield from self._client.hscan_iter(self._ids, count=1000)

    def read(self, records: Sequence[str]) -> dict[str, ItemRecord]:
        """Return each of *records*; an unknown one is empty."""
        if not records:
            return {}
        now_ms = self.now_us() / 1000
        with guarded(), self._client.pipeline(transaction=False) as pipeline:
            for record in records:
                pipeline.hgetall(keys.item(self._name, record))
            pipeline.hmget(self._ids, list(records))
            *found, ids = pipeline.execute()
        return {
            record: ItemRecord.parse(stored, id, now_ms)
            for record, stored, id in zip(records, found, ids, strict=True)
        }
