"""A record that goes, whose update comes late, and that comes back, through real processes."""

import json
import time

import pytest

from service.sandbox.seeds.samples import PRODUCTS
from tests.support.delivery_cms import Cms
from tests.support.real_processes import CONFIGURATION, SECRET, Instep, Line, eventually, signed

MAPPINGS = """
from marshmallow import fields
from service.mapping import Mapping


class Product(Mapping):
    class Meta:
        source, collection, key = "erp", "products", "data.sku"
        topics = ("changed",)

    name = fields.String(data_key="data.name")
    stock = fields.Integer(data_key="data.qty")


class Deleted(Mapping):
    class Meta:
        source, collection, key = "erp", "products", "data.sku"
        topics = ("deleted",)
        on_delete = "delete"


class Retired(Mapping):
    class Meta:
        source, collection, key = "erp", "products", "data.sku"
        topics = ("retired",)
        on_delete = "archive"
"""


@pytest.fixture
def cms():
    cms = Cms(5, 600, time.time)
    yield cms
    cms.close()


@pytest.fixture
def instep(tmp_path, cms):
    text = CONFIGURATION.format(
        api="v2", url=cms.server.url, more="", collection=PRODUCTS, secret=SECRET
    ).replace(
        'key = "sku"', 'key = "sku"\nmissing = "create"\n[collections.products.guard]\ndelay = 0'
    )
    cms.url, text = cms.server.url, text.replace("minute = 60", "minute = 600")
    instep = Instep(tmp_path, cms, mappings=MAPPINGS, configuration=text)
    instep.token = "t"
    yield instep
    instep.close()


def test_a_deleted_record_stays_away_until_it_is_newer_than_its_deletion(cms, instep):
    now = int(time.time() * 1000)
    instep.up()
    line = Line(instep.address)

    def send(kind, second, **data):
        event = {"id": f"{kind}-{second}-{data['sku']}", "type": kind}
        event |= {"at": now + 1000 * second - 100_000, "data": data}
        assert line.ask(signed(event)) == 200

    for n in (1, 2):
        send("changed", 10, sku=cms.key(n), name="Oak desk", qty=n)
    send("deleted", 50, sku=cms.key(1))
    send("retired", 50, sku=cms.key(2))
    instep.settled()
    assert cms.made(cms.key(1)) == []
    assert cms.the(cms.key(2)).staged.archived
    for n in (1, 2):
        send("changed", 40, sku=cms.key(n), name="Late desk", qty=40)
    assert instep.settled()["fields"]["stale"] == 4
    for n in (1, 2):
        send("changed", 60, sku=cms.key(n), name="Pine desk", qty=60)
    eventually(lambda: cms.made(cms.key(1)), within=60, pause=0.3, told=instep.log)
    status = instep.settled()
    line.close()
    found = [cms.the(cms.key(n)) for n in (1, 2)]
    assert [item.live.fields["stock"] for item in found] == [60, 60]
    assert [item.staged.archived for item in found] == [False, False]
    assert (status["dead_letters"], status["balanced"]) == (0, True)
    code, said, _ = instep.command("dead", "list", "--json")
    assert (code, json.loads(said)) == (0, [])
