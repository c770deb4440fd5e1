"""The version of the store: a newer one is refused, and an older one told from an empty one."""

import json

import pytest
from click.testing import CliRunner

from service.cli import main
from service.run import services
from workers.config.settings import StoreSettings
from workers.errors import StoreNewer
from workers.store import connection, keys, version

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
"""
MAPPINGS = """
from marshmallow import fields
from service.mapping import Mapping


class Stock(Mapping):
    class Meta:
        source, collection, key = "erp", "products", "sku"

    stock = fields.Integer(data_key="qty")
"""
LATER = str(version.VERSION + 1)
COMMANDS = (
    ["status"],
    ["dead", "list"],
    ["dead", "replay", "d1"],
    ["pause", "site"],
    ["resume", "site"],
    ["remap", "erp", "--since", "1h"],
    ["reconcile", "products", "-", "--format", "csv"],
    ["check"],
)


@pytest.fixture
def of_store(store_socket):
    """Settings of the test's store, as it is."""
    return StoreSettings(url=f"unix://{store_socket}", durability="unverified")


@pytest.fixture
def instep(tmp_path, store_socket):
    """Run a command on the test's store; returns exit code and all that it said."""
    (tmp_path / "instep.toml").write_text(TOML)
    (tmp_path / "mappings.py").write_text(MAPPINGS)
    environ = {
        "INSTEP_CONFIG": str(tmp_path / "instep.toml"),
        "REDIS_URL": f"unix://{store_socket}",
    }

    def _instep(*arguments):
        result = CliRunner().invoke(main, arguments, env=environ, input="sku,qty\nA,1\n")
        return result.exit_code, result.output

    return _instep


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_command_refuses_a_newer_store_and_changes_nothing(store, instep, command):
    store.set(keys.VERSION, LATER)
    code, told = instep(*command)
    assert code == 1
    assert f"found '{LATER}', expected {version.VERSION}" in told
    assert "backup" in told
    assert store.keys("*") == [keys.VERSION]


@pytest.mark.parametrize("held", [LATER, "100", "0", "-1", "", "2.0", "\u0662", "two"])
def test_what_no_release_up_to_this_one_wrote_is_refused(store, of_store, held):
    store.set(keys.VERSION, held)
    with pytest.raises(StoreNewer):
        connection.reach(store, of_store)


def test_up_web_and_worker_do_not_start_on_a_newer_store(store, of_store):
    store.set(keys.VERSION, LATER)
    with pytest.raises(StoreNewer, match="start the release that wrote it"):
        services._begin(store, of_store, None)


def test_an_empty_store_is_of_this_version(store, of_store):
    services._begin(store, of_store, None)
    assert version.read(store) == version.VERSION


def test_a_store_that_has_counted_and_names_no_version_is_of_the_first(store):
    store.hset("instep:counts", "accepted", 1)
    assert version.read(store) == 1


def test_check_tells_of_a_newer_store_as_a_problem(store, instep):
    store.set(keys.VERSION, LATER)
    _, told = instep("check", "--json")
    (problem,) = json.loads(told)["problems"][:1]
    assert (problem["where"], problem["found"]) == (f"store: {keys.VERSION}", f"'{LATER}'")


def test_check_tells_how_many_records_an_upgrade_has_merged(store, instep):
    store.hset("instep:merged", "products", 3)
    note = "Collection products: the upgrade merged 3 records whose keys are the same key"
    assert note in instep("check")[1]
