"""The overview: whether the site follows, how fast, what waits, and what needs a person first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from service.operate.attention import NEW, Need, needs_of
from service.operate.destination_view import DestinationView, destinations_of
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
from workers.delivery.context import Context
from workers.model.samples import (
    ACCEPTED,
    ALL,
    CALLS,
    DELIVERIES,
    PENDING,
    REFUSED,
)
from workers.store import keys
from workers.store.connection import guarded
from workers.store.histograms import late_counts
from workers.store.minute_samples import MinuteSamples

Status = Mapping[str, Any]

PROBLEMS: Final = 8  # that are listed: they leave room for what else needs a person
_PROBLEMS: Final = re.compile(r"problem .*|\d+ more problems")  # the status names the largest


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
class Machinery:
    """
    What runs, and the bytes of the store.

    Args:
        web, workers: Processes that are alive.
        memory_limit: None: there is none.
    """

    web: int
    workers: int
    memory_used: int
    memory_limit: int | None


@dataclass(frozen=True, slots=True)
class Overview:
    """
    Args:
        needs: What needs a person, the most urgent first; *more*: how many are not listed.
        pending_items: In all that is shown.
        not_live: Items that are written, and not on the site: nobody has published them.
        hour: By minute; *day*: by quarter of an hour.
        machinery: None: not everything is shown.
    """

    at: str | None
    needs: tuple[Need, ...]
    more: int
    destinations: tuple[DestinationView, ...]
    pending_items: int
    not_live: int
    freshness: Freshness
    hour: Chart
    day: Chart
    machinery: Machinery | None


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
        destinations=destinations_of(context.settings, status, traffic, metrics),
        pending_items=sum(each["pending_items"] for each in status["collections"].values()),
        not_live=sum(each["not_live"] for each in status["collections"].values()),
        freshness=Freshness(
            *oldest_of(status["collections"]),
            spread_of(late_counts(fresh, samples.now)) if scope.whole else None,
            spread_of(counts_of(metrics, scope.collections)),
        ),
        hour=_chart(traffic.hour, scope),
        day=_chart(traffic.day, scope),
        machinery=_machinery(status) if scope.whole else None,
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
    problems, count = newest_problems(context, scope, now - NEW, PROBLEMS)
    needs = needs_of([*others, *map(problem_notice, problems)], status, now)
    return needs, len(others) + count - len(needs)


def _machinery(status: Status) -> Machinery:
    roles = Counter(each["role"] for each in status["processes"])
    memory = status["memory"]
    return Machinery(roles["web"], roles["worker"], memory["used"], memory["limit"])


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
