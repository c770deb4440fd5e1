"""A destination on the overview: state, backlog, budget, and how fresh its site is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from service.operate.freshness import Spread, counts_of, oldest_of, spread_of
from service.operate.traffic import Traffic
from workers.config.settings import Settings
from workers.model.samples import CALLS, RATE_LIMITED, Column
from workers.store.circuit_breaker import OPERATOR

Status = Mapping[str, Any]

_WAITS: Final = "nothing: it waits for its turn; raise requests_per_minute if the plan has more"


@dataclass(frozen=True, slots=True)
class Lately:
    """
    A counter: its rise in the last hour and day, and all of it.

    Args:
        hour, day: None: it was not sampled.
    """

    hour: int | None
    day: int | None
    all: int


@dataclass(frozen=True, slots=True)
class BudgetUse:
    """The budget of a token, in calls a minute: what is allowed, used now, and left."""

    limit: int
    used: int
    left: int


@dataclass(frozen=True, slots=True)
class CollectionView:
    """
    One collection of a destination.

    Args:
        halted: It is paused, in an outage or waiting for a reason of its own, beside that of its
            destination.
        do: The next step; empty: none is needed, or that of its destination.
    """

    name: str
    state: str
    reason: str
    since: str | None
    halted: bool
    do: str
    pending_items: int
    oldest_seconds: float


@dataclass(frozen=True, slots=True)
class DestinationView:
    """
    One destination.

    Args:
        state: "flowing", "waiting", "outage" or "paused".
        do: The next step; empty: none is needed.
        oldest_seconds: Age of the value that waits longest.
        drain_seconds: Until nothing waits (`drain_times`); None: nothing goes out.
        rate_limited: Calls that the CMS refused for their number.
        freshness: Of all values that were written, since the counters began.
    """

    name: str
    state: str
    reason: str
    since: str | None
    by: str | None
    who: str | None
    until: str | None
    do: str
    pending_items: int
    oldest_seconds: float
    drain_seconds: float | None
    budget: BudgetUse
    calls: Lately
    rate_limited: Lately
    freshness: Spread
    collections: tuple[CollectionView, ...]


def destinations_of(
    settings: Settings, status: Status, traffic: Traffic, metrics: Mapping[str, str]
) -> tuple[DestinationView, ...]:
    """Return the destinations of *status* by name; *metrics*: of `keys.METRICS`."""
    calls = _lately(traffic, CALLS, status, "calls")
    limited = _lately(traffic, RATE_LIMITED, status, "rate_limited")
    named = {each["name"]: each for each in (*status["reasons"], *status["notices"])}
    found = []
    for name, entry in sorted(status["destinations"].items()):
        budget, state = entry["budget"], entry["state"]
        own = {
            each.name: status["collections"][each.name] for each in settings.collections_of(name)
        }
        said = named.get(f"destination {name}: {state}", {})
        waits = _WAITS if state == "waiting" else ""
        found.append(
            DestinationView(
                name=name,
                state=state,
                reason=_reason(entry, said),
                since=entry["since"],
                by=entry["by"],
                who=entry.get("who"),
                until=entry.get("until"),
                do=said.get("do", waits),
                pending_items=entry["pending_items"],
                oldest_seconds=oldest_of(own)[0],
                drain_seconds=entry["drain_seconds"],
                budget=BudgetUse(budget["limit"], budget["limit"] - budget["left"], budget["left"]),
                calls=calls[name],
                rate_limited=limited[name],
                freshness=spread_of(counts_of(metrics, own)),
                collections=tuple(
                    _collection(each, own[each], entry, named) for each in sorted(own)
                ),
            )
        )
    return tuple(found)


def _collection(
    name: str, entry: Status, destination: Status, named: Mapping[str, Status]
) -> CollectionView:
    state, reason = entry["state"], entry["reason"]
    same = (state, reason) == (destination["state"], destination["reason"])
    said = named.get(f"collection {name}: {reason if state == 'waiting' else state}", {})
    return CollectionView(
        name=name,
        state=state,
        reason=_reason(entry, said),
        since=entry["since"],
        halted=state != "flowing" and not same,
        do=said.get("do", ""),
        pending_items=entry["pending_items"],
        oldest_seconds=entry["oldest_seconds"],
    )


def _reason(entry: Status, said: Status) -> str:
    """Return why it does not flow, without the advice that `do` gives."""
    # Who has paused it by hand stands beside it.
    words = entry["reason"] if entry["by"] == OPERATOR else said.get("why") or entry["reason"]
    return str(words)


def _lately(traffic: Traffic, column: Column, status: Status, figure: str) -> dict[str, Lately]:
    """Return *column* of each destination, of which the status has all as *figure*."""
    hour, day = traffic.hour.totals(column), traffic.day.totals(column)
    return {
        name: Lately(hour.get(name), day.get(name), entry[figure])
        for name, entry in status["destinations"].items()
    }
