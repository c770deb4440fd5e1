"""Which deliveries of the store and the spool fit a chosen."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from service.operate.delivery_entry import DeliveryEntries, DeliveryEntry
from service.operate.page import FilterInvalid
from workers.delivery.context import Context
from workers.store.delivery_list import DeliveryList, Kind, Listed, Looked, Position
from workers.store.delivery_summary import OUTCOMES as LETTERS
from workers.store.delivery_summary import quick_check
from workers.webflow.item_keys import normal, normal_record

OUTCOMES: Final = ("kept", "duplicate", "unwanted", "unmapped", "refused", "spooled")


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """
    Which deliveries are meant; None: all.

    Args:
        key: Of a record, as it came or in normal form.
        since: Aware, or how long ago.
        until: Only those behind it.
    """

    source: str | None = None
    outcome: str | None = None
    key: str | None = None
    since: datetime | timedelta | None = None
    until: Position | None = None


def select_deliveries(entries: DeliveryEntries, chosen: DeliveryFilter) -> Iterator[DeliveryEntry]:
    """Yield the deliveries that fit, newest first; raises FilterInvalid and StoreUnavailable."""
    found = look_through(entries, chosen)
    return (each for each in found if isinstance(each, DeliveryEntry))


def look_through(
    entries: DeliveryEntries, chosen: DeliveryFilter
) -> Iterator[DeliveryEntry | Looked]:
    """As `select_deliveries`; between them, how far it has looked."""
    sources, outcome = _sources(entries.sources, chosen.source), chosen.outcome
    if outcome is not None and outcome not in OUTCOMES:
        raise FilterInvalid(repr(outcome), f"one of {', '.join(OUTCOMES)}", "correct the outcome")
    wanted = _spellings(entries.context, chosen.key) if chosen.key is not None else None

    def fits(each: DeliveryEntry) -> bool:
        return outcome in (None, each.outcome) and (wanted is None or each.has_key(wanted))

    for each in _merged(entries, chosen, sources, wanted):
        yield each if isinstance(each, Looked) or fits(each) else Looked(each.position)


def _merged(
    entries: DeliveryEntries,
    chosen: DeliveryFilter,
    sources: tuple[str, ...],
    wanted: frozenset[str] | None,
) -> Iterator[DeliveryEntry | Looked]:
    """
    Yield what may fit of all sources, newest first.

    A `Looked` comes behind all that is newer, of every source: what follows it is all that is left.
    """
    outcome, until = chosen.outcome, chosen.until
    listed = DeliveryList(entries.context.steps)
    since_ms = _since_ms(listed, chosen.since)
    letters = "".join(letter for letter, each in LETTERS.items() if each == outcome)
    check = quick_check(letters, wanted or ()) if outcome or wanted else None

    def of_stream(name: str, kind: Kind) -> Iterator[DeliveryEntry | Looked]:
        for each in listed.scan(name, kind, until=until, since_ms=since_ms, may_fit=check):
            yield entries.of(each) if isinstance(each, Listed) else each

    streams = [of_stream(name, kind) for name in sources for kind in _kinds(outcome)]
    if outcome in (None, "spooled"):
        streams.append(entries.spooled(sources, until, since_ms))
    yield from heapq.merge(*streams, key=lambda each: each.position.order, reverse=True)


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
