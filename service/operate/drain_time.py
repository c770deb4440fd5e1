"""For how long what waits takes the budget of its destination."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from workers.config.settings import Destination, Settings
from workers.store.budget import pace
from workers.store.collection_waits import NOT_PUBLISHED

_STOPPED = ("paused", "outage")


def calls_for(items: int, destination: Destination) -> int:
    """Return the requests that *items* of one collection need, each as full as it may be."""
    return -(-items // destination.batch)


def seconds_for(calls: int, limit: int) -> float:
    """Return for how long *calls* take all that a budget of *limit* calls a minute allows."""
    return 60 * calls / pace(limit)


def drain_times(settings: Settings, status: Mapping[str, Any]) -> dict[str, float | None]:
    """
    Return destination → seconds until nothing waits, at the pace that its token is allowed.

    No less than that: look-ups and what comes meanwhile take calls as well. None: nothing goes out,
    since it is paused or does not answer. What a paused collection holds, or one that waits for a
    publish of its site, is left out. Destinations of one token share its budget.

    Args:
        status: The numbers of ``instep status --json``.
    """
    wanted: Counter[str] = Counter()
    entries = status["destinations"]
    for name, destination in settings.destinations.items():
        if entries[name]["state"] not in _STOPPED:
            wanted[destination.budget] += _calls(settings, destination, status["collections"])
    return {
        name: None
        if entries[name]["state"] in _STOPPED
        else round(seconds_for(wanted[destination.budget], entries[name]["budget"]["limit"]), 1)
        for name, destination in settings.destinations.items()
    }


def _calls(
    settings: Settings, destination: Destination, collections: Mapping[str, Mapping[str, Any]]
) -> int:
    own = (collections[each.name] for each in settings.collections_of(destination.name))
    moving = (each for each in own if each["state"] != "paused" and not _unpublished(each))
    return sum(calls_for(each["pending_items"], destination) for each in moving)


def _unpublished(entry: Mapping[str, Any]) -> bool:
    return any(wait["reason"] == NOT_PUBLISHED for wait in entry["waits"])
