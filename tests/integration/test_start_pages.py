"""The pages of service/docs/start lead from nothing to the right item, by what they show."""

import contextlib
import json
import sqlite3
import time

import pytest

from service.run import sync as rounds
from service.sandbox.seeds.samples import PRODUCTS, product_id, seed_products
from service.sandbox.server import start, stop
from service.sandbox.site.site import Site
from tests.support import cookbook
from tests.support.page_reader import SANDBOX, PageReader
from tests.support.paged_api import PagedApi, serve

PAGES = cookbook.PAGES.parent / "start"


class Cms:
    """The sandbox of a page: with the token that each of them exports."""

    def __init__(self):
        self.site = Site(token="sandbox-token", requests_per_minute=6000, now=time.time)
        seed_products(self.site, 3)
        self.server = start(self.site)

    def close(self):
        stop(self.site, self.server)

    def live(self, n=1):
        return self.site.collections[PRODUCTS].items[product_id(n)].live.fields

    @property
    def items(self):
        return self.site.collections[PRODUCTS].items.values()


@pytest.fixture
def cms():
    made = Cms()
    yield made
    made.close()


@pytest.fixture
def read(store, store_socket, tmp_path, cms, monkeypatch):  # noqa: ARG001  # the store is empty
    """Paste the commands of a page."""
    readers = []

    def _read(name, environ=None, **addresses):
        text = (PAGES / f"{name}.md").read_text(encoding="utf-8")
        places = {SANDBOX: cms.server.url} | addresses
        readers.append(PageReader(tmp_path, store_socket, places, environ))
        monkeypatch.setattr(rounds, "_worker", readers[-1].working)
        readers[-1].paste(text)
        return readers[-1]

    yield _read
    for each in readers:
        each.close()


@pytest.fixture
def database(tmp_path):
    """The URL of a database with the products that the sandbox has; the first as events tell it."""
    rows = [("P-0001", "Bergamot & Fig Candle", 3, "129.00")]
    rows += [(f"P-000{n}", f"Stool {n}", 40 + n, "129.00") for n in (2, 3)]
    with contextlib.closing(sqlite3.connect(tmp_path / "shop.db")) as made, made:
        made.execute("CREATE TABLE products (sku, title, qty, price)")
        made.executemany("INSERT INTO products VALUES (?, ?, ?, ?)", rows)
    return f"sqlite:///{tmp_path / 'shop.db'}"


def test_shopify(read, cms):
    said = read("shopify").said
    assert (cms.live()["price"], cms.live()["name"]) == (19.9, "Bergamot & Fig Candle")
    assert "It is on the site" in said["why"]
    assert "Settings → Notifications" in said["senders"]


def test_woocommerce(read, cms):
    said = read("woocommerce").said
    assert (cms.live()["price"], cms.live()["stock"]) == (49, 3)
    assert "It is on the site" in said["why"]


def test_supabase(read, cms, database):
    page = read("supabase", {"SHOP_DATABASE": database})
    assert "It is on the site" in page.said["why"]
    # The rows of before.
    assert (cms.live(2)["stock"], cms.live(2)["name"]) == (42, "Stool 2")


def test_http_api(read, cms):
    stamp = "2026-11-29T10:00:00Z"
    records = [
        {"id": n, "sku": f"P-000{n}", "title": f"Stool {n}", "qty": 40 + n, "updated_at": stamp}
        for n in (1, 2, 3)
    ]
    api = PagedApi(records, page="cursor")
    with serve(api) as server:
        said = read("http-api", {}, **{"https://erp.example.com": server.url}).said
    assert [cms.live(n)["stock"] for n in (1, 2, 3)] == [41, 42, 43]
    assert cms.live(3)["name"] == "Stool 3"
    assert "Nothing is left" in said["sync"]
    assert "No problems found" in said["check"]
    assert "Meta.version" not in said["reconcile"]  # it is suggested
    assert "It is on the site" in said["why"]


def test_own_system(read, cms):
    said = read("own-system").said
    assert (cms.live()["stock"], cms.live()["price"]) == (7, 129)
    assert "31" in said["why"]
    assert said["why"].count("It is on the site") == 2


def test_hubspot(read, cms):
    said = read("hubspot").said
    (made,) = [each for each in cms.items if each.live.fields.get("hubspot-id") == "2250113"]
    assert (made.live.fields["price"], made.live.fields["name"]) == (24.9, "Oak lamp")
    assert "It is on the site" in said["why"]


def test_postgresql(read, cms, database):
    said = read("postgresql", {}, **{"postgresql://instep@127.0.0.1/shop": database}).said
    assert (cms.live(1)["stock"], cms.live(1)["price"]) == (3, 99.5)
    assert (cms.live(2)["stock"], cms.live(2)["name"]) == (42, "Stool 2")
    assert said["why"].count("It is on the site") == 2


def test_airtable(read, cms):
    def answer(_):
        more = "offset" not in api.queries[-1]
        numbers = (1, 2) if more else (3,)
        found = [
            {"id": f"rec{n}", "createdTime": "2026-11-01T10:00:00.000Z", "fields": row(n)}
            for n in numbers
        ]
        document = {"records": found} | ({"offset": "itr1/rec2"} if more else {})
        return 200, {}, json.dumps(document).encode()

    def row(n):
        return {"SKU": f"P-000{n}", "Name": f"Stool {n}", "Price": 129.5, "In stock": True}

    api = PagedApi([], each=answer)
    with serve(api) as server:
        said = read("airtable", {}, **{"https://api.airtable.com": server.url}).said
    assert [cms.live(n)["name"] for n in (1, 2, 3)] == ["Stool 1", "Stool 2", "Stool 3"]
    assert (cms.live(3)["price"], cms.live(3)["in-stock"]) == (129.5, True)
    assert "It is on the site" in said["why"]


def test_from_other_tools(read, cms):
    said = read("from-other-tools").said
    assert (cms.live(1)["name"], cms.live(1)["price"]) == ("Walnut board", 58)
    assert (cms.live(2)["stock"], cms.live(2)["in-stock"]) == (0, False)
    assert "It is on the site" in said["why"]
