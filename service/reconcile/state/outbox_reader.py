"""What the outbox holds of records, read in batches. Reads keys that the steps own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import replace
from typing import Any

from service.reconcile.plan.model import Held, HeldItem
from workers.config.settings import Collection
from workers.delivery.context import Parts
from workers.model.retirement import GONE
from workers.model.versions import Version, kind_of
from workers.store import clock, keys
from workers.store.connection import guarded

CLAIM_MS = 30_000  # for which a claim lasts
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

    def read(self, records: Sequence[str]) -> dict[str, HeldItem]:
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


def _item(flat: Mapping[str, str], id: str | None, now_ms: float) -> HeldItem:
    held = {name[2:]: json.loads(text) for name, text in flat.items() if name[:2] == "f:"}
    gone = held.pop(GONE, None)
    # What a retirement has overruled counts as never told, should the record come back.
    fields = {
        slug: _field(each, now_ms) for slug, each in held.items() if each["s"] != "superseded"
    }
    claim = json.loads(flat["claim"]) if "claim" in flat else None
    busy = bool(claim and claim["till"] > now_ms) or "lookup" in flat or "doubt" in flat
    lifted = bool(gone and gone.get("b"))
    return HeldItem(
        fields,
        id,
        busy,
        flat.get("answered"),
        _retirement(gone, now_ms) if gone and not lifted else None,
        int(float(flat.get("tried", 0))),
        lifting=bool(gone and lifted and gone.get("m")),
        by=frozenset(
            str(each["o"]) for each in (*held.values(), *filter(None, [gone])) if "o" in each
        ),
    )


def _retirement(gone: Mapping[str, Any], now_ms: float) -> Held:
    """Return what is held of a retirement; of one that no snapshot inferred, as if none gave it."""
    return replace(_field(gone, now_ms), as_of=_inferred_at(gone))


def _inferred_at(gone: Mapping[str, Any]) -> int | None:
    """As ``lua/lib/inferred_retirements.lua`` has it."""
    if gone.get("I") == 0:
        return None
    if gone.get("A"):
        return int(gone["A"])
    older = gone.get("q") == 3 and not any(gone.get(name) for name in "nef")
    timed = older and kind_of(gone["r"]) == "t"
    return Version.parse(gone["r"]).number // 1000 if timed else None


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
        timed=bool(held.get("R")),
        source=str(held.get("o") or ""),
        confirmed=bool(held.get("c")) and held.get("m") is None,
        stuck="y" in held and now_ms - held["y"] > STUCK_MS,
    )


def _known(text: str, arrivals: Set[int]) -> tuple[str | None, str | None]:
    """Return when the CMS was last known to hold this value, and the mark of what it showed."""
    for entry in reversed(text.split()):
        whose, mark, at = entry.split(",")
        if at and int(whose) in arrivals:
            return at, mark
    return None, None
