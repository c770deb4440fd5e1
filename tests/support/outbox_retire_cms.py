"""A CMS whose items come and go, behind a network that delivers late or never."""

import json
from dataclasses import dataclass

from tests.support.outbox_retiring import GONE
from workers.model import retirement
from workers.model.attempts import Batch, FieldFailure, ItemOutcome

FLAGS = ("_archived", "_draft")


@dataclass(eq=False)
class Item:
    key: str
    values: dict
    archived: bool = False
    draft: bool = False
    live: bool = True
    published: str = "2025-01-01T00:00:00.000Z"
    updated: str = "2025-01-01T00:00:00.000Z"

    @property
    def status(self):
        flags = "a" * self.archived + "d" * self.draft
        return f"{flags}|{self.published if self.live else ''}|{self.updated}"


@dataclass(eq=False)
class Flight:
    """One claim and its request."""

    batch: Batch
    sent: int  # ms
    over: bool = False  # landed, or lost for good
    settled: bool = False


class Cms:
    def __init__(self, *keys):
        self.items = {f"id-{key}": Item(key, {}) for key in keys}
        self.made = 0
        self.changes = 0

    def _touch(self, item, *, published=False):
        self.changes += 1
        item.updated = f"2025-02-01T00:00:{self.changes // 1000:02}.{self.changes % 1000:03}Z"
        if published:
            item.published = item.updated

    def status(self, id):
        """What the CMS shows of an item; of one that is not there, what it was first."""
        return self.items[id].status if id in self.items else Item("", {}).status

    def of(self, key):
        return [item for item in self.items.values() if item.key == key]

    def listing(self):
        return [
            {"key": item.key, "id": id, "updated": None, "created": "2025-01-01",
             "status": item.status}
            for id, item in self.items.items()
        ]  # fmt: skip

    def land(self, flight):
        """Carry out a request; returns what the worker makes of its answer."""
        flight.over = True
        batch = flight.batch
        if batch.create:
            return [self._create(item) for item in batch.items]
        unknown = [item for item in batch.items if item.id not in self.items]
        if unknown and not batch.alone:
            return _halved(batch)
        if batch.retire:
            return [self._take_away(item, batch.kind) for item in batch.items]
        if unknown:
            return [_missing(batch.items[0])]
        if batch.publish:
            return [self._publish(item) for item in batch.items]
        held_back = [item for item in batch.items if not self.items[item.id].live]
        if held_back and not batch.staged:
            alone = [ItemOutcome(item.record, staged=True, attempt=True) for item in batch.items]
            return alone if batch.alone else _halved(batch)
        return [self._patch(item, staged=batch.staged) for item in batch.items]

    def _create(self, item):
        self.made += 1
        id = f"new-{self.made}"
        values = {field.slug: json.loads(field.value) for field in item.fields}
        self.items[id] = Item(item.record, values)
        return ItemOutcome(item.record, made=id, written=tuple(values))

    def _take_away(self, item, kind):
        found = self.items.get(item.id)
        if found and kind == "delete":
            del self.items[item.id]
        elif found:
            found.live, found.draft = False, True
            self._touch(found)
        return ItemOutcome(item.record, retired=True)

    def _publish(self, item):
        found = self.items[item.id]
        found.live, found.draft = True, False
        self._touch(found, published=True)
        return ItemOutcome(item.record, staged=False)

    def _patch(self, item, *, staged):
        found = self.items[item.id]
        sent = {field.slug: json.loads(field.value) for field in item.fields}
        flags = retirement.flags(sent[GONE]) if GONE in sent else {}
        found.archived = flags.get("_archived", found.archived)
        found.draft = flags.get("_draft", found.draft)
        found.values |= {slug: value for slug, value in sent.items() if slug != GONE}
        self._touch(found, published=not staged)
        if staged and flags and not any(flags.values()) and item.attempts < 3:
            return ItemOutcome(item.record, publish=True, status=found.status)
        return ItemOutcome(item.record, written=tuple(sent), status=found.status)


def _halved(batch):
    return [ItemOutcome(item.record, limit=max(1, len(batch.items) // 2)) for item in batch.items]


def _missing(item):
    if not item.forgotten:
        return ItemOutcome(item.record, forget=True)
    slugs = tuple(field.slug for field in item.fields)
    return ItemOutcome(item.record, failures=(FieldFailure("missing", slugs, "no such item"),))
