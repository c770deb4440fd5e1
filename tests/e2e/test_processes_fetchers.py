"""The fetchers that ship, with real processes: notice in, its system asked, the CMS shows it."""

import threading

import pytest

from tests.support.real_processes import (
    COLLECTION,
    CONFIGURATION,
    SECRET,
    Instep,
    Line,
    eventually,
    signed,
)
from tests.support.standin import StandIn, item_id
from tests.support.webhook_listener import listen

TOKEN = "tok_5f0b7c"
FETCHERS = """
[fetchers.shop]
kind = "bigcommerce-product"
token = "{token}"
base_url = "{url}"
store = "k4v9x2ab"

[fetchers.base]
kind = "airtable-payloads"
token = "{token}"
base_url = "{url}"

[fetchers.till]
kind = "square-object"
token = "{token}"
base_url = "{url}"

[fetchers.pay]
kind = "stripe-object"
token = "{token}"
base_url = "{url}"
"""
MAPPINGS = """
from marshmallow import fields
from service.mapping import Mapping

class Product(Mapping):
    class Meta:
        source, topics, fetch = "erp", ("product",), "shop"
        collection, item = "products", "sku"

    title = fields.String(data_key="name")
    stock = fields.Decimal(data_key="price")

class Record(Mapping):
    class Meta:
        source, topics, fetch = "erp", ("ping",), "base"
        collection, item = "products", "fields.fldItem"
        version = "baseTransactionNumber"
        when = "change != 'destroyed'"

    in_stock = fields.Boolean(data_key="fields.fldStock > `0`")

class Variation(Mapping):
    class Meta:
        source, topics, fetch = "erp", ("count",), "till"
        collection, item = "products", "item_variation_data.sku"

    title = fields.String(data_key="item_variation_data.name")

class Price(Mapping):
    class Meta:
        source, topics, fetch = "erp", ("thin",), "pay"
        collection, item = "products", "metadata.item"

    stock = fields.Integer(data_key="unit_amount")
"""
BASE, WEBHOOK = "appQ7vK2mZ0tLr9Xa", "achN4yW8cP1sDf6Gh"


class Systems:
    """The four systems on one address, by what their documentation says of the path."""

    delay = 0.0

    def __init__(self):
        self.requests, self.payloads = [], []
        self.lock, self.stopping = threading.Lock(), threading.Event()
        self.documents = {
            "/stores/k4v9x2ab/v3/catalog/products/205": {
                "data": {"id": 205, "sku": item_id(1), "name": "Oak lamp", "price": 18.55}
            },
            "/v2/catalog/object/K7PX": {
                "object": {
                    "type": "ITEM_VARIATION",
                    "id": "K7PX",
                    "version": 4,
                    "item_variation_data": {"sku": item_id(2), "name": "Large"},
                }
            },
            "/v1/prices/price_1": {
                "object": "price",
                "id": "price_1",
                "unit_amount": 1850,
                "metadata": {"item": item_id(3)},
            },
        }
        self.server = listen(self)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def change(self, number, stock):
        """Add an Airtable payload: the record of item *number* has *stock* now."""
        cells = {"cellValuesByFieldId": {"fldItem": item_id(number), "fldStock": stock}}
        changed = {"changedRecordsById": {f"rec{number}": {"current": cells}}}
        self.payloads.append(
            {
                "timestamp": "2026-05-12T09:29:59.871Z",
                "baseTransactionNumber": 100 + len(self.payloads),
                "payloadFormat": "v0",
                "changedTablesById": {"tbl1": changed},
            }
        )

    def answer(self, request):
        if TOKEN not in request.headers.get("authorization", request.headers.get("x-auth-token")):
            return 401, {}, {}
        if request.path == f"/v0/bases/{BASE}/webhooks/{WEBHOOK}/payloads":
            start = int(request.query["cursor"]) - 1
            found = self.payloads[start : start + 2]  # a page of two, so that there are several
            cursor = start + len(found) + 1
            more = cursor <= len(self.payloads)
            return 200, {}, {"payloads": found, "cursor": cursor, "mightHaveMore": more}
        found = self.documents.get(request.path)
        return (200, {}, found) if found else (404, {}, {"error": "not found"})

    def cursors(self):
        return [int(each.query["cursor"]) for each in self.requests if "cursor" in each.query]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(scope="module")
def cms():
    cms = StandIn(10)
    yield cms
    cms.close()


@pytest.fixture(scope="module")
def systems():
    systems = Systems()
    yield systems
    systems.close()


@pytest.fixture(scope="module")
def instep(tmp_path_factory, cms, systems):
    """One installation; each test has sources and items of its own."""
    plain = CONFIGURATION.format(
        api="v2", url=cms.url, more="", collection=COLLECTION, secret=SECRET
    )
    text = plain + FETCHERS.format(token=TOKEN, url=systems.url)
    instep = Instep(tmp_path_factory.mktemp("fetchers"), cms, mappings=MAPPINGS, configuration=text)
    instep.up()
    yield instep
    instep.close()


def notify(instep, topic, payload):
    line = Line(instep.address)
    assert line.ask(signed({"type": topic, **payload})) == 200
    line.close()


def test_a_notice_of_each_kind_brings_what_its_system_says(instep, cms):
    counts = [{"catalog_object_id": "K7PX", "catalog_object_type": "ITEM_VARIATION"}]
    notify(instep, "product", {"data": {"type": "product", "id": 205}})
    notify(instep, "count", {"data": {"object": {"inventory_counts": counts}}})
    related = {"id": "price_1", "type": "price", "url": "/v1/prices/price_1"}
    notify(instep, "thin", {"object": "v2.core.event", "related_object": related})
    eventually(lambda: cms.live[item_id(1)].get("title") == "Oak lamp", told=instep.log)
    assert cms.live[item_id(1)]["stock"] == 18.55
    eventually(lambda: cms.live[item_id(2)].get("title") == "Large", told=instep.log)
    eventually(lambda: cms.live[item_id(3)].get("stock") == 1850, told=instep.log)
    assert instep.status()["dead_letters"] == 0


def test_pings_without_data_read_every_page_once(instep, cms, systems):
    ping = {"base": {"id": BASE}, "webhook": {"id": WEBHOOK}}
    for number in range(1, 6):
        systems.change(3 + number, stock=number - 3)
    notify(instep, "ping", ping)
    eventually(lambda: cms.live[item_id(8)].get("in-stock") is True, told=instep.log)
    eventually(lambda: cms.live[item_id(4)].get("in-stock") is False, told=instep.log)
    eventually(lambda: instep.status()["fetchers"]["base"]["waiting"] == 0)
    assert systems.cursors() == [1, 3, 5]
    systems.change(4, stock=9)
    notify(instep, "ping", ping)
    eventually(lambda: cms.live[item_id(4)].get("in-stock") is True, told=instep.log)
    assert systems.cursors() == [1, 3, 5, 6]
