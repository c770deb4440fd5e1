"""A CMS behind a bad network: a request is applied when it lands, late or never."""

import json
from dataclasses import dataclass, field
from datetime import datetime

from workers.model.attempts import Batch

SEND_MS = 15_000  # no request starts later than this after its claim
LATE_MS = 60_000  # and none is applied later than this after it was sent


@dataclass(eq=False)
class Flight:
    """One claim and its request."""

    batch: Batch
    claimed: int  # ms
    sent: int | None = None
    over: bool = False  # applied, refused or lost: it changes nothing any more
    applied: bool = False
    settled: bool = False
    updated: dict = field(default_factory=dict)  # record → lastUpdated, in s

    @property
    def aloft(self):
        return self.sent is not None and not self.over


class Network:
    """*now*: returns ms of the clock of the CMS."""

    def __init__(self, now):
        self.now = now
        self.items = {"i1": "id-i1", "i2": "id-i2"}  # key → item id
        self.created = {"i1": 1, "i2": 2}
        self.edited = {"i1": 0, "i2": 0}  # ms
        self.values = {}  # (item id, slug) → value
        self.flights = []
        self.clock = 2
        self.writers = {}  # (item id, slug) → the flight that wrote it last
        self.landings = []  # (key, slug → (value, writer) of the item then, its lastUpdated in s)

    def create(self, key):
        self.clock += 1
        self.items[key] = f"id-{key}-{self.clock}"
        self.created[key] = self.clock
        self.edited[key] = self.now()

    def delete(self, key):
        del self.items[key], self.created[key], self.edited[key]

    def listing(self, lookup, size):
        """A page of what was created, oldest first, or edited since; and the offset of the next."""
        keys = sorted(self.items, key=self.created.get, reverse=lookup.edited)
        since, offset = lookup.since, lookup.offset
        if lookup.edited:
            since = datetime.fromisoformat(since).timestamp() * 1000
            keys = [k for k in keys if self.edited[k] >= since]
        elif since is not None:
            keys = [k for k in keys if f"{self.created[k]:04d}" >= since]
        page = [
            {
                "key": key,
                "id": self.items[key],
                "created": f"{self.created[key]:04d}",
                "updated": None,
                "shown": True,
            }
            for key in keys[offset : offset + size]
        ]
        return page, offset + size if offset + size < len(keys) else None

    def knows(self, batch):
        """Whether all items of *batch* exist: one that does not refuses the whole request."""
        return all(item.id in self.items.values() for item in batch.items)

    def land(self, flight, *, but=()):
        """Apply a request that was sent, *but* for what the CMS drops silently: (record, slug)."""
        flight.over = True
        if not self.knows(flight.batch):
            return
        flight.applied = True
        for item in flight.batch.items:
            for sent in item.fields:
                if (item.record, sent.slug) not in but:
                    self.values[item.id, sent.slug] = json.loads(sent.value)
                    self.writers[item.id, sent.slug] = flight
            shown = {
                slug: (value, self.writers[id, slug])
                for (id, slug), value in self.values.items()
                if id == item.id
            }
            self.edited[item.record] = self.now()
            flight.updated[item.record] = 1000 + len(self.landings)
            self.landings.append((item.record, shown, flight.updated[item.record]))

    def tick(self, now):
        """What was not sent in time never is; what did not land in time never will."""
        for flight in self.flights:
            if flight.sent is None and now - flight.claimed > SEND_MS:
                flight.over = True
            if flight.sent is not None and now - flight.sent > LATE_MS:
                flight.over = True

    def sends_since(self, flight, record, slug):
        """How many requests for one field were claimed after *flight* was."""
        later = self.flights[self.flights.index(flight) + 1 :]
        return sum(
            item.record == record and any(sent.slug == slug for sent in item.fields)
            for each in later
            for item in each.batch.items
        )

    def may_change(self, id, slug, value):
        """Whether a request that can still land would put another value into a field."""
        return any(
            not flight.over
            and any(
                item.id == id and field.slug == slug and json.loads(field.value) != value
                for item in flight.batch.items
                for field in item.fields
            )
            for flight in self.flights
        )
