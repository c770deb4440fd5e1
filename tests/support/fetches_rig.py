"""
The way of a thin notice on a real store: intake, the fetch queue's steps, and what is stored.

Time is moved through the offset of the steps, never by sleeping.
"""

import json
import textwrap
import uuid
from dataclasses import replace
from datetime import UTC, datetime

from service.ingest.fetch_runner import Runner
from service.ingest.intake import Intake
from service.mapping.load import load
from service.senders import build
from tests.support.outbox_driver import Bench
from workers.config.settings import Source
from workers.delivery.context import make_context
from workers.model.attempts import Wait
from workers.store.fetch_queue import balanced

PROOF = {"authorization": "Bearer s3cret", "content-type": "application/json"}
MAPPINGS = """
from marshmallow import fields
from service.mapping import Mapping
from tests.support.fetches_rig import reading

def product(event):
    return reading["product"](event)

def other(event):
    return reading["other"](event)

class Product(Mapping):
    class Meta:
        source = "shop"
        topics = ("product.updated", "product.created")
        collection = "products"
        item = "sku"
        fetch = product
        object = "data.id"

    stock = fields.Integer(data_key="qty")

class Price(Mapping):
    class Meta:
        source = "shop"
        topics = ("product.updated", "price.updated")
        collection = "products"
        item = "sku"
        fetch = product
        object = "data.id"

    price = fields.Integer(data_key="price")

class Order(Mapping):
    class Meta:
        source = "shop"
        topics = ("order.created",)
        collection = "stores"
        item = "data.sku"
        fetch = other
        object = "data.id"

    stock = fields.Integer(data_key="qty")

class Plain(Mapping):
    class Meta:
        source = "shop"
        topics = ("stock.changed",)
        collection = "products"
        item = "data.id"

    stock = fields.Integer(data_key="data.qty")
"""
reading = {}  # what the functions of the mappings do: of one test, see Way


class Wakes:
    """Remembers who was woken."""

    def __init__(self):
        self.woken = []

    def wake(self, destination):
        self.woken.append(destination)

    def crowded(self, destination):
        return False

    def close(self):
        pass


class Way(Bench):
    """
    The way in and the fetch queue, with fetchers that a test gives.

    Args:
        product, other: Functions from a Notice to what is read.
    """

    def __init__(self, client, folder, product=None, other=None):
        super().__init__(client)
        (folder / "mappings.py").write_text(textwrap.dedent(MAPPINGS))
        source = Source("shop", "bearer", ("s3cret",), options={"id": "id", "topic": "type"})
        self.settings = replace(
            self.settings,
            path=folder / "instep.toml",
            mappings=("mappings.py",),
            sources={"shop": source},
        )
        self.read = []  # of every call of a fetcher: its notice
        self.product = product or (lambda notice: {"sku": notice.object, "qty": 1, "price": 2})
        reading.update(
            product=lambda notice: self._read("product", notice),
            other=lambda notice: self._read("other", notice),
        )
        self.other = other or self.product
        self.wakes = Wakes()
        self.context = make_context(self.settings, self.steps, self.wakes)
        self.outbox = self.context.outbox
        self.begin()

    def begin(self, old="", new=""):
        """Start, or start anew with *new* for *old* in the mappings."""
        path = self.settings.path.with_name("mappings.py")
        path.write_text(path.read_text().replace(old, new))
        self.mappings = load(self.settings)
        senders = {"shop": build(self.settings.sources["shop"], public_url=None)}
        self.intake = Intake(senders, self.mappings, self.outbox, self.wakes.wake)
        self.runner = Runner(self.context, self.mappings, spread=lambda: 0.5)

    def _read(self, name, notice):
        self.read.append(notice)
        return getattr(self, name)(notice)

    # what comes in

    def notice(self, object="p1", topic="product.updated", *, id=None, **more):
        """Receive one notice; returns the receipt."""
        body = {"id": id or uuid.uuid4().hex, "type": topic, "data": {"id": object, **more}}
        return self.receive(json.dumps(body).encode())

    def receive(self, body):
        return self.intake.receive("shop", PROOF, body, now=datetime.now(UTC))

    def replay(self, id):
        return self.intake.replay(self.context.letters.show(id))

    # the fetch queue

    def step(self, runner=None):
        """Carry out one step as a job does that was woken; returns None, or a Wait."""
        self.client.delete("instep:wake::fetch")
        return (runner or self.runner).step(lambda: None)

    def run(self, steps=50):
        """Fetch until nothing is due now."""
        for _ in range(steps):
            found = self.step()
            if isinstance(found, Wait):
                return found
        raise AssertionError(f"{steps} steps and no end")

    def claimed(self):
        """Take the next object away, as a process that dies before it has done anything."""
        return self.context.fetches.claim(tuple(self.mappings.fetchers))

    def fetch_woken(self):
        return ":fetch" in self.outbox.sweep(tuple(self.mappings.fetchers))[0]

    # what is stored

    def status(self, fetcher="product"):
        status = self.context.fetches.status()
        assert all(map(balanced, status.values())), status
        return status[fetcher]

    def told(self, fetcher="product"):
        """asked, merged, done, dead, waiting."""
        status = self.status(fetcher)
        return tuple(status[name] for name in ("asked", "merged", "done", "dead", "waiting"))

    def entry(self, object="p1", fetcher="product"):
        return self.client.hgetall(f"instep:fetch:{fetcher}:shop:{object}")

    def held_bytes(self):
        return int(self.client.hget("instep:raw-bytes", "shop") or 0)

    def open_letters(self):
        return [self.context.letters.show(each.id) for each in self.context.letters.list()]
