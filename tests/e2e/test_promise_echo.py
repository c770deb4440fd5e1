"""The webhooks of the CMS itself: what was written comes back, and what a person edited counts."""

import hashlib
import hmac
import json
import time

import pytest

from tests.support.real_processes import (
    BY_ITEM,
    CONFIGURATION,
    SECRET,
    Instep,
    Line,
    request,
    signed,
)
from tests.support.standin import COLLECTION, StandIn, item_id

KEY = b"the-key-of-the-webhook"
ITEM, OTHER = item_id(3), item_id(4)
CMS_SOURCE = """
[sources.cms]
sender = "webflow"
secrets = ["the-key-of-the-webhook"]
"""
MAPPINGS = (
    BY_ITEM
    + """
class FromCms(Mapping):
    class Meta:
        source = "cms"
        topics = tuple(f"collection_item_{what}" for what in ("created", "changed", "published"))
        collection = "products"
        item = "payload.id"

    stock = fields.Integer(data_key="payload.fieldData.stock")
    in_stock = fields.Boolean(data_key='payload.fieldData."in-stock"')
    title = fields.String(data_key="payload.fieldData.title")
    photo = Image(data_key="payload.fieldData.photo")
"""
)


@pytest.fixture(scope="module")
def cms():
    cms = StandIn(10)
    yield cms
    cms.close()


@pytest.fixture(scope="module")
def instep(tmp_path_factory, cms):
    """One installation; each test has an item of its own."""
    text = CONFIGURATION + CMS_SOURCE
    text = text.format(api="v2", url=cms.url, more="", collection=COLLECTION, secret=SECRET)
    instep = Instep(tmp_path_factory.mktemp("echo"), cms, mappings=MAPPINGS, configuration=text)
    instep.up()
    yield instep
    instep.close()


@pytest.fixture
def line(instep):
    line = Line(instep.address)
    yield line
    line.close()


def ms():
    return int(time.time() * 1000)


def change(line, number, at, *, item=ITEM, **data):
    """The erp tells of a change that it made at a time, in ms."""
    told = {"id": f"{item}-{number}", "type": "stock.changed", "at": at}
    assert line.ask(signed(told | {"data": {"item_id": item, **data}})) == 200


def tell(line, event):
    body, stamp = json.dumps(event).encode(), str(ms())
    signature = hmac.digest(KEY, stamp.encode() + b":" + body, hashlib.sha256).hex()
    headers = {"x-webflow-timestamp": stamp, "x-webflow-signature": signature}
    assert line.ask(request("/webhooks/cms", body, headers)) == 200


def sent(cms, item=ITEM):
    return [call.items[item] for call in cms.calls("PATCH") if item in call.items]


def test_our_write_comes_back_and_an_edit_in_the_same_second_gets_out(cms, instep, line):
    began, before = ms() - 60_000, instep.status()["fields"]["unchanged"]
    change(line, 1, began, qty=30, title="Oak", photo="https://shop.example/a.jpg")
    instep.settled()
    first = cms.event(ITEM)
    assert len(sent(cms)) == 1

    for trigger in ("collection_item_changed", "collection_item_published"):
        tell(line, {**first, "triggerType": trigger})
    status = instep.settled()
    assert len(sent(cms)) == 1
    assert status["fields"]["unchanged"] - before == 8

    # Made before our write, told after its echo.
    change(line, 2, began + 1000, qty=31)
    instep.settled()
    assert sent(cms)[1:] == [{"stock": 31}]

    # In the millisecond after our write; then both events of our writes come, late.
    second = cms.event(ITEM)
    cms.edit(ITEM, stock=40, title="Oak, by hand")
    tell(line, cms.event(ITEM))
    tell(line, {**second, "triggerType": "collection_item_published"})
    tell(line, {**first, "triggerType": "collection_item_created"})
    instep.settled()
    merged = {slug: value for fields in sent(cms)[2:] for slug, value in fields.items()}
    assert merged == {"stock": 40, "title": "Oak, by hand"}
    assert cms.live[ITEM]["stock"] == 40
    assert cms.live[ITEM]["title"] == "Oak, by hand"
    assert cms.files == 1

    calls = len(sent(cms))
    tell(line, cms.event(ITEM))
    status = instep.settled()
    assert len(sent(cms)) == calls
    assert status["dead_letters"] == 0


def test_an_item_that_was_deleted_is_said_to_be_gone(cms, instep, line):
    at, before = ms() - 60_000, instep.status()["fields"]["unchanged"]
    change(line, 1, at, item=OTHER, qty=30)
    instep.settled()
    tell(line, cms.event(OTHER, trigger="collection_item_deleted"))
    change(line, 2, at + 1, item=OTHER, qty=30)
    status = instep.settled()
    # Not "unchanged": nobody knows that it is there.
    assert sent(cms, OTHER) == [{"stock": 30, "in-stock": True}] * 2
    assert status["fields"]["unchanged"] == before
