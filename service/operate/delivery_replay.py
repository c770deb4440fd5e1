"""Replay: the events of kept deliveries once more, by today's mappings, each in its own place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby, islice
from typing import Any, Final

from service.config.build import Configuration
from service.ingest.remap import Remap
from service.operate.bulk_actions import proposing
from service.operate.bulk_runner import BulkRunner
from service.operate.delivery_entry import DeliveryEntries, DeliveryEntry
from service.operate.delivery_page import find_delivery
from service.operate.delivery_runner import (
    GONE,
    NO_SOURCE,
    about,
    count,
    deliveries_at,
    figures_at_start,
    position_of,
    work_of,
)
from service.operate.delivery_selection import DeliveryFilter, select_deliveries
from service.operate.remap_figures import figures_of
from service.operate.remap_mass import mass_of_dry
from service.operate.replay_mass import mass_of_replay
from service.operate.run_mass import Mass
from service.operate.scope import Scope
from workers.delivery.context import Context
from workers.errors import SelectionInvalid
from workers.store.audit import Audited
from workers.store.delivery_list import Position
from workers.store.delivery_log import Kept, KeptDelivery
from workers.store.outbox import Outbox
from workers.store.runs import WAKE

_NAMED: Final = 20  # ids that a run names
_APPROVED: Final = Mass()
LEFT: Final = 100  # deliveries that are named with why they are left
_WHY: Final = {
    "refused": "it was refused, so nothing of it was kept: have the source send it again",
    "spooled": "it waits in the spool of this machine, and is accepted by itself",
    "duplicate": "a repeat is kept without its body: replay the delivery that came first",
}
_NOT_KEPT: Final = "its body was not kept: see keep_hours of its source"


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

    def check(self) -> None:
        """Raise SelectionInvalid where nothing is named: that would be every delivery."""
        if not (self.ids or any((self.source, self.outcome, self.key, self.since))):
            expected = "ids, or one of source, outcome, key and since"
            raise SelectionInvalid("nothing that selects deliveries", expected, "name some")


@dataclass(slots=True)
class _Chosen:
    positions: list[Position] = field(default_factory=list)
    left: list[dict[str, str]] = field(default_factory=list)
    more_left: int = 0

    @property
    def matched(self) -> int:
        return len(self.positions) + len(self.left) + self.more_left

    def in_order(self) -> list[Position]:
        """Return the positions source by source, oldest first."""
        return sorted(self.positions, key=lambda each: (each.source, each.number))

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
    scope: Scope | None = None,
    configuration: Configuration | None = None,
    told: Callable[[int, int], object] = lambda *_: None,
) -> dict[str, Any]:
    """
    Run the events of the selected deliveries again; a value never goes over a newer one.

    Who calls it has shown the estimate, or was told to go on: nothing is held.

    Args:
        dry_run: Change nothing, and say what would change.
        by: Who replays, for the audit list.
        scope: What may be seen; None: everything.
        configuration: By which they are mapped; None: that of this process.
        told: Called with the number of deliveries run, and of all.

    Returns:
        run, matched, the figures of a remap (as estimated) or of the run, and left: ids that
        cannot be replayed, with the reason; as estimated also held: `Mass.why`.

    Raises:
        FilterInvalid: There is no such source or outcome.
        StoreUnavailable: What was done so far stays; it can be repeated.
    """
    entries = DeliveryEntries(context, configuration, scope)
    if dry_run:
        return {"dry_run": True, "run": None, **_estimate(entries, selection, told)}
    chosen = _choose(entries, selection)
    id = _start(context, chosen, selection, by, entries.collections)
    runner = BulkRunner(context, lambda: entries.configuration)
    try:
        run = runner.carry_out(id, told, chosen.leave)
    except KeyboardInterrupt:
        context.runs.finish(id, "stopped", reason="interrupted")
        raise
    # Another process may have gone on with it: then the figures alone tell how many are left.
    left = {"left": chosen.left, "more_left": run.figures["left"] - len(chosen.left)}
    return {"dry_run": False, "run": id, **run.figures, **left}


def start_replay(
    context: Context,
    selection: DeliverySelection,
    by: str,
    *,
    scope: Scope | None,
    configuration: Configuration | None = None,
    proposed: str = "",
) -> str:
    """
    Begin a replay that a worker carries out, and return the id of its run; a mass is held.

    Args:
        proposed: Why it is only proposed (`Runs.start`).

    Raises:
        FilterInvalid: There is no such source or outcome.
        StoreUnavailable: The store does not answer.
    """
    entries = DeliveryEntries(context, configuration, scope)
    chosen = _choose(entries, selection)
    mass = mass_of_replay(entries, chosen.in_order())
    id = _start(context, chosen, selection, by, entries.collections, mass, proposed)
    if chosen.positions and not (mass.words or proposed) and context.outbox.wants_job(WAKE):
        context.wakes.wake(WAKE)
    return id


def _start(
    context: Context,
    chosen: _Chosen,
    selection: DeliverySelection,
    by: str,
    collections: frozenset[str] | None,
    mass: Mass = _APPROVED,
    proposed: str = "",
) -> str:
    figures = figures_at_start(len(chosen.positions), len(chosen.left) + chosen.more_left)
    for each in chosen.left:
        count(figures, each["reason"], 1)
    # Not the key: what `instep forget` erases may stand in no run.
    named = {"ids": list(selection.ids[:_NAMED]), "outcome": selection.outcome}
    told = {"deliveries": figures["deliveries"], "left": figures["left"]}
    return context.runs.start(
        "replay",
        by,
        source=selection.source,
        figures=figures | mass.figures,
        about=about(collections) | named,
        work=[work_of(each) for each in chosen.in_order()],
        ended=not chosen.positions,
        waits=mass.words,
        proposed=proposed,
        audited=Audited(proposing("replay", proposed), "deliveries", told),
    )


def _estimate(
    entries: DeliveryEntries,
    selection: DeliverySelection,
    told: Callable[[int, int], object],
) -> dict[str, Any]:
    return _estimate_chosen(entries, _choose(entries, selection), told)


def estimate_work(entries: DeliveryEntries, work: Iterable[str]) -> dict[str, Any]:
    """Return what the *work* of a run would change, as `replay_deliveries` does for a dry run."""
    chosen = _Chosen(positions=[*map(position_of, work)])
    return _estimate_chosen(entries, chosen, lambda *_: None)


def _estimate_chosen(
    entries: DeliveryEntries, chosen: _Chosen, told: Callable[[int, int], object]
) -> dict[str, Any]:
    runs = list(_run_dry(entries, chosen, told))
    try:
        left = {"left": chosen.left, "more_left": chosen.more_left}
        held = mass_of_dry(entries.context, runs).why
        return {"matched": chosen.matched, **figures_of(runs), **left, "held": held}
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
    filters = DeliveryFilter(selection.source, selection.outcome, selection.key, selection.since)
    found = select_deliveries(entries, filters)
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
        return GONE
    if entry.position.kind != "kept":
        return _WHY.get(entry.outcome, _NOT_KEPT)
    if entry.source not in entry.entries.configuration.senders:
        return NO_SOURCE
    return ""


def _run_dry(
    entries: DeliveryEntries, chosen: _Chosen, told: Callable[[int, int], object]
) -> Iterator[Remap]:
    """Run what was chosen without writing, source by source, oldest first."""
    kept = Kept(Outbox(entries.context.steps, entries.configuration.settings))
    done, all_of = 0, len(chosen.positions)

    def count_one(_: KeptDelivery) -> None:
        nonlocal done
        done += 1
        told(done, all_of)

    def leave(position: Position, why: str) -> None:
        chosen.leave(f"{position.source}-{position.number}", why)

    for source, group in groupby(chosen.in_order(), key=lambda each: each.source):
        collections = entries.collections
        run = Remap(kept, entries.reader, source, dry=True, wake=str, collections=collections)
        run.run_chosen(deliveries_at(entries, list(group), leave), count_one)
        yield run
