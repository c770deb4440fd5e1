"""``instep dead replay`` of letters that are kept without their bodies."""

import json
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from service.cli import main
from service.config.build import build
from service.fetchers.base import Fetched
from service.ingest.fetch_runner import Runner
from service.ingest.intake import Intake
from tests.support.fetches_rig import reading
from tests.support.stored_items import field_of
from workers.runtime import jobs
from workers.store.outbox import balanced

PROOF = {"authorization": "Bearer s3cret", "content-type": "application/json"}
TOML = """
mappings = ["mappings.py"]
[destinations.site]
token = "t0ken"
[collections.products]
destination = "site"
id = "65f000000000000000000001"
key = "sku"
[sources.erp]
sender = "bearer"
secrets = ["s3cret"]
id = "id"
topic = "type"
"""
MAPPINGS = """
from tests.support.fetches_rig import reading
from marshmallow import fields
from service.mapping import Mapping

def product(notice):
    return reading["product"](notice)

class Fetched(Mapping):
    class Meta:
        source = "erp"
        topics = ("notice",)
        collection = "products"
        key = "sku"
        fetch = product
        object = "id"

    stock = fields.Integer(data_key="qty", strict=True)

class Price(Mapping):
    class Meta:
        source = "erp"
        topics = ("price",)
        collection = "products"
        key = "sku"

    price = fields.Integer(strict=True)
    weight = fields.Integer()
"""


class Shop:
    """A source, and the command line on its store."""

    def __init__(self, folder, socket):
        self.folder = folder
        (folder / "instep.toml").write_text(TOML)
        self.environ = {
            "INSTEP_CONFIG": str(folder / "instep.toml"),
            "REDIS_URL": f"unix://{socket}",
        }
        self.map(MAPPINGS)

    def map(self, text):
        (self.folder / "mappings.py").write_text(text)
        self.configuration = build(self.environ)
        self.context = jobs.build(self.configuration.settings)

    def receive(self, **payload):
        intake = Intake(
            self.configuration.senders, self.configuration.mappings, self.context.outbox, str
        )
        intake.receive("erp", PROOF, json.dumps(payload).encode(), now=datetime.now(UTC))

    def replay(self, id):
        found = CliRunner().invoke(main, ["dead", "replay", id], env=self.environ)
        assert balanced(self.context.outbox.counts())
        return found

    def letters(self):
        return self.context.letters.list()

    def value(self, record, slug):
        held = field_of(self.context.steps.client, f"instep:item:products:{record}", slug)
        return held and json.loads(held["v"])


@pytest.fixture
def shop(tmp_path, store_socket, store):
    assert store.dbsize() == 0
    shop = Shop(tmp_path, store_socket)
    yield shop
    shop.context.steps.client.close()


def test_what_was_fetched_is_replayed_from_what_is_kept(shop, monkeypatch):
    rows = Fetched(({"sku": "a", "qty": 1}, {"sku": "b", "qty": "2"}))
    monkeypatch.setitem(reading, "product", lambda _: rows)
    shop.receive(id="n1", type="notice")
    monkeypatch.setattr("workers.store.outbox.RAW_BYTES", 1)
    Runner(shop.context, shop.configuration.mappings).step(str)
    (letter,) = shop.letters()
    assert letter.raw is None
    shop.map(MAPPINGS.replace('"qty", strict=True', '"qty"'))
    assert shop.replay(letter.id).output == "Replayed: 1\n"
    assert shop.value("b", "stock") == 2


def test_a_letter_that_stands_for_many_says_what_to_do(shop, monkeypatch):
    monkeypatch.setattr("workers.store.outbox.LETTERS_MOST", 0)
    for n in range(3):
        shop.receive(id=f"e{n}", type="price", sku=f"p{n}", price="1", weight=5)
    (letter,) = shop.letters()
    found = shop.replay(letter.id)
    assert found.exit_code == 1
    assert "stands for 3 events: correct the mapping, run `instep remap erp`" in found.output
    assert len(shop.letters()) == 1
