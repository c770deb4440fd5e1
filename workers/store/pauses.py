"""
Pauses of sources and of lanes, all destinations alike; see ``lua/lib/pauses.lua``.

What a paused source sends is accepted as ever and waits; of a paused lane nothing is claimed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import redis

from workers.config.settings import Settings
from workers.store import keys
from workers.store.connection import guarded
from workers.store.scripts import Steps

_RESTS = "rests:"


@dataclass(frozen=True, slots=True)
class HandPause:
    """A pause by a person. Times are ms since 1970."""

    reason: str
    by: str  # as in the audit list
    since: float
    till: float | None = None  # it ends by itself then


@dataclass(frozen=True, slots=True)
class Resting:
    """Records of a collection that wait for a source."""

    collection: str
    records: int
    oldest: float  # ms since 1970


class Pauses:
    """
    Names are ``source:NAME`` and ``lane:NAME``. Every method raises StoreUnavailable if the store
    does not answer.
    """

    def __init__(self, steps: Steps, settings: Settings) -> None:
        self._steps = steps
        self._settings = settings

    def pause(self, name: str, reason: str, *, by: str, seconds: float | None = None) -> None:
        """Send nothing of *name*; *seconds*: the sweep resumes it after that."""
        for_ms = seconds and round(1000 * seconds)
        self._steps.run(
            "pause",
            {"name": name, "act": "pause", "reason": reason, "by": by, "for_ms": for_ms},
        )

    def resume(self, name: str) -> Sequence[str]:
        """Go on with *name*; return the destinations for which the caller enqueues a job."""
        lane = name.startswith("lane:")
        destinations = [*self._settings.destinations] if lane else None
        request = {"name": name, "act": "resume", "destinations": destinations}
        return tuple(self._steps.run("pause", request)["wake"] or ())

    def read(self) -> Mapping[str, HandPause]:
        """Return the pauses in force, by name."""
        return paused_of(self._held())

    def resting(self, source: str) -> Sequence[Resting]:
        """Return what waits for *source*, by collection."""
        own = [each for each in rests_of(self._held()) if each[1] == source]
        return [each for _, each in _read(self._steps.client, own)]

    def _held(self) -> Mapping[str, str]:
        with guarded():
            held: Any = self._steps.client.hgetall(keys.PAUSES)
        return dict(held)


def paused_of(held: Mapping[str, str]) -> dict[str, HandPause]:
    """Return the pauses in the hash `keys.PAUSES`, by name."""
    return {name: _parse(text) for name, text in held.items() if not name.startswith(_RESTS)}


def resting_of(
    client: redis.Redis, held: Mapping[str, str], now: float
) -> dict[str, dict[str, dict[str, Any]]]:
    """Return ``{source: {collection: {items, oldest_seconds}}}`` at *now*, ms since 1970."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for source, each in _read(client, rests_of(held)):
        age = round(max(0.0, now - each.oldest) / 1000, 3)
        entry = {"items": each.records, "oldest_seconds": age}
        found.setdefault(source, {})[each.collection] = entry
    return found


def _read(client: redis.Redis, places: Sequence[tuple[str, str]]) -> list[tuple[str, Resting]]:
    """Return source and what rests at *places*, (collection, source), where anything does."""
    if not places:
        return []
    with guarded(), client.pipeline(transaction=False) as pipeline:
        for place in places:
            pipeline.zcard(keys.paused(*place))
            pipeline.zrange(keys.paused(*place), 0, 0, withscores=True)
        answers = iter(pipeline.execute())
    found = [(place, next(answers), next(answers)) for place in places]
    return [
        (source, Resting(collection, count, first[0][1]))
        for (collection, source), count, first in found
        if first
    ]


def rests_of(held: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return collection and source of the sets that the hash names."""
    found = (name.split(":", 2) for name in held if name.startswith(_RESTS))
    return sorted((collection, source) for _, collection, source in found)


def _parse(text: str) -> HandPause:
    stored: dict[str, Any] = json.loads(text)
    return HandPause(stored["reason"], stored["by"], stored["since"], stored.get("till"))
