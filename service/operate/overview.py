"""The overview: whether the site follows, how fast, what waits, and what needs a person first."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from service.operate.attention import MOST, NEW, Need, needs_of
from service.operate.freshness import Freshness, counts_of, oldest_of, spread_of
from service.operate.moments import moment
from service.operate.notices import problem_notice
from service.operate.problems import newest_problems
from service.operate.reasons import Reason
from service.operate.scope import Scope
from service.operate.scoped_status import seen_by
from service.operate.source_notices import source_notices
from service.operate.status import status_of
from service.operate.traffic import Traffic, Window
from workers.config.settings import Settings
from workers.delivery.context import Context
from workers.model.samples import (
    ACCEPTED,
    ALL,
    CALLS,
    DELIVERIES,
    PENDING,
    RATE_LIMITED,
    REFUSED,
    Column,
)
from workers.store import keys
from workers.store.connection import guarded
from workers.store.histograms import late_counts
from workers.store.minute_samples import MinuteSamples

Status = Mapping[str, Any]

_PROBLEMS: Final = re.compile(r"problem .*|\d+ more problems")  # the status names the largest
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
class DestinationView:
    """
    One destination.

    Args:
        state: "flowing", "waiting", "outage" or "paused".
        do: The next step; empty: none is needed.
        oldest_seconds: Age of the value that waits longest.
        drain_seconds: Until nothing waits (`drain_times`); None: nothing goes out.
        rate_limited: Calls that the CMS refused for their number.
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


@dataclass(frozen=True, slots=True)
class Chart:
    """
    Numbers by bins of *seconds*, the first of which begins at *begins*; None: a gap.

    Args:
        deliveries: That came, repeats too; *refused*: requests that did not get in.
        accepted: Field values; only where everything is shown.
        calls: To the CMS.
        pending: Items that waited as the bin began.
    """

    begins: str | None
    seconds: int
    deliveries: Sequence[int | None]
    refused: Sequence[int | None]
    accepted: Sequence[int | None]
    calls: Sequence[int | None]
    pending: Sequence[int | None]


@dataclass(frozen=True, slots=True)
class Overview:
    """
    Args:
        needs: What needs a person, the most urgent first; *more*: how many are not listed.
        pending_items: In all that is shown.
        hour: By minute; *day*: by quarter of an hour.
    """

    at: str | None
    needs: tuple[Need, ...]
    more: int
    destinations: tuple[DestinationView, ...]
    pending_items: int
    freshness: Freshness
    hour: Chart
    day: Chart


def overview_of(context: Context, scope: Scope) -> Overview:
    """
    Return the overview of what is in *scope*.

    Raises:
        StoreUnavailable: The store did not answer.
    """
    status = seen_by(scope, status_of(context))
    samples = MinuteSamples(context.steps, context.settings).read()
    traffic = Traffic.of(samples.now, samples.minutes, samples.quarters)
    with guarded(), context.steps.client.pipeline(transaction=True) as pipeline:
        pipeline.hgetall(keys.FRESHNESS)
        pipeline.hgetall(keys.METRICS)
        fresh, metrics = pipeline.execute()
    needs, more = _needs(context, scope, status, traffic)
    return Overview(
        at=moment(samples.now),
        needs=needs,
        more=more,
        destinations=_destinations(context.settings, status, traffic),
        pending_items=sum(each["pending_items"] for each in status["collections"].values()),
        freshness=Freshness(
            *oldest_of(status["collections"]),
            spread_of(late_counts(fresh, samples.now)) if scope.whole else None,
            spread_of(counts_of(metrics, scope.collections)),
        ),
        hour=_chart(traffic.hour, scope),
        day=_chart(traffic.day, scope),
    )


def _needs(
    context: Context, scope: Scope, status: Status, traffic: Traffic
) -> tuple[tuple[Need, ...], int]:
    """Return what needs a person, and how much of it is not listed."""
    now = datetime.fromtimestamp(traffic.now / 1000, UTC)
    named = [Reason(**each) for key in ("reasons", "notices") for each in status[key]]
    others = [each for each in named if not _PROBLEMS.fullmatch(each.name)]
    # One that has never had a delivery taken is named by a notice of its own.
    sources = [name for name, each in sorted(status["sources"].items()) if each["deliveries"]]
    others += source_notices(traffic, sources)
    problems, count = newest_problems(context, scope, now - NEW, MOST)
    needs = needs_of([*others, *map(problem_notice, problems)], status, now)
    return needs, len(others) + count - len(needs)


def _destinations(
    settings: Settings, status: Status, traffic: Traffic
) -> tuple[DestinationView, ...]:
    calls = _lately(traffic, CALLS, status, "calls")
    limited = _lately(traffic, RATE_LIMITED, status, "rate_limited")
    remedies = {each["name"]: each["do"] for each in status["reasons"]}
    found = []
    for name, entry in sorted(status["destinations"].items()):
        budget, state = entry["budget"], entry["state"]
        own = settings.collections_of(name)
        oldest = oldest_of({each.name: status["collections"][each.name] for each in own})[0]
        waits = _WAITS if state == "waiting" else ""
        found.append(
            DestinationView(
                name=name,
                state=state,
                reason=entry["reason"],
                since=entry["since"],
                by=entry["by"],
                who=entry.get("who"),
                until=entry.get("until"),
                do=remedies.get(f"destination {name}: {state}", waits),
                pending_items=entry["pending_items"],
                oldest_seconds=oldest,
                drain_seconds=entry["drain_seconds"],
                budget=BudgetUse(budget["limit"], budget["limit"] - budget["left"], budget["left"]),
                calls=calls[name],
                rate_limited=limited[name],
            )
        )
    return tuple(found)


def _lately(traffic: Traffic, column: Column, status: Status, figure: str) -> dict[str, Lately]:
    """Return *column* of each destination, of which the status has all as *figure*."""
    hour, day = traffic.hour.totals(column), traffic.day.totals(column)
    return {
        name: Lately(hour.get(name), day.get(name), entry[figure])
        for name, entry in status["destinations"].items()
    }


def _chart(window: Window, scope: Scope) -> Chart:
    return Chart(
        begins=window.begins,
        seconds=window.grain.ms // 1000,
        deliveries=window.increases(DELIVERIES, scope.sources),
        refused=window.increases(REFUSED, scope.sources),
        accepted=window.increases(ACCEPTED, [ALL] if scope.whole else []),
        calls=window.increases(CALLS, scope.destinations),
        pending=window.levels(PENDING, scope.destinations),
    )
