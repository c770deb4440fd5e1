"""What the outbox holds of records, read in batches. Reads keys that the steps own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

from service.reconcile.states import Held, HeldItem
from workers.parts import Parts
from workers.settings import Collection
from workers.store.connection import guarded
from workers.tombstones import GONE

CLAIM_MS = 30_000  # for which a claim lasts
STUCK_MS = 60_000  # more than a listing takes that looks for what a value refers to


class Ledger:
    """
    The outbox's side of one collection.

    Raises (every method):
        StoreUnavailable: The store did not answer.
    """

    def __init__(self, parts: Parts, collection: Collection) -> None:
        self._client = parts.steps.client
        self._offset_ms = parts.steps.clock_offset_ms
        self._name = collection.name
        self._ids = f"instep:ids:{collection.name}:{parts.settings.copy_of(collection)}"

    def now_us(self) -> int:
        """Return the store's clock, µs since 1970."""
        with guarded():
            seconds, micros = self._client.time()
        return int(seconds) * 1_000_000 + int(micros) + self._offset_ms * 1000

    def begin(self, destination: str) -> tuple[int, int]:
        """
        Return the store's clock, ms, and since when a claim may still be on its way: from now on,
        unless a request to *destination* is in flight.
        """
        now_ms = self.now_us() // 1000
        with guarded():
            flying = self._client.zcount(f"instep:flight:{destination}", now_ms, "+inf")
        return now_ms, now_ms - CLAIM_MS if flying else now_ms

    def ids(self) -> Iterator[tuple[str, str]]:
        """Yield record and item id of all that the index knows."""
        with guarded():
            yield from self._client.hscan_iter(self._ids, count=1000)

    def read(self, records: Sequence[str]) -> dict[str, HeldItem]:
        """Return what is held of each of *records*; of what is unknown, nothing."""
        if not records:
            return {}
        now_ms = self.now_us() / 1000
        with guarded(), self._client.pipeline(transaction=False) as pipeline:
            for record in records:
                pipeline.hgetall(f"instep:item:{self._name}:{record}")
            pipeline.hmget(self._ids, list(records))
            *found, ids = pipeline.execute()
        return {
            record: _item(flat, id, now_ms)
            for record, flat, id in zip(records, found, ids, strict=True)
        }


def _item(flat: Mapping[str, str], id: str | None, now_ms: float) -> HeldItem:
    held = {name[2:]: json.loads(text) for name, text in flat.items() if name[:2] == "f:"}
    gone = held.pop(GONE, None)
    # What a retirement has overruled counts as never told, should the record come back.
    fields = {
        slug: _field(each, now_ms) for slug, each in held.items() if each["s"] != "superseded"
    }
    claim = json.loads(flat["claim"]) if "claim" in flat else None
    busy = bool(claim and claim["till"] > now_ms) or "lookup" in flat or "doubt" in flat
    in_force = _field(gone, now_ms) if gone and not gone.get("b") else None
    return HeldItem(
        fields, id, busy, flat.get("answered"), in_force, int(float(flat.get("tried", 0)))
    )


def _field(held: Mapping[str, Any], now_ms: float) -> Held:
    arrival = int(held["a"])
    # S: of the same value, as it was sent; 0: of one that an event of the CMS has told of.
    answered, mark = _known(str(held.get("k") or ""), {arrival, int(held.get("S") or 0), 0})
    return Held(
        value=held["v"],
        type=held["t"],
        version=held["r"],
        arrival=arrival,
        state=held["s"],
        mending=held.get("m") is not None and held["s"] in ("written", "unchanged"),
        answered=answered,
        mark=mark,
        form=held.get("F") or None,
        file=held.get("g") or None,
        since=int(held.get("w") or 0),
        came=int(held.get("i") or held.get("w") or 0),
        as_of=int(held["A"]) if held.get("A") else None,
        stuck="y" in held and now_ms - held["y"] > STUCK_MS,
    )


def _known(text: str, arrivals: Set[int]) -> tuple[str | None, str | None]:
    """Return when the CMS was last known to hold this value, and the mark of what it showed."""
    for entry in reversed(text.split()):
        whose, mark, at = entry.split(",")
        if at and int(whose) in arrivals:
            return at, mark
    return None, None
