"""Replay: the events of kept deliveries once more, by today's mappings, each in its own place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
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
from service.operate.scope import Scope
from workers.delivery.context import Context
from workers.store.audit import Audit
from workers.store.delivery_list import DeliveryList, Position
from workers.store.delivery_log import Kept, KeptDelivery
from workers.store.outbox import Outbox
from workers.store.runs import Runs

_FIGURES: Final = ("matched", "deliveries", "events", "taken", "same", "stale", "letters")
_NAMED: Final = 20  # ids that a run names
EVERY: Final = 100  # deliveries between two reports of a run
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
class DeliverySelection:
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
    selection: DeliverySelection,
    *,
    dry_run: bool,
    by: str = "",
    run: str | None = None,
    scope: Scope | None = None,
    configuration: Configuration | None = None,
    told: Callable[[int, int], object] = lambda *_: None,
) -> dict[str, Any]:
    """
    Run the events of the selected deliveries again; a value never goes over a newer one.

    Args:
        dry_run: Change nothing, and say what would change.
        by: Who replays, for the audit list.
        run: As `start_replay` returned it; None: it is made here.
        scope: What may be seen; None: everything.
        configuration: By which they are mapped; None: that of this process.
        told: Called with the number of deliveries run, and of all.

    Returns:
        run, matched, the figures of a remap, and left: ids that cannot be replayed, with the
        reason.

    Raises:
        FilterInvalid: There is no such source or outcome.
        StoreUnavailable: What was done so far stays; it can be repeated.
    """
    entries = DeliveryEntries(context, configuration, scope)
    if dry_run:
        return {"dry_run": True, "run": None, **_replay(entries, selection, told, dry_run=True)}
    runs = Runs(context.steps)
    run = number = run or start_replay(context, selection, by)

    def count(done: int, deliveries: int) -> None:
        told(done, deliveries)
        if done % EVERY == 0:
            runs.progress(number, {"done": done, "deliveries": deliveries})

    try:
        found = _replay(entries, selection, count, dry_run=False)
    except Exception as error:
        runs.finish(run, "failed", reason=str(error))
        raise
    figures = {name: found[name] for name in _FIGURES} | {"left": _left(found)}
    runs.finish(run, figures=figures)
    Audit(context.steps).record(by, "replay", "deliveries", run=run, **figures)
    return {"dry_run": False, "run": run, **found}


def start_replay(context: Context, selection: DeliverySelection, by: str) -> str:
    """Record a run for `replay_deliveries`, and return its id; raises StoreUnavailable."""
    ids = ", ".join(selection.ids[:_NAMED])
    # Not the key: what `instep forget` erases may stand in no run.
    about = {"deliveries": ids, "outcome": selection.outcome, "one_key": selection.key is not None}
    return Runs(context.steps).start("replay", by, source=selection.source, about=about)


def _left(found: Mapping[str, Any]) -> int:
    return len(found["left"]) + int(found["more_left"])


def _replay(
    entries: DeliveryEntries,
    selection: DeliverySelection,
    told: Callable[[int, int], object],
    *,
    dry_run: bool,
) -> dict[str, Any]:
    chosen = _choose(entries, selection)
    matched = len(chosen.positions) + len(chosen.left) + chosen.more_left
    runs = list(_run(entries, chosen, dry_run, told))
    try:
        left = {"left": chosen.left, "more_left": chosen.more_left}
        return {"matched": matched, **figures_of(runs), **left}
    finally:
        for run in runs:
            run.diff.close()


def _choose(entries: DeliveryEntries, selection: DeliverySelection) -> _Chosen:
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
        run = Remap(
            kept,
            entries.reader,
            source,
            dry=dry_run,
            wake=context.wakes.wake,
            collections=entries.collections,
        )
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
