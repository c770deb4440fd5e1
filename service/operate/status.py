"""The status: what ``instep status --json`` prints and ``/api/status`` answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

from service.ingest.spool import State
from service.ingest.spool_count import with_spool
from service.operate.drain_time import drain_times
from service.operate.held_deletes import count_held
from service.operate.notices import notices_of
from service.operate.problems import GROUPED, show_listed
from service.operate.reasons import Seen, reasons_of
from service.pulls.pull_state import last_pulls
from service.reconcile.state.past_runs import with_runs
from workers.delivery.context import Context
from workers.errors import StoreUnavailable, StoreUnsafe
from workers.runtime import heartbeats
from workers.store import alert_memory, durability
from workers.store.losses import Losses
from workers.store.removed_writebacks import RemovedWriteBacks

LARGEST: Final = 5  # problems that the status names


def numbers_of(context: Context) -> dict[str, Any]:
    """
    Return the status without what needs the running processes: for ``/readyz`` and ``/metrics``.

    Raises:
        StoreUnavailable: The store did not answer.
    """
    client, settings = context.steps.client, context.settings
    found = with_spool(context.report.status(), settings.store.data, client)
    found["losses"] = Losses(context.steps).open(settings.collections)
    found["alerts"] = _alerts(context)
    found["writebacks"] = context.writeback_states.read()
    found["removed_writebacks"] = RemovedWriteBacks(context.steps, settings).read()
    found["pulls"] = last_pulls(client, settings.pulls.values())
    return with_runs(found, settings.collections.values(), client)


def status_of(context: Context) -> dict[str, Any]:
    """
    Return the status with its processes, as ``reasons`` what keeps it from working fully, and as
    ``notices`` what else a person should look at.

    Raises:
        StoreUnavailable: The store did not answer.
    """
    found = numbers_of(context)
    found["processes"] = heartbeats.alive(context.steps.client)
    found["reasons"] = [asdict(reason) for reason in reasons_of(seen_of(context, found))]
    found["problems"] = _problems(context)
    _add_held_deletes(context, found)
    _add_drain_times(context, found)
    noticed = notices_of({**found, **_runs(context)}, datetime.now(UTC))
    found["notices"] = [asdict(notice) for notice in noticed]
    return found


def _runs(context: Context) -> dict[str, Any]:
    """Return the runs that wait for a person."""
    runs = [run for run in context.runs.unfinished() if run.state == "held"]
    return {
        "held_runs": [run.as_dict() for run in runs if not run.proposed],
        "proposals": [run.as_dict() for run in runs if run.proposed],
    }


def _add_held_deletes(context: Context, found: dict[str, Any]) -> None:
    """Add how many deletes wait for approval, of each collection and in all."""
    held = count_held(context)
    for name, entry in found["collections"].items():
        entry["held_deletes"] = held.get(name, 0)
    found["held_deletes"] = sum(held.values())


def _add_drain_times(context: Context, found: dict[str, Any]) -> None:
    """Add what waits for each destination, and for how long that takes its budget."""
    times = drain_times(context.settings, found)
    for name, entry in found["destinations"].items():
        own = context.settings.collections_of(name)
        entry["pending_items"] = sum(found["collections"][c.name]["pending_items"] for c in own)
        entry["drain_seconds"] = times[name]


def _problems(context: Context) -> dict[str, Any]:
    """Return open dead letters by kind, the number of their causes, and the largest open ones."""
    context.problems.group(GROUPED)
    groups = context.problems.listed()  # once: with 10,000 causes it holds the store for 7 ms
    kinds: Counter[str] = Counter()
    for group in groups:
        kinds[group.kind] += group.letters
    wanted = [group for group in groups if group.state == "open"]
    largest = show_listed(context, wanted[:LARGEST])
    return {"kinds": dict(kinds), "open": len(wanted), "largest": largest}


def seen_of(context: Context, found: Mapping[str, Any]) -> Seen:
    """Return *found*, of `numbers_of`, with the processes; raises StoreUnavailable."""
    client, spool = context.steps.client, found["spool"]
    on = context.settings.store.spool_mb > 0
    return Seen(
        trouble=trouble_of(context),
        workers=heartbeats.workers_alive(client),
        hung=heartbeats.hung(client),
        status=found,
        spool=State(spool["deliveries"], spool["bytes"], takes=on),
    )


def _alerts(context: Context) -> dict[str, str] | None:
    """Return since when and why alerts are not delivered; None: they are, or there are none."""
    alerts = context.settings.alerts
    found = alert_memory.failing(context.steps.client) if alerts and alerts.url else None
    return dict(found) if found else None


def trouble_of(context: Context) -> StoreUnavailable | None:
    """Return why a store that answers is not used; None: it is."""
    try:
        durability.check(context.steps.client, context.settings.store)
    except StoreUnsafe as error:
        return error
    return None
