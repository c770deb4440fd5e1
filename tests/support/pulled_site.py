"""A sandbox whose products come from a paged API, and an installation that pulls them."""

import contextlib
import threading
import time
from dataclasses import replace

from service.config.build import build
from service.sandbox.seeds.samples import PRODUCTS
from tests.support.paged_api import PagedApi, product, serve
from tests.support.planted_site import RATE, TOKEN, Planted
from tests.support.real_processes import Instep
from workers.delivery.writeback import Teller
from workers.runtime import jobs

CONFIGURATION = """
mappings = ["mappings.py"]

[destinations.site]
token = "{token}"
base_url = "{cms}"
requests_per_minute = {rate}
linger = 0.05
{destination}

[collections.products]
destination = "site"
id = "{collection}"
key = "sku"
missing = "create"

[collections.products.reconcile]
orphans = "delete"
{reconcile}

[collections.products.guard]
at_most = {at_most}
delay = 0

{pull}
{more}
"""

MAPPINGS = """
from marshmallow import fields
from service.mapping import Mapping

class Product(Mapping):
    class Meta:
        source = "feed"
        collection = "products"
        key = "sku"

    stock = fields.Integer(data_key="qty")
    name = fields.String()
"""


class PulledSite:
    """
    *count* items in the CMS, and as many records in the API, with the same values.

    Args:
        options: Of the `PagedApi`.
    """

    def __init__(self, count, **options):
        self.planted = Planted(count, share=0)
        stock = {sku: each["stock"] for sku, each in self._fields().items()}
        names = {sku: each["name"] for sku, each in self._fields().items()}
        records = [
            product(n, qty=stock[sku], name=names[sku]) for n, sku in enumerate(sorted(stock), 1)
        ]
        self.api = PagedApi(records, **options)
        self.server = serve(self.api)
        self.server.__enter__()

    def close(self):
        self.server.__exit__()
        self.planted.close()

    def configuration(
        self, *, more="", reconcile="", destination="", pulls=True, at_most=10, **options
    ):
        pull = self.api.options(self.server.url) | options
        lines = [f"{name} = {_toml(value)}" for name, value in pull.items()]
        return CONFIGURATION.format(
            token=TOKEN,
            cms=self.planted.url,
            rate=RATE,
            collection=PRODUCTS,
            at_most=at_most,
            reconcile=reconcile,
            destination=destination,
            pull="\n".join(["[pulls.feed]", *lines]) if pulls else "",
            more=more,
        )

    def installed(self, folder, **options):
        """Return an installation in *folder*."""
        text = self.configuration(**options)
        return Instep(folder, self.planted, mappings=MAPPINGS, configuration=text)

    def change(self, n, **fields):
        """Change record *n*, counted from 1, at the source."""
        self.api.records[n - 1] = self.api.records[n - 1] | fields

    def hold_as_draft(self, key, **fields):
        """An editor keeps the staged copy of an item, with *fields*, as a draft."""
        products, now = self.planted.products, self.planted.site.now()
        (item,) = (i for i in products.items.values() if i.staged.fields["sku"] == key)
        changed = {**item.staged.fields, **fields}
        products.store(item, replace(item.staged, fields=changed, draft=True, updated=now))

    def configured(self, folder, store_socket, *, mappings=MAPPINGS, **options):
        """Return the configuration of an installation in *folder*, on a store that runs."""
        (folder / "instep.toml").write_text(self.configuration(**options))
        (folder / "mappings.py").write_text(mappings)
        environ = {"INSTEP_CONFIG": str(folder / "instep.toml"), "INSTEP_DATA": str(folder)}
        return build(environ | {"REDIS_URL": f"unix://{store_socket}"})

    @property
    def shown(self):
        """Key → stock of all live items."""
        return {sku: fields["stock"] for sku, fields in self._fields().items()}

    def _fields(self):
        items = self.planted.products.items.values()
        return {i.live.fields["sku"]: i.live.fields for i in items if i.live is not None}

    @property
    def wanted(self):
        return {each["sku"]: each["qty"] for each in self.api.records}


@contextlib.contextmanager
def delivering(configuration):
    """Deliver in a thread, as a worker does."""
    context, over = jobs.build(configuration.settings), threading.Event()
    tellers = [
        Teller(context.writebacks, own) for own in configuration.settings.writebacks.values()
    ]
    work = jobs.Jobs(context, over)

    def deliver():
        while not over.is_set():
            context.outbox.sweep()
            work.deliver("site")
            for teller in tellers:
                teller.step(over.is_set)
            time.sleep(0.05)

    thread = threading.Thread(target=deliver)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        work.deliverer.close()
        context.steps.client.close()
        context.wakes.close()


def _toml(value):
    return f'"{value}"' if isinstance(value, str) else str(value).lower()
