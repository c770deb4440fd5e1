"""Real processes on a store of another version than theirs."""

import time

import pytest
import redis

from tests.support.earlier_stores import restore
from tests.support.stored_items import field_of
from workers.store import keys, version

CONFIGURATION = """
mappings = ["mappings.py"]
[store]
durability = "unverified"
[destinations.site]
token = "t"
base_url = "http://127.0.0.1:9"
[collections.products]
destination = "site"
id = "aaaaaaaaaaaaaaaaaaaaaaaa"
key = "sku"
[collections.stores]
destination = "site"
id = "bbbbbbbbbbbbbbbbbbbbbbbb"
key = "sku"
[sources.erp]
sender = "bearer"
secrets = ["s3cret"]
"""
MAPPINGS = """
from marshmallow import fields
from service.mapping import Mapping

class Stock(Mapping):
    class Meta:
        source, collection, key = "erp", "products", "sku"

    stock = fields.Integer(data_key="qty")
"""


@pytest.fixture
def start(instep, tmp_path, store_socket):
    """Start a command on the store of the tests; what it says on stderr goes into a file."""
    (tmp_path / "instep.toml").write_text(CONFIGURATION)
    (tmp_path / "mappings.py").write_text(MAPPINGS)
    return lambda *arguments: instep(*arguments, REDIS_URL=f"unix://{store_socket}")


def _eventually(condition):
    ends = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < ends, "it did not come about"
        time.sleep(0.05)


@pytest.mark.parametrize("command", [("up", "--bind", "127.0.0.1:0"), ("worker",)], ids=" ".join)
def test_a_store_of_the_first_version_is_upgraded_before_a_worker_runs(
    start, store, store_socket, command
):
    with redis.Redis(unix_socket_path=store_socket) as client:
        restore(client, "v1")
    start(*command)
    _eventually(lambda: store.get(keys.VERSION) == str(version.VERSION))
    assert not store.exists("instep:item:products:P-1   ")
    stock = field_of(store, "instep:item:products:P-1", "stock")
    assert stock["v"] == "9"


@pytest.mark.parametrize(
    "command", [("up", "--bind", "127.0.0.1:0"), ("web", "--bind", "127.0.0.1:0"), ("worker",)]
)
def test_nothing_starts_on_a_newer_store(start, store, command):
    store.set(keys.VERSION, version.VERSION + 1)
    assert start(*command).wait(20) == 1
    assert store.keys("*") == [keys.VERSION]
