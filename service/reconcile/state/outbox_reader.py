"""What the outbox holds of records, read in batches. Reads keys that the steps own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from service.reconcile.plan.model import OutboxItem
from workers.config.settings import Collection
from workers.delivery.context import Parts
from workers.store import clock, keys
from workers.store.connection import guarded
from workers.store.item_record import FieldRecord, ItemRecord
from workers.store.lua_limits import CLAIM_MS

STUCK_MS = 60_000  # more than a listing takes that looks for what a value refers to


class OutboxReader:
    """
    The outbox's side of one collection.

    Raises (every method):
        StoreUnavailable: The store did not answer.
    """

    def __init__(self, parts: Parts, collection: Collection) -> None:
        self._client = parts.steps.client
        self._offset_ms = parts.steps.clock_offset_ms
        self._name = collection.name
        self._ids = keys.item_ids(collection.name, parts.settings.copy_of(collection))

    def now_us(self) -> int:
        """Return the store's clock, µs since 1970."""
        return clock.read_us(self._client) + self._offset_ms * 1000

    def begin(self, destination: str) -> tuple[int, int]:
        """
        Return the store's clock, ms, and since when a claim may still be on its way: from now on,
        unless a request to *destination* is in flight.
        """
        now_ms = self.now_us() // 1000
        with guarded():
            flying = self._client.zcount(keys.flight(destination), now_ms, "+inf")
        return now_ms, now_ms - CLAIM_MS if flying else now_ms

    def ids(self) -> Iterator[tuple[str, str]]:
        """Yield record and item id of all that the index knows."""
        with guarded():
            yield from self._client.hscan_iter(self._ids, count=1000)

    def read(self, records: Sequence[str]) -> dict[str, OutboxItem]:
        """Return what is held of each of *records*; of what is unknown, nothing."""
        if not records:
            return {}
        now_ms = self.now_us() / 1000
        with guarded(), self._client.pipeline(transaction=False) as pipeline:
            for record in records:
                pipeline.hgetall(keys.item(self._name, record))
            pipeline.hmget(self._ids, list(records))
            *found, ids = pipeline.execute()
        return {
            record: _item(flat, id, now_ms)
            for record, flat, id in zip(records, found, ids, strict=True)
        }


def _item(stored: Mapping[str, str], id: str | None, now_ms: float) -> OutboxItem:
    item = ItemRecord.parse(stored)
    gone = item.retirement
    return OutboxItem(
        # What a retirement has overruled counts as never accepted, should the record come back.
        {
            slug: _judged(field, now_ms)
            for slug, field in item.fields.items()
            if field.state != "superseded"
        },
        id,
        busy=bool(item.claim and item.claim.till > now_ms) or item.looked_up,
        answered=item.answered,
        gone=_judged(gone, now_ms) if gone and not gone.undone else None,
        tried=item.tried_at,
        lifting=bool(gone and gone.lifting),
        by=frozenset(field.source for field in item.all_fields if field.source),
    )


def _judged(field: FieldRecord, now_ms: float) -> FieldRecord:
    waits = field.waits_since
    stuck = waits is not None and now_ms - waits > STUCK_MS
    return replace(field, stuck=True) if stuck else field
