"""
Drives an outbox on a real store: moves its time, plays the worker, looks at what is stored.

Time is moved through the offset of the steps, never by sleeping.
"""

import copy
import json
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.support.stored_items import item_of
from workers.config.settings import Collection, Destination, Guard, Settings, Source, StoreSettings
from workers.model import retirement
from workers.model.attempts import Batch, BatchOutcome, Call, ItemOutcome, Lookup
from workers.model.changes import (
    Change,
    Delivery,
    FieldProblem,
    FieldValue,
    Incoming,
    canonical,
    sequence_version,
    time_version,
)
from workers.model.retirement import GONE
from workers.store import keys
from workers.store.outbox import Outbox
from workers.store.record_history import RecordHistory
from workers.store.scripts import Steps

EPOCH = datetime(2025, 1, 1, tzinfo=UTC)
LANES = ("live", "replay", "reconcile")
LIVE = "|2025-01-01T00:00:00.000Z|"  # the status of an item that is published
NEVER = "d||"  # of one that never was
REST_MS = 700_000  # until a record is packed
DAY_MS = 86_000_000  # nearly one: no time that is off is longer


def at(seconds):
    """The version of a change made *seconds* into 2025."""
    return time_version(EPOCH + timedelta(seconds=seconds))


def number(n):
    """The version of the change that its source numbers *n*."""
    return sequence_version(n)


def change(record, fields, *, version=None, by="item", collection="products", kind="number"):
    values = tuple(FieldValue(slug, canonical(value), kind) for slug, value in fields.items())
    return Change("stock", collection, record, by, values, version)


def event(record, fields, *, id=None, index=0, **options):
    """An event with one change."""
    return Incoming(id, "stock.changed", index, (change(record, fields, **options),))


def bad(*, id=None, index=0, message="not a number"):
    """An event that could not be mapped."""
    return Incoming(id, "stock.changed", index, (), (FieldProblem("data.qty", message),))


def settings(**options):
    """
    One site with two collections and two sources; *options* go to the destination, but for
    ``missing``, ``durability``, ``dedupe_hours`` and ``guard``.
    """
    missing = options.pop("missing", "dead-letter")
    durability = options.pop("durability", "always")
    hours = options.pop("dedupe_hours", 24.0)
    # Budget and linger are in nobody's way unless a test is about them.
    plain = {"api": "v2", "token": "t", "linger": 0.0, "requests_per_minute": 60_000}
    # Deletes wait in the tests about that.
    guard = options.pop("guard", Guard(at_most=10**6, half_from=10**6, delay=0.0))
    site = Destination("site", **plain | options)
    return Settings(
        path=Path("instep.toml"),
        store=StoreSettings(durability=durability),
        destinations={"site": site},
        collections={
            name: Collection(
                name, "site", letter * 24, "sku", missing, preflight=False, guard=guard
            )
            for name, letter in (("products", "a"), ("stores", "b"))
        },
        sources={
            name: Source(name, "hmac", ("s",), dedupe_hours=hours) for name in ("erp", "shop")
        },
    )


class RecordedSteps(Steps):
    """Remembers the last call of each step, so that it can be repeated as redis-py does."""

    def __init__(self, client):
        super().__init__(client)
        self.calls = {}
        self.known = {}  # by record: entries of its life before the last delivery

    def run(self, step, request, *more):
        self.calls[step] = (request, *more)
        if step == "accept":
            self._note_lives(request.get("events", ()))
        return super().run(step, request, *more)

    def _note_lives(self, events):
        places = {
            (change["collection"], change["record"]): 0
            for event in events
            for change in event["changes"]
        }
        with self.client.pipeline(transaction=False) as pipe:
            for place in places:
                pipe.llen(keys.life(*place))
                pipe.lindex(keys.life(*place), 0)
            found = pipe.execute()
        for place, number, first in zip(places, found[::2], found[1::2], strict=True):
            places[place] = number + (int(first) - 1 if first and first.isdigit() else 0)
        self.known = places

    def repeat(self, step):
        return super().run(step, *self.calls[step])


def _word(fate):
    """As `accept` calls it."""
    if fate.fate == "stale" and fate.against.why == "repeat":
        return "same"
    return "accepted" if fate.fate == "pending" else fate.fate


class Bench:
    """
    An outbox, its clock, and the worker's part of the work.

    Args:
        filters: Keys are asked for by filter first; else its site answers none.
    """

    def __init__(self, client, *, filters=False, **options):
        self.client = client
        self._filters = filters
        self.settings = settings(**options)
        self.steps = RecordedSteps(client)
        self.outbox = Outbox(self.steps, self.settings)
        self.lives = RecordHistory(self.steps, self.settings)
        self.site = self.settings.destinations["site"]
        self.statuses = True  # read unasked, as those of live items
        self.shown = {}  # by item id, what was written last

    def __deepcopy__(self, memo):
        """Another one on the same store: what changes of it is its own."""
        other = memo[id(self)] = copy.copy(self)
        other.steps, other.shown = copy.copy(self.steps), dict(self.shown)
        other.steps.calls = dict(self.steps.calls)
        other.outbox = Outbox(other.steps, self.settings)
        other.lives = RecordHistory(other.steps, self.settings)
        return other

    # time

    def now_ms(self):
        # The store runs on this machine: its clock is ours.
        return time.time_ns() // 1_000_000 + self.steps.clock_offset_ms

    def pass_time(self, seconds):
        self.steps.clock_offset_ms += round(seconds * 1000)

    def ahead(self, seconds):
        """The version of a change made *seconds* from now."""
        return time_version(
            datetime.fromtimestamp(self.now_ms() / 1000, UTC) + timedelta(seconds=seconds)
        )

    # what comes in

    def accept(self, *events, **options):
        """Accept a delivery, in slices too."""
        accepted = self.take(*events, **options)
        while self.outbox.slice().more:
            pass
        return accepted

    def take(
        self,
        *events,
        source="erp",
        mode="live",
        token=None,
        body=b"{}",
        closes=None,
        hold=0.0,
        run=None,
    ):
        """Take a delivery; what is to be accepted in slices is not yet."""
        token = token or uuid.uuid4().hex
        return self.outbox.accept(
            Delivery(source, token, events, body, {}, mode, closes, hold=hold, run=run)
        )

    # what goes out

    def claim(self, **options):
        with self.client.pipeline(transaction=False) as pipe:
            if not self._filters:
                for collection in self.settings.collections.values():
                    place = f"{collection.name}:{self.settings.copy_of(collection)}"
                    pipe.hset(f"instep:index:{place}:filter", "off", self.now_ms() + DAY_MS)
            pipe.delete("instep:wake:site")  # as the job does that was woken
            pipe.execute()
        # Lower lanes leave the burst: their next slot comes a ms after the last one.
        self.steps.clock_offset_ms += 2
        step = self.outbox.claim(self.site, **options)
        if not self.statuses or not isinstance(step, Batch) or not step.look:
            return step
        # Tests that are not about it know the status of every item.
        self.settle(step, *(ItemOutcome(i.record, status=self.status(i.id)) for i in step.items))
        return self.claim(**options)

    def status(self, id):
        """What the CMS shows of an item: what it showed last, else that it is live."""
        place = self.settings.copy_of(self.settings.collections["products"])
        held = self.client.hget(f"instep:status:products:{place}", id)
        return held or self.shown.get(id, LIVE)

    def _status_after(self, item):
        """What the CMS shows once it has done what is sent of *item*."""
        flags, *times = self.status(item.id).split("|")
        for field in item.fields:
            if field.slug == GONE:
                for flag, on in retirement.flags(json.loads(field.value)).items():
                    flags = flags.replace(flag[1], "") + (flag[1] if on else "")
        self.shown[item.id] = "|".join([flags, *times])
        return self.shown[item.id]

    def batch(self, **options):
        step = self.claim(**options)
        assert isinstance(step, Batch), step
        return step

    def settle(self, batch, *item_outcomes, health="success"):
        return self.outbox.settle(batch, BatchOutcome(item_outcomes, health), call=Call(200))

    def write(self, batch, **options):
        """Settle *batch*: the answer shows all that was sent."""
        return self.settle(
            batch,
            *(
                ItemOutcome(
                    item.record,
                    written=tuple(f.slug for f in item.fields),
                    **{"status": self._status_after(item)} | options,
                )
                for item in batch.items
            ),
        )

    def confirm(self, record, fields, **options):
        """Accept, send and settle *fields* of one item, so that they are confirmed."""
        self.accept(event(record, fields, **options))
        batch = self.batch()
        self.write(batch)
        return batch

    def page(self, lookup, entries, *, more=None, failed=False, full_ms=None, **told):
        """
        Take in a page of a listing: *entries* are (key, id) or dicts; *full_ms*: until the whole
        is listed again; *told*: total, short, page_ms, at. What a round has not shown is gone.
        """
        assert isinstance(lookup, Lookup), lookup
        collection = self.settings.collections[lookup.collection]
        answer = self.steps.run(
            "index_page",
            {
                "token": uuid.uuid4().hex,
                "flight": lookup.token,
                "destination": "site",
                "collection": collection.name,
                "index": self.settings.copy_of(collection),
                "missing": collection.missing,
                "message": "no item has sku = ",
                "whole": self.site.api == "v1",
                "every_ms": 30_000,
                "full_ms": full_ms or (600_000 if self.site.api == "v1" else 30_000),
                "page_ms": 10_000,
                "rest_ms": 600_000,
                "slot": lookup.slot,
                "offset": lookup.offset,
                "at": self.now_ms(),  # the CMS's clock goes as ours
                "failed": failed,
                "items": [_entry(e) for e in entries],
                "next": more,
                **told,
            },
        )
        if answer["sweep"]:
            self.drop_unlisted(collection)
        return answer

    def filtered(self, lookup, entries=(), *, outcome="page", shown=True, left=(), **told):
        """Take in an answer to a filter, which has *shown* that lists are understood."""
        asked = [key for key in lookup.keys if key not in left]
        answer = {"outcome": outcome, "asked": asked, "left": left, "shown": shown}
        answer |= {"canary": lookup.canary is not None, "number": False, "known": True}
        return self.page(lookup, entries, filter=answer, **told)

    def drop_unlisted(self, collection, cursor="0"):
        """Carry out the end of a round, call by call."""
        place = {"collection": collection.name, "index": self.settings.copy_of(collection)}
        while True:
            request = {"token": uuid.uuid4().hex, "cursor": cursor, **place}
            cursor = self.steps.run("prune_index", request)["cursor"]
            if cursor == "0":
                return

    def list_all(self, *entries):
        """Answer the look-up that comes next with *entries*, whole."""
        return self.page(self.claim(), entries)

    # the operator and the sweep

    def letter(self, id, act):
        destinations = dict.fromkeys(self.settings.collections, "site")
        request = {"token": uuid.uuid4().hex, "id": id, "act": act, "destinations": destinations}
        return self.steps.run("resolve_dead_letter", request)

    def sweep(self):
        collections = list(self.settings.collections)
        request = {"destinations": [{"name": "site", "collections": collections}]}
        return self.steps.run("sweep", request)

    def woken(self):
        return bool(self.sweep()["wake"])

    def pack(self):
        """Pack all records, as once they have rested for a while."""
        names = [name.split(":", 3)[2:] for name in self.client.scan_iter("instep:item:*")]
        self.steps.clock_offset_ms += REST_MS
        self.steps.run("pack", {"records": names})
        self.steps.clock_offset_ms -= REST_MS

    # what is stored

    def counts(self, *names):
        held = self.outbox.counts()
        return tuple(held[name] for name in names) if names else held

    def item(self, record, collection="products"):
        """The meta of an item, and its fields by slug."""
        held = item_of(self.client, f"instep:item:{collection}:{record}")
        fields = {name[2:]: json.loads(text) for name, text in held.items() if name[:2] == "f:"}
        return {name: text for name, text in held.items() if name[:2] != "f:"}, fields

    def field(self, record, slug="stock", collection="products"):
        return self.item(record, collection)[1][slug]

    def state(self, record, slug="stock"):
        return self.field(record, slug)["s"]

    def value(self, record, slug="stock"):
        return json.loads(self.field(record, slug)["v"])

    def due(self, lane="live", collection="products"):
        """Records by the seconds until they are due."""
        held = self.client.zrange(f"instep:due:{collection}:{lane}", 0, -1, withscores=True)
        now = self.now_ms()
        return {record: (score - now) / 1000 for record, score in held}

    def told(self):
        """What the lives of its records say of the last delivery: [fate] by field value."""
        return [fate for _, _, fate in self.fates()]

    def fates(self):
        """The same, as (record, slug, fate)."""
        told = []
        for (collection, record), known in self.steps.known.items():
            history = self.lives.read(collection, record)
            new = history.entries[known - history.dropped :]
            accepted = (entry for entry in new if entry.what == "accepted")
            told += [
                (record, slug, _word(fate)) for e in accepted for slug, fate in e.fields.items()
            ]
        return told

    def letters(self):
        """The open letters, oldest first."""
        ids = self.client.zrange("instep:letters", 0, -1)
        return [{"id": id} | self.client.hgetall(f"instep:letter:{id}") for id in ids]


def _entry(entry):
    if isinstance(entry, dict):
        return {"status": LIVE} | entry
    key, id = entry
    return {"key": key, "id": id, "updated": None, "created": "2025-01-01", "status": LIVE}


def sent(batch):
    """What a batch carries: {record: {slug: value}}."""
    return {
        item.record: {field.slug: json.loads(field.value) for field in item.fields}
        for item in batch.items
    }
