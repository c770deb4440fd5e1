"""
The whole way out: an outbox on a real store, the deliverer, and a stand-in CMS over HTTP.

Nobody sleeps: the clocks of the store's steps and of the CMS are moved together, to the moment
for which the deliverer waits. The sweep must know that moment too, or the way does not go on.
"""

import json
import time
import uuid
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from service.sandbox.seeds.samples import PRODUCTS
from tests.support.delivery_cms import Cms
from tests.support.stored_items import field_of
from workers.config.settings import Collection, Destination, Guard, Settings, Source, StoreSettings
from workers.delivery.context import make_context
from workers.delivery.deliver import Deliverer
from workers.model.attempts import Wait
from workers.model.changes import (
    Change,
    Delivery,
    FieldValue,
    Incoming,
    canonical,
    sequence_version,
    time_version,
)
from workers.store.held_keys import HELD
from workers.store.item_record import unpacked
from workers.store.outbox import balanced
from workers.store.record_history import RecordHistory
from workers.store.scripts import Steps

TYPES = {
    "stock": "number",
    "price": "number",
    "category": "option",
    "description": "richtext",
    "launched": "date",
    "color": "color",
    "image": "image",
    "photo": "image-no-query",
    "gallery": "images",
    "manual": "file",
    "video": "video",
    "contact": "email",
    "website": "link",
    "phone": "phone",
    "shelf": "reference-key",
    "shelves": "references-key",
    "_archived": "flag",
    "_draft": "flag",
}
MOST_STEPS = 3000  # of one run: more are a loop that does not end


def numbered(version):
    """Return the version of the change with that number, or that is given as one."""
    return sequence_version(version) if isinstance(version, int) else version


class Way(Cms):
    """
    One site behind one destination, "site", or several of them.

    Args:
        store: A client of an empty store.
        api: Of the destination "site".
        by: How events name items, "item" or "key".
        items: So many products, all published; see `Way.record`.
        window: Requests a minute that the CMS takes.
        collection: Options of the collection "products".
        more: Further destinations by name, as options that differ from those of "site"; each
            has a collection of the same name, with ten items.
        destination: Options of "site".
    """

    steps_of = Steps

    def __init__(
        self,
        store,
        *,
        api="v2",
        by="item",
        items=20,
        window=60,
        collection=None,
        more=None,
        **destination,
    ):
        self.store = store
        self.by = by
        self.steps = self.steps_of(store)
        self.queued = set()  # destinations that have a job on its way
        super().__init__(items, window, self.now)
        site = Destination("site", api, "t", base_url=self.server.url)
        destinations = {"site": replace(site, **destination)}
        # What the CMS refuses is what most tests are about.
        # Deletes wait in the tests about that.
        guard = Guard(at_most=10**6, half_from=10**6, delay=0.0)
        plain = Collection("products", "site", PRODUCTS, "sku", preflight=False, guard=guard)
        collections = {"products": replace(plain, **(collection or {}))}
        for name, options in (more or {}).items():
            destinations[name] = replace(destinations["site"], name=name, **options)
            collections[name] = Collection(
                name, name, self.add_collection(name), "sku", preflight=plain.preflight
            )
        self.settings = Settings(
            path=Path("instep.toml"),
            store=StoreSettings(),
            destinations=destinations,
            collections=collections,
            sources={"erp": Source("erp", "hmac", ("s",))},
        )
        self.begin()

    def begin(self, **destination):
        """Start, or start anew with other options of "site", as another process would."""
        with suppress(AttributeError):
            self.deliverer.close()
        if destination:
            site = replace(self.settings.destinations["site"], **destination)
            known = {**self.settings.destinations, "site": site}
            self.settings = replace(self.settings, destinations=known)
        steps, settings = self.steps, self.settings
        self.context = make_context(settings, steps, None)
        # What a request takes is what the CMS moves the clock by.
        self.deliverer = Deliverer(self.context, spread=lambda: 0.5, clock=self.moved)

    def configure(self, **collection):
        """Start anew with other options of the collection "products"."""
        products = replace(self.settings.collections["products"], **collection)
        known = {**self.settings.collections, "products": products}
        self.settings = replace(self.settings, collections=known)
        self.begin()

    def close(self):
        self.deliverer.close()
        super().close()

    # time

    def now(self):
        return time.time() + self.steps.clock_offset_ms / 1000

    def moved(self):
        """By how many seconds the clocks were moved."""
        return self.steps.clock_offset_ms / 1000

    def at(self, seconds=0.0):
        """The version of a change made some *seconds* from now."""
        return time_version(datetime.fromtimestamp(self.now() + seconds, UTC))

    def pass_time(self, seconds):
        self.steps.clock_offset_ms += round(seconds * 1000)

    # what comes in

    def record(self, n):
        """The *n*-th product as events name it."""
        return self.id(n) if self.by == "item" else self.key(n)

    @property
    def by_v1(self):
        return self.settings.destinations["site"].api == "v1"

    def change(
        self, record, fields=None, *, version=None, id=None, run=None, collection="products", **more
    ):
        """
        Accept one event: *fields*, or keywords, are the fields of a record or of a product by
        number; *version* is the number of the change; *run*: that gives it.
        """
        if isinstance(record, int):
            record = self.record(record)
        values = tuple(
            FieldValue(slug, canonical(value), TYPES.get(slug, "plain"))
            for slug, value in {**(fields or {}), **more}.items()
        )
        change = Change("stock", collection, record, self.by, values, numbered(version))
        self._accept(change, id, run)

    def retire(self, record, way, *, version=None):
        """Accept that a record, or a product by number, is gone at its source."""
        if isinstance(record, int):
            record = self.record(record)
        change = Change("gone", "products", record, self.by, (), numbered(version), retire=way)
        self._accept(change, None)

    def _accept(self, change, id, run=None):
        event = Incoming(id or uuid.uuid4().hex, "changed", 0, (change,))
        delivery = Delivery("erp", uuid.uuid4().hex, (event,), b"{}", run=run)
        accepted = self.context.outbox.accept(delivery)
        self.queued.update(accepted.wake)

    # what goes out

    def run(self, seconds=7200.0):
        """Work until nothing is left to be done, or *seconds* have passed."""
        till = self.now() + seconds
        left, woken = MOST_STEPS, MOST_STEPS + 1
        names = list(self.settings.destinations)
        while True:
            waits = {}
            for name in names:
                waits[name], left = self._job(name, left)
            assert balanced(self.counts()), self.counts()
            stated = [wait for wait in waits.values() if wait is not None]
            if not stated:
                assert left < woken, "woken, and has nothing to do"
                # What has waited for others of its kind may go, or needs a look-up first.
                if not self.context.outbox.sweep()[0]:
                    break
                woken = left
                continue
            pause = min(stated)
            left -= 1
            assert left, f"{MOST_STEPS} waits and no end: the last are of {pause} s"
            if self.now() + pause > till:
                self.pass_time(max(0, till - self.now()))
                break
            self.pass_time(pause + 0.001)
            told = self.queued | set(self.context.outbox.sweep()[0])
            assert told >= {n for n, wait in waits.items() if wait == pause}, "not woken"
        self.check()

    def run_for(self, seconds):
        """Work for so many *seconds*, that pass although nothing is left to be done."""
        till = self.now() + seconds
        self.run(seconds)
        self.pass_time(max(0.0, till - self.now()))

    def _job(self, name, left):
        """Carry out steps of one destination; return the seconds that it waits, or None."""
        self.queued.discard(name)
        self.context.outbox.job_started(name)
        destination = self.settings.destinations[name]
        while True:
            self.carry_on()
            step = self.deliverer.step(destination, flights=4, more=lambda _: None)
            if isinstance(step, Wait):
                return step.seconds, left
            left -= 1
            assert left, f"{MOST_STEPS} steps and no end: {self.patches()[-3:]}"

    def carry_on(self):
        """Do what steps have left for slices, as the sweep does."""
        while self.context.outbox.slice().more:
            pass

    def step(self):
        """Carry out one step of "site"."""
        self.carry_on()
        site = self.settings.destinations["site"]
        return self.deliverer.step(site, flights=4, more=lambda _: None)

    def claim(self):
        """Take the next step away, as a process that dies before it has done anything."""
        return self.context.outbox.claim(self.settings.destinations["site"])

    def resume(self, name="site"):
        self.context.breaker.resume(name)

    # what is stored

    def lives(self, collection="products"):
        """Record → the entries of its life."""
        names = self.store.scan_iter(f"instep:life:{collection}:*", count=1000)
        records = sorted(name.split(":", 3)[3] for name in names)
        history = RecordHistory(self.context.steps, self.settings)
        return {record: history.read(collection, record).entries for record in records}

    def counts(self, *names):
        held = self.context.outbox.counts()
        return tuple(held[name] for name in names) if names else held

    def letters(self, **options):
        return self.context.letters.list(**options)

    def state(self, name="site"):
        """The state of a destination or a collection, and its reason."""
        status = self.context.report.status()
        held = {**status["collections"], **status["destinations"]}[name]
        return held["state"], held["reason"]

    def field(self, n, slug="stock"):
        return field_of(self.store, f"instep:item:products:{self.record(n)}", slug)

    def meta(self, n, name):
        return self.store.hget(f"instep:item:products:{self.record(n)}", name)

    def check(self):
        """Each accepted value has one fate, and the counters say what the items hold."""
        counts = self.counts()
        assert balanced(counts), counts
        held = {"pending": 0, "dead": 0}
        with self.store.pipeline(transaction=False) as pipe:
            for key in self.store.scan_iter("instep:item:*", count=1000):
                pipe.hgetall(key)
            items = pipe.execute()
        for item in items:
            for name, text in unpacked(item).items():
                state = json.loads(text)["s"] if name.startswith("f:") else None
                state = "pending" if name == HELD else state
                if state in held:
                    held[state] += 1
        assert held == {name: counts[name] for name in held}
