"""What goes out first once something is resumed: how many items, the oldest, and for how long."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from service.operate.drain_time import calls_for, seconds_for
from service.operate.moments import moment
from service.operate.pause_targets import Target
from workers.delivery.context import Context
from workers.store import keys
from workers.store.connection import guarded
from workers.store.pauses import Pauses, Resting


@dataclass(frozen=True, slots=True)
class GoesOut:
    """
    Items of a collection that wait.

    Args:
        oldest: ms since 1970.
        seconds: For which they take the whole budget of their destination.
    """

    collection: str
    items: int
    oldest: float
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        return {
            "collection": self.collection,
            "items": self.items,
            "oldest": moment(self.oldest),
            "seconds": round(self.seconds),
        }


def goes_out(context: Context, target: Target) -> list[GoesOut]:
    """
    Return what waits for *target*, by collection, the oldest first.

    Raises:
        StoreUnavailable: The store did not answer.
    """
    found = (_estimate(context, each) for each in _waiting(context, target))
    return sorted((each for each in found if each), key=lambda each: each.oldest)


def _estimate(context: Context, each: Resting) -> GoesOut | None:
    collection = context.settings.collections.get(each.collection)
    if collection is None or not each.records:
        return None
    destination = context.settings.destinations[collection.destination]
    requests = calls_for(each.records, destination)
    seconds = seconds_for(requests, destination.requests_per_minute)
    return GoesOut(each.collection, each.records, each.oldest, seconds)


def _waiting(context: Context, target: Target) -> Iterator[Resting]:
    if target.kind == "writeback":
        return
    if target.kind == "source":
        yield from Pauses(context.steps, context.settings).resting(target.name)
        return
    names = [
        each.name
        for each in context.settings.collections.values()
        if target.kind == "lane" or target.name in (each.destination, each.name)
    ]
    with guarded(), context.steps.client.pipeline(transaction=False) as pipeline:
        for name in names:
            lane = target.kind == "lane"
            pipeline.zcard(keys.due(name, target.name) if lane else keys.waiting(name))
            pipeline.zrange(keys.waiting(name), 0, 0, withscores=True)
        found = iter(pipeline.execute())
    for name in names:
        count, first = next(found), next(found)
        if count and first:
            yield Resting(name, count, first[0][1])
