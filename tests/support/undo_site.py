"""The web application and the commands beside a sandbox: what they write can be undone."""

import time

from service.sandbox.seeds.samples import PRODUCTS, product_id
from service.sandbox.server import start, stop
from service.sandbox.site.site import Site
from tests.support.api_rig import TOML, Rig
from tests.support.seeded import seed_products
from workers.delivery.deliver import Deliverer
from workers.model.attempts import Wait

FAST = TOML.replace(
    '[destinations.shop]\ntoken = "t0ken-of-the-shop"',
    'requests_per_minute = 6000\n[destinations.shop]\ntoken = "t0ken-of-the-shop"',
)


class UndoSite(Rig):
    """A rig whose site is a sandbox of twenty products."""

    def __init__(self, folder, store_socket, *, toml=FAST, **environ):
        self.site = Site(token="t0ken-of-the-site", requests_per_minute=6000, now=time.time)
        seed_products(self.site, 20)
        self.server = start(self.site)
        super().__init__(folder, store_socket, url=self.server.url, toml=toml, **environ)
        self.deliverer = Deliverer(self.context)

    def close(self):
        self.deliverer.close()
        super().close()
        stop(self.site, self.server)

    def write(self, numbers, stock, id):
        """Have the stock of products written by events."""
        for n in numbers:
            sku = f"P-{n:04d}"
            self.deliver(id=f"{id}-{n}", topic="stock", sku=sku, qty=stock)
        self.settle()

    def settle(self):
        """Let the CMS take all that waits."""
        till = time.monotonic() + 30
        site = self.context.settings.destinations["site"]
        while self.context.outbox.counts()["pending"]:
            assert time.monotonic() < till, self.context.report.status()
            step = self.deliverer.step(site, flights=4, more=lambda _: None)
            if isinstance(step, Wait):
                time.sleep(min(0.05, step.seconds or 0.05))

    def stock(self, numbers):
        items = self.site.collections[PRODUCTS].items
        return [items[product_id(n)].live.fields["stock"] for n in numbers]
