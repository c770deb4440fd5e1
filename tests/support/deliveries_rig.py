"""Deliveries on a real store: what comes in by HTTP, and what is listed of it."""

import json
from datetime import UTC, datetime

from redis.client import NEVER_DECODE

from service.config.build import build
from service.operate.deliveries import list_deliveries, replay_deliveries, show_delivery
from service.operate.delivery_replay import DeliverySelection
from service.web.app import create_app
from tests.support.stored_items import field_of
from workers.config.loader import load
from workers.runtime import jobs
from workers.store.refusals import Refusals

TOML = """
mappings = ["mappings.py"]
public_url = "https://hooks.example.com"
[destinations.site]
token = "t0ken"
[collections.products]
destination = "site"
id = "65f000000000000000000001"
key = "sku"
[collections.stores]
destination = "site"
id = "65f000000000000000000002"
key = "sku"
[sources.erp]
sender = "bearer"
secrets = ["s3cret", "0lder-s3cret"]
id = "id"
topic = "type"
events = "events || [@]"
[sources.brief]
sender = "bearer"
secrets = ["s3cret"]
keep_hours = 0
[sources.shop]
sender = "square"
secrets = ["s3cret"]
path_token = "h1dden"
[sources.crm]
sender = "github"
secrets = ["s3cret"]
"""
MAPPINGS = """
from marshmallow import fields
from service.mapping import Mapping


class Price(Mapping):
    class Meta:
        source = "erp"
        topics = ("price",)
        collection = "products"
        key = "sku"

    price = fields.Integer(data_key="cents")


class Brief(Mapping):
    class Meta:
        source = "brief"
        collection = "products"
        key = "sku"

    price = fields.Integer(data_key="cents")
"""
PROOF = {"Authorization": "Bearer s3cret"}


class Deliveries:
    """The application and the operator's functions, on one store."""

    def __init__(self, folder, store_socket):
        self.folder = folder
        (folder / "instep.toml").write_text(TOML)
        (folder / "mappings.py").write_text(MAPPINGS)
        self.environ = {
            "INSTEP_CONFIG": str(folder / "instep.toml"),
            "INSTEP_DATA": str(folder / "data"),
            "REDIS_URL": f"unix://{store_socket}",
        }
        self.context = jobs.build(load(self.environ))
        self.client = self.context.steps.client
        self.refusals = Refusals(self.client)
        self.refusals._start = lambda: None  # written when the test says so
        self.correct()

    def correct(self, old="", new=""):
        """Replace a part of the mappings: from now on they map so."""
        path = self.folder / "mappings.py"
        path.write_text(path.read_text().replace(old, new))
        self.configuration = build(self.environ)
        app = create_app(
            self.configuration,
            outbox=self.context.outbox,
            wake=str,
            status=dict,
            check_store=dict,
            workers_alive=lambda: 1,
            count_refusal=self.refusals.count,
            list_refusal=self.refusals.list,
            clock=lambda: datetime.now(UTC),
        )
        self.web = app.test_client()

    def close(self):
        self.client.close()
        self.context.wakes.close()

    def send(self, *events, source="erp", headers=PROOF, **one):
        """Send one delivery of *events*, or of the one event that the keywords are."""
        body = {"events": events} if events else one
        answer = self.web.post(f"/webhooks/{source}", data=json.dumps(body), headers=headers)
        return answer.status_code

    def listed(self, **filters):
        self.refusals.flush()
        return list_deliveries(self.context, configuration=self.configuration, **filters)

    def items(self, **filters):
        return self.listed(**filters).items

    def show(self, id, **options):
        return show_delivery(self.context, id, configuration=self.configuration, **options)

    def replay(self, *ids, dry_run=False, scope=None, **filters):
        return replay_deliveries(
            self.context,
            DeliverySelection(ids, **filters),
            dry_run=dry_run,
            by="admin",
            scope=scope,
            configuration=self.configuration,
        )

    def dump(self, key):
        """All bytes of *key*, also of entries that are marked as deleted."""
        return self.client.execute_command("DUMP", key, **{NEVER_DECODE: True})

    def price(self, sku, collection="products"):
        return json.loads(field_of(self.client, f"instep:item:{collection}:{sku}", "price")["v"])
