"""One held retirement, and one that was dropped, as the hash of their item keeps them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Literal

from workers.model.held_reason import HeldReason
from workers.store import held_keys
from workers.store.item_record import SHOWN, FieldRecord


@dataclass(frozen=True, slots=True)
class HeldDelete:
    """
    One held retirement.

    Args:
        id: ``<collection>:<arrival>``.
        record: The key in normal form, or the item id.
        key: The key as it came.
        item: The item id, if it is known.
        action: archive, draft, unpublish or delete.
        run: The run that asks for it, if one does.
        since: When it came, or the first one that it has replaced.
        arrival: Its arrival number: an approval is of this one.
        until: The end of its delay; None: it waits for an approval.
        reason: Why it waits for an approval.
    """

    id: str
    collection: str
    record: str
    key: str
    item: str | None
    action: str
    source: str
    run: str | None
    since: datetime
    arrival: int
    waits: Literal["delay", "approval"]
    until: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class Dropped:
    """A retirement that an operator dropped."""

    action: str
    source: str
    by: str
    at: datetime


def held_delete_of(
    collection: str, record: str, stored: Mapping[str, Any], asks: str | None
) -> HeldDelete | None:
    """
    Return the held retirement in the hash of an item, without the id of that; None: there is none.

    Args:
        asks: Why those of its collection wait for approval, if they do.
    """
    if not stored.get(held_keys.HELD):
        return None
    held = json.loads(stored[held_keys.HELD])
    gone, until = FieldRecord.parse(held["gone"]), held.get("until")
    return HeldDelete(
        id=f"{collection}:{gone.arrival}",
        collection=collection,
        record=record,
        key=stored.get(SHOWN) or record,
        item=record if stored.get("by") == "item" else None,
        action=json.loads(gone.value),
        source=gone.source,
        run=held.get("run"),
        since=_moment(gone.since),
        arrival=gone.arrival,
        waits="approval" if asks else "delay",
        until=_moment(until) if until and not asks else None,
        reason=_words(asks) if asks else "",
    )


def dropped_of(stored: Mapping[str, str]) -> Dropped | None:
    """Return the dropped retirement in the hash of an item; None: there is none."""
    if held_keys.DROPPED not in stored:
        return None
    dropped = json.loads(stored[held_keys.DROPPED])
    gone = FieldRecord.parse(dropped["gone"])
    return Dropped(json.loads(gone.value), gone.source, dropped["by"], _moment(dropped["at"]))


@lru_cache(maxsize=64)  # all of a collection have one
def _words(asks: str) -> str:
    return HeldReason.parse(asks).words()


def _moment(ms: float) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
