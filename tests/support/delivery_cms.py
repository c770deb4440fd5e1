"""
The stand-in CMS of the delivery tests: what it holds, what is wrong with it, what it was asked.
"""

import json
from dataclasses import dataclass
from urllib.parse import parse_qs

from service.sandbox.faults.faults import Fault, Match
from service.sandbox.model.records import Copy
from service.sandbox.model.schema import Field
from service.sandbox.seeds.samples import FIELDS, PRODUCTS, fill, product, product_id
from service.sandbox.server import start, stop
from service.sandbox.site.items import publish, unpublish
from service.sandbox.site.site import Site
from tests.support.filter_rig import Filters
from tests.support.seeded import seed_products

MORE_FIELDS = (
    Field("gallery", "MultiImage"),
    Field("manual", "File"),
    Field("video", "VideoLink"),
    Field("code", "Number"),
    Field("contact", "Email"),
    Field("website", "Link"),
    Field("phone", "Phone"),
)


@dataclass(frozen=True, slots=True)
class Request:
    """One request as the CMS got it; *at* on the CMS's own clock."""

    at: float
    method: str
    path: str
    query: dict
    body: dict
    headers: dict

    @property
    def sent(self):
        """Item id → slug → value of a PATCH."""
        if "items" in self.body:
            return {
                entry["id"]: entry.get("fieldData", {})
                | {flag: entry[flag] for flag in ("isDraft", "isArchived") if flag in entry}
                for entry in self.body["items"]
            }
        return {self.path.rsplit("/", 1)[-1]: self.body.get("fields", {})}


class Cms:
    """
    A site with products, over HTTP.

    Args:
        items: So many products, all published.
        window: Requests a minute that it takes.
        now: Its clock.
    """

    def __init__(self, items, window, now):
        self.now = now
        self.site = Site(token="t", requests_per_minute=window, now=now)
        products = seed_products(self.site, items)
        for one in MORE_FIELDS:
            products.put_field(one)
        self.filters = Filters(self.products, now)
        self.server = start(self.site)
        self.requests = []
        self.on_request = None  # called once, while the next request is under way
        self.server.app = self._recording(self.server.app)

    def close(self):
        stop(self.site, self.server)

    # what it holds

    def id(self, n):
        return product_id(n)

    def key(self, n):
        return f"P-{n:04d}"

    @property
    def products(self):
        return self.site.collections[PRODUCTS]

    def add_collection(self, name):
        """Add a collection with ten published items; returns its id."""
        number = len(self.site.collections)
        made = self.site.add_collection(name, name, FIELDS, id=f"{number:024x}")
        data = [product(n, made.fields) for n in range(1, 11)]
        fill(self.site, made, data, ids=[f"{number:04x}{n:020x}" for n in range(1, 11)])
        return made.id

    def add(self, n, **fields):
        """Add the *n*-th product, published now; returns its id."""
        data = product(n, self.products.fields) | fields
        fill(self.site, self.products, [data], ids=[self.id(n)])
        item = self.products.items[self.id(n)]
        item.created = self.site.now()
        self.edit(n)
        return self.id(n)

    def staged(self, n):
        """What the staged copy of the *n*-th product holds."""
        return self.products.items[self.id(n)].staged.fields

    def live(self, n):
        """What its live copy holds; None: there is none."""
        copy = self.products.items[self.id(n)].live
        return copy and copy.fields

    def shown(self, slug, numbers):
        """The values of one field in the live copies."""
        return [self.live(n)[slug] for n in numbers]

    def edit(self, n, **fields):
        """Write both copies by hand, as an editor, or as a request that lands late."""
        item = self.products.items[self.id(n)]
        held = item.staged
        merged = {**held.fields, **fields}
        self.products.store(item, Copy(merged, held.archived, held.draft, self.site.now()))
        if item.live is not None:
            item.live = item.staged

    def unpublish(self, *numbers):
        unpublish(self.site, self.products, [self.id(n) for n in numbers])

    def publish(self, *numbers):
        publish(self.site, self.products, [self.id(n) for n in numbers])

    def remove(self, n):
        self.products.remove(self.products.items[self.id(n)])

    def fault(self, kind, *, times=None, seconds=None, match=None, **options):
        """Arm a fault for PATCHes, or for what *match* says."""
        fault = Fault(kind, Match(**({"method": "PATCH"} | (match or {}))), **options)
        self.site.faults.add(fault, times=times, seconds=seconds)

    def down(self, status=500, **options):
        self.fault("status", status=status, **options)

    def mend(self):
        self.site.faults.clear()

    def of(self, n):
        """What in a fault's match means the *n*-th product."""
        return {"item": self.id(n)}

    # what was seen

    def patches(self):
        return [request for request in self.requests if request.method == "PATCH"]

    def gets(self):
        return [request for request in self.requests if request.method == "GET"]

    def filtered(self):
        """The GETs that ask for items by a filter."""
        return [
            request
            for request in self.gets()
            if any(name[:7] == "filter[" for name in request.query)
        ]

    def listings(self):
        """The GETs of pages of listings."""
        asked = self.filtered()
        return [r for r in self.gets() if "offset" in r.query and r not in asked]

    def posts(self):
        return [request for request in self.requests if request.method == "POST"]

    def deletes(self):
        """Of each DELETE, whether it was of the live copies, and the ids in it."""
        for request in self.requests:
            if request.method == "DELETE":
                named = [entry["id"] for entry in request.body.get("items", ())]
                live = request.path.endswith("/live") or request.query.get("live") == "true"
                yield live, named or [request.path.rsplit("/", 1)[-1]]

    def created(self):
        """The fields of each new item that was sent, with its flags."""
        for request in self.posts():
            if "fields" in request.body:
                yield request.body["fields"]
            for entry in request.body.get("items", ()):
                flags = {name: entry[name] for name in ("isDraft", "isArchived")}
                yield entry["fieldData"] | flags

    def made(self, key, slug="sku"):
        """The items whose key is *key*."""
        items = self.products.items.values()
        return [item for item in items if item.staged.fields.get(slug) == key]

    def the(self, key, slug="sku"):
        """The one item whose key is *key*."""
        (item,) = self.made(key, slug)
        return item

    def forget_requests(self):
        self.requests.clear()

    def sent_to(self, n):
        """What was sent to the *n*-th product, request by request."""
        return [r.sent[self.id(n)] for r in self.patches() if self.id(n) in r.sent]

    def _recording(self, app):
        def record(environ, start_response):
            body = environ["wsgi.input"].getvalue()
            headers = {k[5:].lower(): v for k, v in environ.items() if k.startswith("HTTP_")}
            self.requests.append(
                Request(
                    self.now(),
                    environ["REQUEST_METHOD"],
                    environ["PATH_INFO"],
                    {k: v[0] for k, v in parse_qs(environ["QUERY_STRING"]).items()},
                    json.loads(body) if body else {},
                    headers,
                )
            )
            then, self.on_request = self.on_request, None
            if then is not None:
                then()
            return self.filters.answer(app, environ, start_response)

        return record
