"""
Held retirements: deletes that wait for others of their kind, or for an approval.

A retirement that an event, a remap or a reconcile brings is held beside the fields of its item
(``held_retirements.lua``), which go on as if it had not come. Those of live events wait `delay`
seconds; then one step decides: what the guard of their collection allows takes its place, and
otherwise all of that collection wait for an approval, with those that come until the last of them
is decided on.
"""

from __future__ import annotations

import heapq
import uuid
from collections.abc import Collection as Sized
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from workers.config.settings import Collection, Settings
from workers.model.changes import Delivery
from workers.model.held_reason import HeldReason, up_to_date
from workers.store import held_keys, keys
from workers.store.connection import guarded
from workers.store.held_delete import HeldDelete, held_delete_of
from workers.store.item_record import SHOWN
from workers.store.scripts import Steps

AT_ONCE: Final = 50  # decided on in one step, since it blocks all others
_NAMES: Final = (held_keys.HELD, "by", SHOWN)  # that are read of an item


@dataclass(frozen=True, slots=True)
class Decided:
    """
    What came of a decision.

    Args:
        done: Retirements that took their places, or were dropped.
        left: Records of which another one, or none, is held by now: nothing was done.
        wake: Destinations that need a job (`Wakes.wake`).
    """

    done: int
    left: tuple[str, ...]
    wake: tuple[str, ...]


class HeldDeletes:
    """Every method raises StoreUnavailable if the store does not answer."""

    def __init__(self, steps: Steps, settings: Settings) -> None:
        self._steps = steps
        self._client: Any = steps.client  # typed as if it might not decode
        self._settings = settings

    # reading --------------------------------------------------------------------------------

    def count(self, collections: Sized[str] | None = None) -> Mapping[str, int]:
        """Return how many wait for approval, by collection; of all collections by default."""
        names = list(self._settings.collections if collections is None else collections)
        with guarded(), self._client.pipeline(transaction=False) as pipeline:
            for name in names:
                pipeline.hexists(keys.collection(name), held_keys.ASKS)
                pipeline.zcard(held_keys.held(name))
            found = iter(pipeline.execute())
        counted = ((name, next(found), next(found)) for name in names)
        return {name: int(number) if asks else 0 for name, asks, number in counted}

    def reasons(self, collections: Sized[str]) -> Mapping[str, HeldReason]:
        """Return why deletes wait for approval, by collection; without those in which none do."""
        asks = self._reasons(collections)
        return {name: HeldReason.parse(told) for name, told in asks.items() if told}

    def list(
        self, collection: str | None = None, *, after: str | None = None, limit: int = 50
    ) -> Sequence[HeldDelete]:
        """
        Return those of one collection, or of all, oldest first.

        Args:
            after: The id of the last one of the page before.
        """
        names = [collection] if collection else list(self._settings.collections)
        first = int(after.rpartition(":")[2]) + 1 if after else 0
        with guarded(), self._client.pipeline(transaction=False) as pipeline:
            for name in names:
                held = held_keys.held(name)
                pipeline.zrangebyscore(held, first, "+inf", 0, limit, withscores=True)
                pipeline.hget(keys.collection(name), held_keys.ASKS)
                pipeline.zcard(held)
            found = iter(pipeline.execute())
        asks: dict[str, str | None] = {}
        pages: list[list[tuple[float, str, str]]] = []
        for name in names:
            pages.append([(score, name, record) for record, score in next(found)])
            asks[name] = up_to_date(next(found), next(found))
        chosen = [(name, record) for _, name, record in heapq.merge(*pages)][:limit]
        return list(self._read(chosen, asks))

    def asking(self, collections: Sized[str]) -> set[str]:
        """Return those of *collections* whose deletes wait for approval: all of them, or none."""
        names = list(collections)
        with guarded(), self._client.pipeline(transaction=False) as pipeline:
            for name in names:
                pipeline.hexists(keys.collection(name), held_keys.ASKS)
            return {name for name, asks in zip(names, pipeline.execute(), strict=True) if asks}

    def arrivals(self, collection: str, *, after: int, limit: int) -> Sequence[int]:
        """Return the arrival numbers behind *after* in *collection*, in order; reads no item."""
        with guarded():
            held = held_keys.held(collection)
            found = self._client.zrangebyscore(held, after + 1, "+inf", 0, limit, withscores=True)
        return [int(score) for _, score in found]

    def records(self, collection: str, arrivals: Sequence[int]) -> Sequence[tuple[str, int]]:
        """Return record and arrival number of those of *arrivals* that wait; reads no item."""
        with guarded(), self._client.pipeline(transaction=False) as pipeline:
            for arrival in arrivals:
                pipeline.zrangebyscore(held_keys.held(collection), arrival, arrival)
            found = pipeline.execute()
        pairs = zip(arrivals, found, strict=True)
        return [(record, arrival) for arrival, records in pairs for record in records]

    def read(self, named: Sequence[tuple[str, int]]) -> Sequence[HeldDelete]:
        """Return those that are *named*, by collection and arrival number, and wait."""
        names = {name for name, _ in named}
        own = {name: [arrival for each, arrival in named if each == name] for name in names}
        chosen = [(name, record) for name in names for record, _ in self.records(name, own[name])]
        read = self._read(chosen, self._reasons(names))
        wanted = {*named}
        found = [each for each in read if (each.collection, each.arrival) in wanted]
        return sorted(found, key=lambda each: each.arrival)

    def _reasons(self, collections: Sized[str]) -> Mapping[str, str | None]:
        """Return what the store keeps of why those of *collections* wait for approval."""
        names = list(collections)
        with guarded(), self._client.pipeline(transaction=False) as pipeline:
            for name in names:
                pipeline.hget(keys.collection(name), held_keys.ASKS)
                pipeline.zcard(held_keys.held(name))
            found = iter(pipeline.execute())
        return {name: up_to_date(next(found), next(found)) for name in names}

    def _read(
        self, chosen: Sequence[tuple[str, str]], asks: Mapping[str, str | None]
    ) -> Iterator[HeldDelete]:
        with guarded(), self._client.pipeline(transaction=False) as pipeline:
            for name, record in chosen:
                copy = self._settings.copy_of(self._settings.collections[name])
                pipeline.hmget(keys.item(name, record), _NAMES)
                pipeline.hget(keys.item_ids(name, copy), record)
            found = iter(pipeline.execute())
        for name, record in chosen:
            stored, id = dict(zip(_NAMES, next(found), strict=True)), next(found)
            delete = held_delete_of(name, record, stored, asks[name])
            if delete is not None:  # it may have ended meanwhile
                yield replace(delete, item=delete.item or id)

    # deciding -------------------------------------------------------------------------------

    def approve(self, collection: str, named: Sequence[tuple[str, int]], by: str) -> Decided:
        """
        Let those that are *named*, by record and arrival number, take their places.

        Args:
            by: Who approves: the name of an access, or user and host.

        Raises:
            KeyError: There is no such collection.
        """
        return self._decide("approve", collection, named, by)

    def drop(self, collection: str, named: Sequence[tuple[str, int]], by: str) -> Decided:
        """
        Discard those that are *named*; no other is asked for until the record was seen to exist.

        Raises:
            KeyError: There is no such collection.
        """
        return self._decide("drop", collection, named, by)

    def _decide(self, act: str, name: str, named: Sequence[tuple[str, int]], by: str) -> Decided:
        about = request_of(self._settings, self._settings.collections[name])
        done, wake = 0, set[str]()
        left: list[str] = []
        for start in range(0, len(named), AT_ONCE):
            pairs = [list(pair) for pair in named[start : start + AT_ONCE]]
            request = {"token": uuid.uuid4().hex, "act": act, "by": by, "named": pairs}
            answer = self._steps.run("decide_held", about | request)
            done += answer["done"]
            left += answer["left"] or []
            if answer["wake"]:
                wake.add(about["destination"])
        return Decided(done, tuple(left), tuple(wake))

    def sweep(self, collection: str) -> tuple[str, ...]:
        """
        Decide on those of *collection* whose delay has ended.

        Return the destinations that need a job.
        """
        about = request_of(self._settings, self._settings.collections[collection])
        wake, more = set[str](), True
        while more:
            answer = self._steps.run("held_sweep", about | {"token": uuid.uuid4().hex})
            more = answer["more"]
            if answer["wake"]:
                wake.add(about["destination"])
        return tuple(wake)


def limits_of(settings: Settings, collection: Collection) -> dict[str, Any]:
    """Return the limits of *collection* for ``retirement_guard.lua``."""
    guard = collection.guard
    live = settings.destinations[collection.destination].live
    return {
        "place": f"{collection.name}:{settings.copy_of(collection)}",
        "copy": settings.copy_name(collection, staged=not live),
        "delay_ms": round(guard.delay * 1000),
        "at_most": guard.at_most,
        "percent": guard.percent,
        "half_from": guard.half_from,
        "window_ms": round(guard.window * 1000),
    }


def guards_of(delivery: Delivery, settings: Settings) -> dict[str, Any]:
    """Return the limits of the collections in which *delivery* retires, unless approved."""
    if delivery.mode == "reconcile" and delivery.retiring is None:
        return {}
    names = {c.collection for event in delivery.events for c in event.changes if c.retire}
    if not names:
        return {}
    limits = {name: limits_of(settings, settings.collections[name]) for name in sorted(names)}
    return {"guards": limits, "retiring": delivery.retiring}


def request_of(settings: Settings, collection: Collection) -> dict[str, Any]:
    destination = settings.destinations[collection.destination]
    return {
        "collection": collection.name,
        "destination": destination.name,
        "batch": destination.batch,
        "limits": limits_of(settings, collection),
        "weak": settings.store.durability != "always",
    }
