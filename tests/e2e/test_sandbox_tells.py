"""The sandbox's own webhooks, received by Instep: one site follows another."""

import json
import time
import urllib.request

from service.sandbox.seeds.samples import PRODUCTS, product_id

SECRET = "a-client-secret"
ITEM = f"/v2/collections/{PRODUCTS}/items/{product_id(1)}"
PATIENCE = 20.0  # s

CONFIGURATION = """
mappings = ["mappings.py"]

[destinations.site]
api = "v2"
token = "sandbox-token"
base_url = "{url}"

[collections.products]
destination = "site"
id = "{collection}"
key = "sku"

[sources.original]
sender = "webflow"
secrets = ["{secret}"]
"""

MAPPINGS = """
from marshmallow import fields
from service.mapping import Mapping


class Followed(Mapping):
    class Meta:
        source = "original"
        topics = ("collection_item_changed",)
        collection = "products"
        key = "payload.fieldData.sku"

    price = fields.Float(data_key="payload.fieldData.price")
"""


def call(url, method="GET", body=None):
    headers = {"Authorization": "Bearer sandbox-token", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310
    with urllib.request.urlopen(request, timeout=5) as response:  # noqa: S310
        return json.load(response)


def until(question, wanted):
    ends = time.monotonic() + PATIENCE
    while (found := question()) != wanted:
        assert time.monotonic() < ends, f"found {found}, wanted {wanted}"
        time.sleep(0.1)


def test_a_change_of_one_site_reaches_the_other(instep, tmp_path):
    sandbox = ("sandbox", "--bind", "127.0.0.1:0", "--products", "3")
    copy = instep(*sandbox).stdout.readline().split()[1]
    text = CONFIGURATION.format(url=copy, collection=PRODUCTS, secret=SECRET)
    (tmp_path / "instep.toml").write_text(text)
    (tmp_path / "mappings.py").write_text(MAPPINGS)
    web = instep("up", "--bind", "127.0.0.1:0", "--processes", "1").stdout.readline().split()[1]
    webhook = ("--webhook", f"{web}/webhooks/original", "--webhook-secret", SECRET)
    original = instep(*sandbox, *webhook).stdout.readline().split()[1]

    call(original + ITEM, "PATCH", {"fieldData": {"price": 77.5}})
    until(lambda: call(copy + ITEM)["fieldData"]["price"], 77.5)

    def changed():
        hooks = call(f"{original}/_sandbox/webhooks")["webhooks"]
        return [
            (one["delivered"], one["failed"])
            for one in hooks
            if one["trigger"] == "collection_item_changed"
        ]

    until(changed, [(1, 0)])
