"""``instep why`` on a store: what people read, its exit codes, and keys of every kind."""

import json
import re
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from service.cli import main
from service.commands.why import lines_of
from service.config.build import build
from service.ingest.intake import Intake
from workers.runtime import jobs
from workers.store.clock import read_us

TOML = """
mappings = ["mappings.py"]
[destinations.site]
token = "t0ken"
[collections.products]
destination = "site"
id = "65f000000000000000000001"
key = "sku"
[collections.prices]
destination = "site"
id = "65f000000000000000000002"
key = ["sku", "shop"]
[collections.pages]
destination = "site"
id = "65f000000000000000000003"
[sources.erp]
sender = "bearer"
secrets = ["s3cret"]
id = "id"
topic = "type"
occurred_at = "at"
"""
MAPPINGS = """
from marshmallow import fields
from service.mapping import Mapping

class Stock(Mapping):
    class Meta:
        source, collection, key = "erp", "products", "sku"
        topics = ("stock",)

    stock = fields.Integer(strict=True)

class Price(Mapping):
    class Meta:
        source, collection, key = "erp", "prices", ("sku", "shop")
        topics = ("price",)

    price = fields.Integer(strict=True)

class Page(Mapping):
    class Meta:
        source, collection, item = "erp", "pages", "item"
        topics = ("page",)

    title = fields.String()
"""
PROOF = {"authorization": "Bearer s3cret", "content-type": "application/json"}
ODD = ("gid://shopify/Product/1", "A/B", "A|ü", "a b", "100%", "[x]", "'q\"", "日本", "-")


class Shop:
    """A source, and the command line on its store."""

    def __init__(self, folder, socket):
        (folder / "instep.toml").write_text(TOML)
        (folder / "mappings.py").write_text(MAPPINGS)
        self.environ = {
            "INSTEP_CONFIG": str(folder / "instep.toml"),
            "INSTEP_DATA": str(folder),
            "REDIS_URL": f"unix://{socket}",
            "TZ": "UTC",
        }
        self.configuration = build(self.environ)
        self.context = jobs.build(self.configuration.settings)
        self.number = 0

    def receive(self, topic, **payload):
        self.number += 1
        intake = Intake(
            self.configuration.senders, self.configuration.mappings, self.context.outbox, str
        )
        event = {"id": f"e{self.number}", "type": topic, **payload}
        now = read_us(self.context.steps.client) / 1e6
        event.setdefault("at", now)
        text = json.dumps(event, ensure_ascii=False).encode()
        intake.receive("erp", PROOF, text, now=datetime.fromtimestamp(now, UTC))

    def why(self, *arguments):
        return CliRunner().invoke(main, ["why", *arguments], env=self.environ)


@pytest.fixture
def shop(tmp_path, store_socket, store):
    assert store.dbsize() == 0
    shop = Shop(tmp_path, store_socket)
    yield shop
    shop.context.steps.client.close()


def test_it_leads_with_the_answer_and_says_what_happens_next(shop):
    shop.receive("stock", sku="A1", stock=5)
    shop.context.breaker.pause("site", "the token was refused (401)")
    found = shop.why("products", "A1")
    assert found.exit_code == 0
    first = " ".join(found.output.partition("\n\n")[0].split())
    assert re.fullmatch(
        r"Not yet on the site\. It waits for the destination site, paused by an operator since "
        r"\S+ \S+ \w+: the token was refused \(401\)\. Next: nothing until it is resumed: "
        r"`instep resume destination:site`\.",
        first,
    )


@pytest.mark.parametrize("key", ODD)
def test_any_key_works(shop, key):
    shop.receive("stock", sku=key, stock=5)
    found = shop.why("products", "--json", "--", key)
    assert found.exit_code == 0, found.output
    assert json.loads(found.output)["key"] == key
    assert shop.why("products", "--", key).exit_code == 0


@pytest.mark.parametrize("form", ["Ünit", "U\u0308nit", " U\u0308nit\u3000"])
def test_a_key_is_found_in_any_form_and_shown_as_it_came(shop, form):
    shop.receive("stock", sku=" Ünit", stock=5)
    found = json.loads(shop.why("products", form, "--json").output)
    assert found["key"] == " Ünit"


def test_a_key_of_several_parts_works(shop):
    shop.receive("price", sku="A|B", shop="é ", price=5)
    found = json.loads(shop.why("prices", r"A\|B|é", "--json").output)
    assert found["fields"]["price"]["wanted"] == 5


def test_a_key_with_too_few_parts_is_told_so(shop):
    found = shop.why("prices", "A1")
    assert found.exit_code == 1
    assert "whose keys have 2 parts, joined by |" in " ".join(found.output.split())


def test_a_collection_without_keys_is_asked_by_item_id(shop):
    shop.receive("page", item="65f000000000000000000abc", title="Hello")
    found = json.loads(shop.why("pages", "65f000000000000000000abc", "--json").output)
    assert (found["key"], found["item"]) == ("65f000000000000000000abc",) * 2


def test_an_unknown_key_exits_1_with_the_nearest(shop):
    shop.receive("stock", sku="SKU-1001", stock=5)
    found = shop.why("products", "SKU-1O01")
    assert found.exit_code == 1
    assert "No event has named the record SKU-1O01 of products." in found.output
    assert "SKU-1001" in found.output
    found = shop.why("products", "SKU-1O01", "--json")
    assert found.exit_code == 1
    assert json.loads(found.output)["nearest"] == ["SKU-1001"]


def test_an_unknown_collection_is_an_error_of_usage(shop):
    found = shop.why("product", "A1")
    assert found.exit_code == 2
    assert "expected a collection: products, prices, pages" in found.output


def test_no_line_is_longer_than_80_columns(shop):
    shop.receive("stock", sku="x" * 60 + " " + "y" * 100, stock=5)
    shop.receive("page", item="p1", title="word " * 300)
    shop.context.breaker.pause("site", "reason " * 40)
    for arguments in (("products", "x" * 60 + " " + "y" * 100), ("pages", "p1")):
        lines = shop.why(*arguments).output.splitlines()
        assert lines
        assert max(map(len, lines)) <= 80


def test_nothing_that_a_source_sends_reaches_the_terminal_as_a_control_code(shop):
    key = "A\x1b[31m\nB"
    shop.receive("stock", sku=key, stock=5)
    shop.context.breaker.pause("site", "red \x1b[31m")
    text = shop.why("products", key).output + shop.why("products", key + "1").output
    assert "\x1b" not in text
    assert "\nB" not in text


def test_the_life_is_told_with_what_came_too_late(shop):
    now = read_us(shop.context.steps.client) / 1e6
    shop.receive("stock", sku="A1", stock=5, at=now)
    shop.receive("stock", sku="A1", stock=4, at=now - 60)
    lines = shop.why("products", "A1").output
    text = " ".join(lines.split())
    assert "The last event e2 of erp came too late for stock: its version" in text
    assert "event e1 of erp, topic stock, mapping Stock stock: pending 5" in text
    assert "event e2 of erp, topic stock, mapping Stock stock: stale 4, newer value:" in text
    found = json.loads(shop.why("products", "A1", "--json").output)
    first, second = found["life"]
    assert (first["delivery"], second["delivery"]) == ("erp-1", "erp-2")
    assert second["fields"]["stock"]["against"]["event"] == "e1"


def test_what_happens_again_and_again_is_one_line(shop):
    entry = {"at": "2026-11-29T10:00:00Z", "says": "the CMS answered 500", "fields": {}}
    life = [entry | {"at": f"2026-11-29T10:00:0{n}Z", "call": None} for n in range(3)]
    shop.receive("stock", sku="A1", stock=5)
    found = json.loads(shop.why("products", "A1", "--json").output)
    told = "\n".join(lines_of(found | {"life": life}))
    assert told.count("the CMS answered 500") == 1
    assert "(3 times" in told
