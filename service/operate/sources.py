"""The sources: what came of each and when, what was refused, and which secrets are in use."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from service.config.build import Configuration
from service.operate.delivery_entry import DeliveryEntries, DeliveryEntry
from service.operate.delivery_selection import DeliveryFilter, look_through
from service.operate.moments import moment
from service.operate.notices import notices_of_sources, overdue_pulls, pull_notices
from service.operate.page import Page
from service.operate.reasons import Reason
from service.operate.scope import Scope
from service.operate.source_notices import source_notices
from service.operate.traffic import Traffic, Window
from service.pulls.pull_state import last_pulls
from workers.delivery.context import Context
from workers.model.samples import DELIVERIES, DUPLICATES, REFUSED
from workers.store import keys
from workers.store.connection import guarded
from workers.store.minute_samples import MinuteSamples, Samples
from workers.store.refusals import UNKNOWN

NEWEST: Final = 500  # deliveries of a source that are looked through for topics, about
TOPICS: Final = 20  # that are named of one source
FIRST: Final = 50  # of these at least are looked through, however long it takes
SECONDS: Final = 0.05  # for the topics of one page
SECONDS_OF_ALL: Final = 0.02  # where all sources are listed, however many there are
_FIGURES: Final = (
    *("state", "reason", "since", "deliveries", "duplicates", "refused", "unmapped", "kept"),
    *("kept_since", "last", "streak"),
)
_ALL_REFUSED: Final = "every delivery refused"
_MOST_REFUSED: Final = "most requests refused"
_WORST: Final = (
    _ALL_REFUSED,
    _MOST_REFUSED,
    "pull held",
    "pull failed",
    "pull killed",
    "pull overdue",
    "silent",
    "nothing wanted",
    "only older values",
    "no room for payloads",
)
_RATES: Final = MappingProxyType(
    {"deliveries": DELIVERIES, "duplicates": DUPLICATES, "refused": REFUSED}
)
_UNWANTED: Final = ("unwanted", "spooled")  # how those may be counted that no mapping takes


@dataclass(frozen=True, slots=True)
class _Numbers:
    """What all sources have, read at once; *unwanted*: those of which any mapping took none."""

    status: Mapping[str, Any]
    samples: Samples
    hour: Mapping[str, Mapping[str, int]]
    day: Mapping[str, Mapping[str, int]]
    unwanted: frozenset[str]
    notices: tuple[Reason, ...]
    pulls: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Sources:
    """
    All sources that may be seen, those first that need a person.

    Args:
        unnamed: Reason → refused requests that name no source; empty for who sees only some.
        removed: Name → the pause of a source that is configured no longer, as of one that is; empty
            likewise.
    """

    items: list[dict[str, Any]]
    unnamed: Mapping[str, int]
    removed: Mapping[str, Mapping[str, Any]]


def list_sources(
    context: Context,
    configuration: Configuration,
    scope: Scope,
    *,
    cursor: str | None = None,
    limit: int,
) -> Page:
    """
    Return the sources in *scope*, by name.

    Args:
        cursor: The last name of the page before.

    Raises:
        StoreUnavailable: The store did not answer.
    """
    names = sorted(name for name in scope.sources if name > (cursor or ""))
    numbers = _read(context, names[:limit])
    items = _items(context, configuration, scope, numbers, names[:limit], SECONDS)
    return Page(items, names[limit - 1] if len(names) > limit else None)


def sources_by_need(context: Context, configuration: Configuration, scope: Scope) -> Sources:
    """Return all sources in *scope*; raises StoreUnavailable. There are as many as configured."""
    names = sorted(scope.sources)
    numbers = _read(context, names)
    items = _items(context, configuration, scope, numbers, names, SECONDS_OF_ALL)
    unnamed = numbers.status["refusals"].get(UNKNOWN, {}) if scope.whole else {}
    return Sources(sorted(items, key=_need), unnamed, _removed(numbers.status, scope))


def show_source(
    context: Context, configuration: Configuration, scope: Scope, name: str
) -> dict[str, Any] | None:
    """Return the source *name* as in the list; None: there is none. Raises StoreUnavailable."""
    if name not in scope.sources:
        return None
    return _items(context, configuration, scope, _read(context, [name]), [name], SECONDS)[0]


def is_removed(context: Context, scope: Scope, name: str) -> bool:
    """Tell whether *name* is a paused source that is configured no longer."""
    return name not in scope.sources and name in _removed(context.report.status(), scope)


def _removed(status: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    """Return those by name, with how many items wait in all; none for who sees only some."""
    found = status["unconfigured"] if scope.whole else {}
    return {
        name: each | {"resting": sum(of["items"] for of in each["resting"].values())}
        for name, each in found.items()
    }


def refused_unnamed(context: Context) -> Mapping[str, int]:
    """Return reason → refused requests that name no source; raises StoreUnavailable."""
    found: Mapping[str, int] = context.report.status()["refusals"].get(UNKNOWN, {})
    return found


def _items(
    context: Context,
    configuration: Configuration,
    scope: Scope,
    numbers: _Numbers,
    names: list[str],
    seconds: float,
) -> list[dict[str, Any]]:
    entries = DeliveryEntries(context, configuration, scope)
    unwanted = _all_unwanted([name for name in names if name in numbers.unwanted], entries, seconds)
    return [
        _source(name, numbers, configuration, scope) | {"unwanted": unwanted.get(name, {})}
        for name in names
    ]


def _need(source: Mapping[str, Any]) -> tuple[int, str]:
    """Order by what is worst of a source, then what is paused, then by name."""
    ranks = [_WORST.index(each["name"]) for each in source["attention"]]
    paused = len(_WORST) + (source["state"] != "paused")
    return min(ranks, default=paused), source["name"]


def _read(context: Context, names: list[str]) -> _Numbers:
    samples = MinuteSamples(context.steps, context.settings).read()
    fields = [f"deliveries:{name}:{outcome}" for name in names for outcome in _UNWANTED]
    with guarded():
        counts = context.steps.client.hmget(keys.METRICS, fields) if fields else []
    counted = zip(fields, counts, strict=True)
    traffic = Traffic.of(samples.now, samples.minutes, samples.quarters)
    status, settings = context.report.status(), context.settings
    asked = [settings.pulls[name] for name in names if name in settings.pulls]
    pulls = last_pulls(context.steps.client, asked)
    return _Numbers(
        status,
        samples,
        _lately(traffic.hour),
        _lately(traffic.day),
        frozenset(field.split(":")[1] for field, count in counted if int(count or 0)),
        (
            *notices_of_sources(status),
            *source_notices(traffic, names),
            *pull_notices(pulls),
            *overdue_pulls(pulls, datetime.now(UTC)),
        ),
        pulls,
    )


def _source(
    name: str, numbers: _Numbers, configuration: Configuration, scope: Scope
) -> dict[str, Any]:
    counted, source = numbers.status["sources"][name], configuration.settings.all_sources[name]
    options = [
        rule.options
        for rule in configuration.mappings.rules
        if rule.options.source == name and rule.options.collection in scope.collections
    ]
    every = any(each.topics is None for each in options)
    used = numbers.samples.secrets
    return {
        "name": name,
        "sender": source.sender,
        "collections": sorted({each.collection for each in options}),
        # null: a mapping takes every topic.
        "topics": None if every else sorted({t for each in options for t in each.topics or ()}),
        **{figure: counted[figure] for figure in _FIGURES},
        "who": counted.get("who"),
        "until": counted.get("until"),
        "resting": sum(
            each["items"] for of, each in counted["resting"].items() if of in scope.collections
        ),
        "attention": _attention(name, numbers.notices),
        "pull": _pull(numbers.pulls[name]) if name in numbers.pulls else None,
        "hour": {figure: own.get(name) for figure, own in numbers.hour.items()},
        "day": {figure: own.get(name) for figure, own in numbers.day.items()},
        "refusals": numbers.status["refusals"].get(name, {}),
        "secrets": [
            secret | {"last": moment(used.get((name, mark)))}
            for mark, secret in zip(source.marks, counted["secrets"], strict=True)
        ],
        "stale": sum(n for of, n in counted["stale"].items() if of in scope.collections),
    }


def _pull(run: Mapping[str, Any]) -> dict[str, Any]:
    """Return the last run of a source that is pulled, and when the next is due."""
    names = ("state", "began", "ended", "next", "proven", "records")
    return {name: run[name] for name in names} | {"message": run["said"]}


def _attention(name: str, notices: Iterable[Reason]) -> list[dict[str, Any]]:
    """Return what a person should look at of the source *name*, the worst first."""
    found = {}
    for each in notices:
        place, _, what = each.name.partition(": ")
        if place == f"source {name}":
            found[what] = {"name": what, "since": each.since, "why": each.why, "do": each.do}
    if _ALL_REFUSED in found:
        found.pop(_MOST_REFUSED, None)  # says the same again
    return sorted(found.values(), key=lambda each: _WORST.index(each["name"]))


def _lately(window: Window) -> dict[str, Mapping[str, int]]:
    """Return what came in *window*: figure → source → number; without those not sampled."""
    return {figure: window.totals(column) for figure, column in _RATES.items()}


def _all_unwanted(
    names: list[str], entries: DeliveryEntries, seconds: float
) -> dict[str, dict[str, int] | None]:
    """
    Return source → topics of its newest deliveries that no mapping takes, and how many had them.

    None: the time was up; of the first source some are looked at in any case.
    """
    ends = time.monotonic() + seconds
    found: dict[str, dict[str, int] | None] = {}
    for name in names:
        is_late = bool(found) and time.monotonic() > ends
        found[name] = None if is_late else _unwanted(name, entries, ends)
    return found


def _unwanted(name: str, entries: DeliveryEntries, ends: float) -> dict[str, int] | None:
    topics: Counter[str] = Counter()
    seen = 0
    for each in look_through(entries, DeliveryFilter(name, outcome="unwanted")):
        if isinstance(each, DeliveryEntry):
            topics.update(each.summary.topics)
        else:
            seen += each.entries
        if seen >= NEWEST:
            break
        if seen > FIRST and time.monotonic() > ends:
            return None
    return dict(topics.most_common(TOPICS))
