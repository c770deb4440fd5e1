"""Which deliveries of the store and the spool fit a filter."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from service.operate.delivery_entry import DeliveryEntries, DeliveryEntry
from service.operate.page import FilterInvalid
from workers.delivery.context import Context
from workers.store.delivery_list import DeliveryList, Kind, Position
from workers.store.delivery_summary import OUTCOMES as LETTERS
from workers.store.delivery_summary import quick_check
from workers.webflow.item_keys import normal, normal_record

OUTCOMES: Final = ("kept", "duplicate", "unwanted", "unmapped", "refused", "spooled")


def select_deliveries(
    entries: DeliveryEntries,
    *,
    source: str | None = None,
    outcome: str | None = None,
    key: str | None = None,
    since: datetime | timedelta | None = None,
    until: Position | None = None,
) -> Iterator[DeliveryEntry]:
    """Yield the deliveries that fit, newest first; raises FilterInvalid and StoreUnavailable."""
    sources = _sources(entries.sources, source)
    if outcome is not None and outcome not in OUTCOMES:
        raise FilterInvalid(repr(outcome), f"one of {', '.join(OUTCOMES)}", "correct the outcome")
    wanted = _spellings(entries.context, key) if key is not None else None
    listed = DeliveryList(entries.context.steps)
    since_ms = _since_ms(listed, since)
    letters = "".join(letter for letter, each in LETTERS.items() if each == outcome)
    check = quick_check(letters, wanted or ()) if outcome or wanted else None
    streams: list[Iterator[DeliveryEntry]] = [
        map(
            entries.of,
            listed.newest(name, kind, until=until, since_ms=since_ms, may_fit=check),
        )
        for name in sources
        for kind in _kinds(outcome)
    ]
    if outcome in (None, "spooled"):
        streams.append(entries.spooled(sources, until, since_ms))
    for each in heapq.merge(*streams, key=lambda entry: entry.position.order, reverse=True):
        if outcome in (None, each.outcome) and (wanted is None or each.has_key(wanted)):
            yield each


def _sources(names: tuple[str, ...], source: str | None) -> tuple[str, ...]:
    if source is None:
        return names
    if source not in names:
        raise FilterInvalid(repr(source), f"a source: {', '.join(names)}", "use one of them")
    return (source,)


def _kinds(outcome: str | None) -> tuple[Kind, ...]:
    if outcome is None:
        return "kept", "unkept", "refused"
    kinds: dict[str, tuple[Kind, ...]] = {"refused": ("refused",), "spooled": ()}
    return kinds.get(outcome, ("kept", "unkept"))


def _spellings(context: Context, key: str) -> frozenset[str]:
    """Return the forms in which *key* may be listed."""
    counts = {len(each.keys) for each in context.settings.collections.values()}
    return frozenset({key, normal(key), *(normal_record(key, n) for n in counts if n > 1)})


def _since_ms(listed: DeliveryList, since: datetime | timedelta | None) -> int:
    if since is None:
        return 0
    if isinstance(since, datetime):
        return max(0, int(since.timestamp() * 1000))
    return max(0, listed.now_ms() - int(since.total_seconds() * 1000))
