"""The web application with its API, on a real store that holds some of everything."""

import json
import time
from datetime import UTC, datetime

from service.config.build import build
from service.ingest.intake import Intake
from service.operate.bulk_runner import BulkRunner
from service.web.app import create_app
from workers.model.attempts import Batch, BatchOutcome, Call, FieldFailure, ItemOutcome
from workers.runtime import jobs
from workers.store import connection, keys

ADMIN = "admin-token-0000001"
VIEW = "viewer-token-000001"
OPERATE = "operate-token-00001"
SHOP = "shop-token-00000001"  # views the destination shop
CLERK = "clerk-token-0000001"  # operates the destination shop
KEYS = ("gid://shopify/Product/1", "A/B", "A|ü", "plain")
TOML = """
mappings = ["mappings.py"]
[destinations.site]
token = "t0ken-of-the-site"
base_url = "{url}"
[destinations.shop]
token = "t0ken-of-the-shop"
base_url = "{url}"
[collections.products]
destination = "site"
id = "65f000000000000000000001"
key = "sku"
preflight = false
[collections.orders]
destination = "shop"
id = "65f000000000000000000002"
key = "number"
preflight = false
[sources.erp]
sender = "bearer"
secrets = ["s3cret-of-the-erp"]
id = "id"
topic = "topic"
[sources.till]
sender = "bearer"
secrets = ["s3cret-of-the-till"]
id = "id"
[access.viewer]
token = "${{VIEW}}"
[access.operator]
token = "${{OPERATE}}"
role = "operate"
[access.shop]
token = "${{SHOP}}"
destinations = ["shop"]
[access.clerk]
token = "${{CLERK}}"
role = "operate"
destinations = ["shop"]
"""
MAPPINGS = """
from marshmallow import fields
from service.mapping import Mapping


class Stock(Mapping):
    class Meta:
        source = "erp"
        collection = "products"
        key = "sku"
        topics = ("stock",)

    stock = fields.Integer(data_key="qty")
    title = fields.String()


class Order(Mapping):
    class Meta:
        source = "till"
        collection = "orders"
        key = "number"

    total = fields.Integer()
"""
TOKENS = {"VIEW": VIEW, "OPERATE": OPERATE, "SHOP": SHOP, "CLERK": CLERK}


class Rig:
    """
    One application, and the objects to fill its store.

    Args:
        url: Of the CMS.
    """

    def __init__(
        self,
        folder,
        store_socket,
        *,
        url="http://127.0.0.1:1",
        toml=TOML,
        mappings=MAPPINGS,
        **environ,
    ):
        (folder / "mappings.py").write_text(mappings)
        (folder / "instep.toml").write_text(toml.format(url=url))
        self.environ = {
            "INSTEP_CONFIG": str(folder / "instep.toml"),
            "INSTEP_DATA": str(folder / "data"),
            "REDIS_URL": f"unix://{store_socket}",
            "INSTEP_ADMIN_TOKEN": ADMIN,
            **TOKENS,
            **environ,
        }
        self.environ = {name: value for name, value in self.environ.items() if value is not None}
        self.configuration = build(self.environ)
        self.context = jobs.build(self.configuration.settings)
        self.app = create_app(
            self.configuration,
            outbox=self.context.outbox,
            wake=str,
            status=self.context.report.status,
            check_store=lambda: {"mode": "always"},
            workers_alive=lambda: 1,
            context=self.context,
        )
        self.client = self.app.test_client()

    def carry_out(self):
        """Carry out the runs that a worker would; one may wait a moment for its budget."""
        runner, till = BulkRunner(self.context, lambda: self.configuration), time.monotonic() + 30
        while runner.step() or self.context.runs.queued():
            assert time.monotonic() < till
            time.sleep(0.001)

    def close(self):
        self.context.steps.client.close()
        self.context.wakes.close()

    def deliver(self, source="erp", **body):
        """Deliver *body* by *source*, proven."""
        made = self.configuration
        intake = Intake(made.senders, made.mappings, self.context.outbox, str)
        proof = {"authorization": f"Bearer s3cret-of-the-{source}"}
        return intake.receive(source, proof, json.dumps(body).encode(), now=datetime.now(UTC))

    def fill(self):
        """Leave records of every kind of key, an unmapped letter, and one that was refused."""
        copy = self.context.settings.copy_of(self.context.settings.collections["products"])
        client = self.context.steps.client
        for number, key in enumerate(KEYS):
            client.hset(keys.item_ids("products", copy), key, f"item-{number}")
            client.hset(keys.item_keys("products", copy), f"item-{number}", key)
            self.deliver(id=f"e{number}", topic="stock", sku=key, qty=number, title=f"T {key}")
        self.deliver(id="bad", topic="stock", sku="A/B", qty="no number")
        self.deliver(id="other", topic="price", sku="A/B")
        self.deliver("till", id="o1", number="17", total=3)
        self.answer(refused="plain")

    def answer(self, refused):
        """Let the CMS write what is due, but refuse the stock of *refused*."""
        batch = self.context.outbox.claim(self.context.settings.destinations["site"])
        assert isinstance(batch, Batch)
        failure = FieldFailure("refused", ("stock",), "Stock is not valid", 400, "validation_error")
        outcomes = tuple(
            ItemOutcome(item.record, failures=(failure,), attempt=True)
            if item.record == refused
            else ItemOutcome(item.record, written=tuple(field.slug for field in item.fields))
            for item in batch.items
        )
        assert refused in {item.record for item in batch.items}
        self.context.outbox.settle(batch, BatchOutcome(outcomes, "success"), call=Call(200))

    def get(self, path, token=ADMIN, **query):
        return self._ask("GET", path, token, query_string=query)

    def post(self, path, token=ADMIN, **body):
        return self._ask("POST", path, token, json=body)

    def _ask(self, method, path, token, **options):
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return self.client.open(path, method=method, headers=headers, **options)

    def dump(self):
        """All that the store holds, to compare; without answers kept for seconds."""
        with connection.rq_connection(self.context.settings.store) as client:
            names = sorted(client.scan_iter(count=1000))
            kept = [name for name in names if keys.kind_of(name.decode()) not in ("call", "wake")]
            with client.pipeline(transaction=True) as pipeline:
                for name in kept:
                    pipeline.dump(name)
                return dict(zip(kept, pipeline.execute(), strict=True))
