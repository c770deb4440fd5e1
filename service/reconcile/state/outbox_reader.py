"""What the outbox holds of records, read in batches. Reads keys that the steps own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from service.reconcile.plan.model import OutboxField, OutboxItem
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
    # What a retirement has overruled counts as never told, should the record come back.
    fields = {
        slug: _field(each, now_ms)
        for slug, each in item.fields.items()
        if each.state != "superseded"
    }
    gone = item.retirement
    return OutboxItem(
        fields,
        id,
        busy=bool(item.claim and item.claim.till > now_ms) or item.looked_up,
        answered=item.answered,
        # Of one that no snapshot inferred, as if none gave it.
        gone=replace(_field(gone, now_ms), as_of=gone.inferred_at)
        if gone and not gone.undone
        else None,
        tried=item.tried_at,
        lifting=bool(gone and gone.undone and gone.repair_at),
        by=frozenset(each.source for each in item.all_fields if each.source is not None),
    )


def _field(stored: FieldRecord, now_ms: float) -> OutboxField:
    answer = stored.last_answer()
    waits_since = stored.reference_since
    return OutboxField(
        value=stored.value,
        type=stored.type,
        version=stored.version,
        arrival=stored.arrival,
        state=stored.state,
        mending=stored.repair_at is not None and stored.state in ("written", "unchanged"),
        answered=answer and answer.updated,
        mark=answer and answer.mark,
        form=stored.form or None,
        file=stored.file or None,
        since=stored.pending_since,
        came=stored.arrived_at or stored.pending_since,
        as_of=stored.snapshot_at or None,
        timed=stored.snapshot_timed,
        source=stored.source or "",
        confirmed=bool(stored.confirmed) and stored.repair_at is None,
        stuck=waits_since is not None and now_ms - waits_since > STUCK_MS,
    )
