"""``instep redirects`` and ``/api/redirects``: what they list, and whose; and what is erased."""

import json

import pytest

from tests.support.api_rig import SHOP, VIEW, Rig
from tests.support.letters_rig import Shop
from workers.store import keys

AT = 1_764_000_000_000


def keep(client, collection, record, old, new):
    client.hset(keys.redirects(collection), old, json.dumps([record, AT]))
    client.zadd(keys.redirects_at(collection), {old: AT})
    client.hset(keys.item(collection, record), "written_slug", new)


@pytest.fixture
def shop(tmp_path, store_socket, store):
    shop = Shop(tmp_path, f"unix://{store_socket}")
    keep(store, "products", "A-1", "oak", "oak-desk")
    yield shop
    shop.close()


def known(shop, store):
    copy = shop.context.settings.copy_of(shop.context.settings.collections["products"])
    store.hset(keys.index("products", copy), "slug", "desks")


def test_the_command_lists_paths(shop, store):
    known(shop, store)
    found = shop.run("redirects")
    assert found.exit_code == 0
    assert "/desks/oak" in found.stdout
    assert "/desks/oak-desk" in found.stdout
    (entry,) = json.loads(shop.run("redirects", "--collection", "products", "--json").stdout)
    assert entry == {
        "collection": "products",
        "key": "A-1",
        "old": "/desks/oak",
        "new": "/desks/oak-desk",
        "old_slug": "oak",
        "new_slug": "oak-desk",
        "at": "2025-11-24T16:00:00.000Z",
    }


def test_the_command_writes_the_file_that_webflow_imports(shop, store):
    known(shop, store)
    found = shop.run("redirects", "--format", "csv")
    assert found.stdout_bytes == b"Old path,Redirect to\r\n/desks/oak,/desks/oak-desk\r\n"


def test_a_path_that_is_not_known_is_told(shop):
    found = shop.run("redirects")
    assert found.exit_code == 1
    assert "…/oak-desk" in found.stdout
    assert "no schema of products" in found.stderr
    assert shop.run("redirects", "--format", "csv").stdout_bytes == b"Old path,Redirect to\r\n"


def test_none_is_no_error(shop, store):
    store.flushall()
    assert shop.run("redirects").stdout == "redirects: none\n"
    assert shop.run("redirects", "--json").stdout == "[]\n"


def test_a_collection_that_is_none_is_named(shop):
    found = shop.run("redirects", "--collection", "desks")
    assert (found.exit_code, "expected one of products" in found.stderr) == (2, True)


def test_the_api_lists_what_its_caller_may_see(tmp_path, store_socket, store):
    rig = Rig(tmp_path, store_socket)
    keep(store, "products", "A-1", "oak", "oak-desk")
    keep(store, "orders", "7", "seven", "eight")
    try:
        found = rig.get("/api/redirects", token=VIEW).json
        assert [each["old_slug"] for each in found["items"]] == ["seven", "oak"]
        first = rig.get("/api/redirects", token=VIEW, limit=1).json
        rest = rig.get("/api/redirects", token=VIEW, cursor=first["next"]).json
        assert [each["key"] for each in rest["items"]] == ["A-1"]
        theirs = rig.get("/api/redirects", token=SHOP).json
        assert [each["collection"] for each in theirs["items"]] == ["orders"]
        assert rig.get("/api/redirects", token=SHOP, collection="products").status_code == 404
    finally:
        rig.close()


@pytest.mark.parametrize(
    ("key", "old"), [("A-1", "oak"), ("oak-1234", "oak-1234")], ids=["own", "shown"]
)
def test_forget_erases_them(shop, store, key, old):
    keep(store, "products", "A-1", old, "oak-desk")
    keep(store, "products", "B-2", "ash", "ash-desk")
    store.hset(keys.item("products", key), "by", "key")
    shop.run("forget", "products", key, "--yes")
    for left in (store.hkeys(keys.redirects("products")), led_by_time(store)):
        assert "ash" in left
        assert old not in left


def led_by_time(store):
    return store.zrange(keys.redirects_at("products"), 0, -1)
