"""Pending deletes without a store: what the pages of it need to be told."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from workers.store.held_delete import HeldDelete
from workers.store.held_deletes import Decided

SINCE = datetime(2026, 5, 12, 9, 30, tzinfo=UTC)


def held(arrival, collection="products", **parts):
    """Return a delete that waits for approval."""
    made = HeldDelete(
        id=f"{collection}:{arrival}",
        collection=collection,
        record=f"k{arrival}",
        key=f"K{arrival}",
        item=f"item-{arrival}",
        action="archive",
        source="erp",
        run=None,
        since=SINCE + timedelta(seconds=arrival),
        arrival=arrival,
        waits="approval",
        until=None,
        reason="half of the collection or more",
    )
    return replace(made, **parts)


class FakeHeldDeletes:
    def __init__(self, *deletes):
        self.deletes = {each.id: each for each in deletes}
        self.decided = []  # what was decided, of what and by whom

    def count(self, collections):
        waiting = [each.collection for each in self.deletes.values() if each.waits == "approval"]
        return {name: waiting.count(name) for name in collections}

    def list(self, collection, *, after, limit):
        number = int(after.rpartition(":")[2]) if after else 0
        found = [each for each in self.deletes.values() if collection in (None, each.collection)]
        found = [each for each in found if each.arrival > number]
        return sorted(found, key=lambda each: each.arrival)[:limit]

    def asking(self, collections):
        return {name for name, number in self.count(collections).items() if number}

    def arrivals(self, collection, *, after, limit):
        found = self.list(collection, after=f"{collection}:{after}", limit=limit)
        return [each.arrival for each in found]

    def records(self, collection, arrivals):
        found = [self.deletes.get(f"{collection}:{arrival}") for arrival in arrivals]
        return [(each.record, each.arrival) for each in found if each]

    def read(self, named):
        found = [self.deletes.get(f"{name}:{arrival}") for name, arrival in named]
        return sorted(filter(None, found), key=lambda each: each.arrival)

    def approve(self, collection, named, by):
        return self._decide("approve", collection, named, by)

    def drop(self, collection, named, by):
        return self._decide("drop", collection, named, by)

    def _decide(self, action, collection, named, by):
        found = {(each.record, each.arrival): id for id, each in self.deletes.items()}
        left = tuple(record for record, arrival in named if (record, arrival) not in found)
        for record, arrival in named:
            if id := found.get((record, arrival)):
                self.decided.append((action, id, by))
                del self.deletes[id]
        return Decided(len(named) - len(left), left, ())
