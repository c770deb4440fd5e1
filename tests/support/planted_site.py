"""
A collection whose source, outbox and CMS differ on purpose, in a sandbox of this process.
"""

import csv
import threading
import time
from collections import Counter
from dataclasses import replace

from service.sandbox.model.records import Copy
from service.sandbox.seeds.samples import PRODUCTS, product, product_id, seed_products
from service.sandbox.server import start, stop
from service.sandbox.site.site import Site

TOKEN = "planted-token"
RATE = 6000  # requests a minute: nobody waits for the budget

CONFIGURATION = """
mappings = ["mappings.py"]

[destinations.site]
api = "{api}"
token = "{token}"
base_url = "{url}"
requests_per_minute = {rate}

[collections.products]
destination = "site"
id = "{collection}"
key = "sku"
missing = "create"

[collections.products.reconcile]
{policy}

[sources.erp]
sender = "hmac"
secrets = ["erp-secret"]
header = "X-Signature"
id = "id"
topic = "type"
"""

MAPPINGS = """
from marshmallow import fields
from service.mapping import Mapping

class Stock(Mapping):
    class Meta:
        source = "erp"
        topics = ("stock.changed",)
        collection = "products"
        key = "sku"
        version = "rev"

    stock = fields.Integer(data_key="qty")
    name = fields.String(data_key="name")
"""


class Planted:
    """
    *count* products in a sandbox, and a source of the same number of records.

    Args:
        share: Differences of each kind but of keys: one is there twice, and one is empty.
    """

    def __init__(self, count, share):
        self.count = count
        self.site = Site(token=TOKEN, requests_per_minute=RATE, now=time.time)
        seed_products(self.site, count)
        self.server = start(self.site)
        self.calls = Counter()
        self.stock = {}  # item id → values as they were written, in order
        self.server.app = self._counting(self.server.app)
        self.site.watch(self._note)
        numbers = iter(range(1, count + 1))
        kinds = ("missed event", "write lost", "edited in the CMS", "deleted in the CMS", "orphan")
        self.planted = {kind: [next(numbers) for _ in range(share)] for kind in kinds}
        self.planted["missing"] = list(range(count + 1, count + 1 + share))
        self.planted["duplicate key"] = [next(numbers), next(numbers)]
        self.planted["no key"] = [next(numbers)]
        self.known = [n for kind in kinds for n in self.planted[kind]]
        self.live = [next(numbers) for _ in range(share)]
        self.revision = 1

    def close(self):
        stop(self.site, self.server)

    @property
    def url(self):
        return self.server.url

    @property
    def products(self):
        return self.site.collections[PRODUCTS]

    def event(self, n, revision, qty=None):
        data = {"sku": self.key(n), "qty": revision if qty is None else qty, "rev": revision}
        return {"id": f"e{n}-{revision}", "type": "stock.changed", "name": f"Product {n}", **data}

    def key(self, n):
        return f"P-{n:04d}"

    def first_events(self):
        """What has made the outbox know of the items that are about to differ."""
        return [self.event(n, 1) for n in (*self.known, *self.live)]

    def live_events(self, rounds):
        """Newer than the snapshot, for items that differ and for others."""
        return [self.event(n, 10 + round) for round in range(rounds) for n in self._changing()]

    def _changing(self):
        return *self.live, *self.planted["edited in the CMS"], *self.planted["missed event"]

    def plant(self):
        """Make them differ."""
        for n in self.planted["write lost"]:
            item = self.products.items[product_id(n)]
            item.staged = replace(item.staged, fields={**item.staged.fields, "stock": 0})
        for n in self.planted["edited in the CMS"]:
            self._edit(n, stock=0)
        for n in self.planted["deleted in the CMS"]:
            self.products.remove(self.products.items[product_id(n)])
        one, other = self.planted["duplicate key"]
        self._edit(other, sku=self.key(one))
        self._edit(*self.planted["no key"], sku="")
        self.stock.clear()
        self.calls.clear()

    def edit_live(self):
        """Have an editor change the items of the live events, so that a reconcile writes them."""
        for n in self._changing():
            self._edit(n, stock=0)
        self.stock.clear()

    def write_source(self, path):
        """Write the snapshot: without the orphans, with the missing, newer where one was missed."""
        gone = {*self.planted["orphan"], self.planted["duplicate key"][1], *self.planted["no key"]}
        with path.open("w", newline="") as out:
            rows = csv.writer(out)
            rows.writerow(["sku", "qty", "rev", "name"])
            for n in range(1, self.count + len(self.planted["missing"]) + 1):
                if n not in gone:
                    rows.writerow([self.key(n), *self.wanted(n), f"Product {n}"])

    def wanted(self, n):
        if n in self.planted["missed event"]:
            return 2, 2
        if n in self.known or n in self.live or n > self.count:
            return 1, 1
        return product(n, self.products.fields)["stock"], 1

    def _edit(self, n, **fields):
        item = self.products.items[product_id(n)]
        held = item.staged
        merged = {**held.fields, **fields}
        self.products.store(item, Copy(merged, held.archived, held.draft, self.site.now()))
        item.live, item.published = item.staged, self.site.now()

    def keys(self, kind):
        """The keys under which the differences of a *kind* are told."""
        if kind == "no key":
            return [None]
        numbers = self.planted[kind][:1] if kind == "duplicate key" else self.planted[kind]
        return sorted(self.key(n) for n in numbers)

    def stale(self):
        """Writes that put an older value over a newer one, by item: values say their revision."""
        return {id: values for id, values in self.stock.items() if values != sorted(values)}

    def _note(self, event):
        if event.item is not None and event.item.staged is not None:
            values = self.stock.setdefault(event.item.id, [])
            value = event.item.staged.fields.get("stock")
            if not values or values[-1] != value:
                values.append(value)

    def _counting(self, app):
        lock = threading.Lock()

        def count(environ, start_response):
            path, query = environ["PATH_INFO"], environ["QUERY_STRING"]
            listing = environ["REQUEST_METHOD"] == "GET" and "offset" in query
            with lock:
                if path.startswith(("/v2/", "/collections")):
                    self.calls["list" if listing else environ["REQUEST_METHOD"]] += 1
            return app(environ, start_response)

        return count


def configuration(planted, *, api="v2", policy=""):
    return CONFIGURATION.format(
        api=api,
        token=TOKEN,
        url=planted.server.url,
        rate=RATE,
        collection=PRODUCTS,
        policy=policy,
    )
