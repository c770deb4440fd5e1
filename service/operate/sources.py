"""The sources: what came of each, when the last came, and what was refused."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from itertools import islice
from typing import Any, Final

from service.config.build import Configuration
from service.operate.delivery_entry import DeliveryEntries
from service.operate.delivery_selection import DeliveryFilter, select_deliveries
from service.operate.page import Page
from service.operate.scope import Scope
from workers.delivery.context import Context

NEWEST: Final = 500  # deliveries of a source that are looked through for topics
TOPICS: Final = 20  # that are named of one source
SECONDS: Final = 1.0  # for the topics of one page
_FIGURES: Final = (
    *("state", "reason", "since"),
    *("deliveries", "duplicates", "refused", "unmapped", "kept", "kept_since", "last"),
)


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
    status = context.report.status()
    names = sorted(name for name in scope.sources if name > (cursor or ""))
    entries, ends = DeliveryEntries(context, configuration, scope), time.monotonic() + SECONDS
    items = [
        _source(name, status, configuration, scope) | _unwanted(name, entries, ends)
        for name in names[:limit]
    ]
    return Page(items, names[limit - 1] if len(names) > limit else None)


def _source(
    name: str, status: Mapping[str, Any], configuration: Configuration, scope: Scope
) -> dict[str, Any]:
    counted, source = status["sources"][name], configuration.settings.sources[name]
    options = [
        rule.options
        for rule in configuration.mappings.rules
        if rule.options.source == name and rule.options.collection in scope.collections
    ]
    every = any(each.topics is None for each in options)
    return {
        "name": name,
        "sender": source.sender,
        "collections": sorted({each.collection for each in options}),
        # null: a mapping takes every topic.
        "topics": None if every else sorted({t for each in options for t in each.topics or ()}),
        **{figure: counted[figure] for figure in _FIGURES},
        "refusals": status["refusals"].get(name, {}),
        "secrets": counted["secrets"],
        "stale": sum(n for of, n in counted["stale"].items() if of in scope.collections),
    }


def _unwanted(name: str, entries: DeliveryEntries, ends: float) -> dict[str, Any]:
    """Return topics of the newest deliveries that no mapping takes; null: the time was up."""
    found: Counter[str] = Counter()
    for each in islice(select_deliveries(entries, DeliveryFilter(name)), NEWEST):
        if time.monotonic() > ends:
            return {"unwanted": None}
        if each.outcome == "unwanted":
            found.update(each.summary.topics)
    return {"unwanted": dict(found.most_common(TOPICS))}
