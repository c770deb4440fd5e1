"""Replay: the events of kept deliveries once more, by today's mappings, each in its own place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby, islice
from typing import Any, Final

from service.config.build import Configuration
from service.ingest.remap import Remap
from service.operate.delivery_entry import DeliveryEntries, DeliveryEntry
from service.operate.delivery_page import find_delivery
from service.operate.delivery_selection import select_deliveries
from service.operate.remap_figures import figures_of
from workers.delivery.context import Context
from workers.store.delivery_list import DeliveryList, Position
from workers.store.delivery_log import Kept, KeptDelivery
from workers.store.outbox import Outbox

LEFT: Final = 100  # deliveries that are named with why they are left
_WHY: Final = {
    "refused": "it was refused, so nothing of it was kept: have the source send it again",
    "spooled": "it waits in the spool of this machine, and is accepted by itself",
    "duplicate": "a repeat is kept without its body: replay the delivery that came first",
}
_NOT_KEPT: Final = "its body was not kept: see keep_hours of its source"
_GONE: Final = "there is no such delivery, or no longer"
_UNREADABLE: Final = "its compression dictionary was erased: it cannot be unpacked"
_NO_SOURCE: Final = "its source is no longer configured"


@dataclass(frozen=True, slots=True)
class Selection:
    """
    Which deliveries: those with *ids*, or those that fit the filters, the newest first.

    Args:
        limit: At most so many by filter; None: all.
    """

    ids: tuple[str, ...] = ()
    source: str | None = None
    outcome: str | None = None
    key: str | None = None
    since: datetime | timedelta | None = None
    limit: int | None = None


@dataclass(slots=True)
class _Chosen:
    positions: list[Position] = field(default_factory=list)
    left: list[dict[str, str]] = field(default_factory=list)
    more_left: int = 0

    def leave(self, id: str, why: str) -> None:
        if len(self.left) < LEFT:
            self.left.append({"id": id, "reason": why})
        else:
            self.more_left += 1


def replay_deliveries(
    context: Context,
    selection: Selection,
    *,
    dry_run: bool,
    configuration: Configuration | None = None,
    told: Callable[[int, int], object] = lambda *_: None,
) -> dict[str, Any]:
    """
    Run the events of the selected deliveries again; a value never goes over a newer one.

    Args:
        dry_run: Change nothing, and say what would change.
        configuration: By which they are mapped; None: that of this process.
        told: Called with the number of deliveries run, and of all.

    Returns:
        matched, the figures of a remap, and left: ids that cannot be replayed, with the reason.

    Raises:
        FilterInvalid: There is no such source or outcome.
        StoreUnavailable: What was done so far stays; it can be repeated.
    """
    entries = DeliveryEntries(context, configuration)
    chosen = _choose(entries, selection)
    matched = len(chosen.positions) + len(chosen.left) + chosen.more_left
    runs = list(_run(entries, chosen, dry_run, told))
    try:
        return {
            "dry_run": dry_run,
            "matched": matched,
            **figures_of(runs),
            "left": chosen.left,
            "more_left": chosen.more_left,
        }
    finally:
        for run in runs:
            run.diff.close()


def _choose(entries: DeliveryEntries, selection: Selection) -> _Chosen:
    chosen = _Chosen()
    if selection.ids:
        for id in dict.fromkeys(selection.ids):
            entry = find_delivery(entries, id)
            _sort(chosen, id, entry)
        return chosen
    found = select_deliveries(
        entries,
        source=selection.source,
        outcome=selection.outcome,
        key=selection.key,
        since=selection.since,
    )
    # Asked for by filter, only what is kept is meant, unless the outcome says otherwise.
    if selection.outcome is None:
        found = (each for each in found if each.position.kind == "kept")
    for entry in islice(found, selection.limit):
        _sort(chosen, entry.id, entry)
    return chosen


def _sort(chosen: _Chosen, id: str, entry: DeliveryEntry | None) -> None:
    why = _why_not(entry)
    if why:
        chosen.leave(id, why)
    elif entry is not None:
        chosen.positions.append(entry.position)


def _why_not(entry: DeliveryEntry | None) -> str:
    """Return why it cannot be replayed; "": it can."""
    if entry is None:
        return _GONE
    if entry.position.kind != "kept":
        return _WHY.get(entry.outcome, _NOT_KEPT)
    if entry.source not in entry.entries.configuration.senders:
        return _NO_SOURCE
    return ""


def _run(
    entries: DeliveryEntries,
    chosen: _Chosen,
    dry_run: bool,
    told: Callable[[int, int], object],
) -> Iterator[Remap]:
    """Run what was chosen, source by source, oldest first."""
    context = entries.context
    # Of the whole configuration: the senders set how long ids are remembered.
    kept = Kept(Outbox(context.steps, entries.configuration.settings))
    done, all_of = 0, len(chosen.positions)

    def count(_: KeptDelivery) -> None:
        nonlocal done
        done += 1
        told(done, all_of)

    positions = sorted(chosen.positions, key=lambda each: (each.source, each.number))
    for source, group in groupby(positions, key=lambda each: each.source):
        run = Remap(kept, entries.reader, source, dry=dry_run, wake=context.wakes.wake)
        run.run_chosen(_deliveries(entries, list(group), chosen), count)
        yield run


def _deliveries(
    entries: DeliveryEntries, positions: Sequence[Position], chosen: _Chosen
) -> Iterator[KeptDelivery]:
    listed = DeliveryList(entries.context.steps)
    for position in positions:
        id, found = f"{position.source}-{position.number}", listed.at(position)
        if found is None:
            chosen.leave(id, _GONE)
            continue
        delivery = entries.kept.unpack(position.source, found.stream_id, found.entry)
        if delivery.readable:
            yield delivery
        else:
            chosen.leave(id, _UNREADABLE)
