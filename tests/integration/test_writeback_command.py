"""``instep writeback``, on what a write-back that is gone from instep.toml has left."""

import json

import pytest

from tests.support.letters_rig import Shop
from workers.store import writeback_keys


@pytest.fixture
def shop(tmp_path, store_socket, store):
    entry = {"event": "changed", "sequence": "1", "at": 1, "collection": "products"}
    store.sadd(writeback_keys.WRITEBACKS, "old")
    store.hset(writeback_keys.writeback("old"), "collection", "products")
    store.hset(writeback_keys.records("old"), "A-1", json.dumps(entry))
    store.zadd(writeback_keys.due("old"), {"A-1": 1})
    shop = Shop(tmp_path, f"unix://{store_socket}")
    yield shop
    shop.close()


def test_it_says_how_much_waits_and_drops_it(shop):
    found = shop.run("writeback", "old")
    assert (found.exit_code, found.stdout) == (1, "old: 1 record waits to be told\n")
    assert "writeback old: removed" in shop.run("status").stdout
    assert json.loads(shop.run("status", "--json").stdout)["removed_writebacks"] == {
        "old": {"collection": "products", "waiting": 1}
    }
    found = shop.run("writeback", "old", "--drop")
    assert found.exit_code == 2
    assert "nothing was changed; add --yes to drop" in found.stderr
    found = shop.run("writeback", "old", "--drop", "--yes")
    assert (found.exit_code, found.stdout) == (0, "1 record of old: dropped\n")
    assert shop.run("writeback", "old").exit_code == 0
    assert "removed" not in shop.run("status").stdout


@pytest.mark.parametrize("answer", ["y", "n"])
def test_on_a_terminal_it_asks_before_it_drops(shop, monkeypatch, answer):
    monkeypatch.setattr("service.commands.writeback.is_interactive", lambda: True)
    found = shop.run("writeback", "old", "--drop", input=answer)
    assert "Drop what old has to tell (1 record waits)?" in found.stdout
    assert found.exit_code == (answer == "n")
    assert shop.run("writeback", "old").exit_code == (answer == "n")


def test_a_name_of_which_nothing_is_kept_is_told(shop):
    found = shop.run("writeback", "odl", "--drop", "--yes")
    assert (found.exit_code, found.stdout) == (1, "")
    assert "found nothing that odl has to tell" in found.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [(("--to", "crm"), "expected a write-back of products: none"), (("--to", "crm", "--drop"), "")],
)
def test_what_cannot_be_done_exits_2(shop, words, said):
    found = shop.run("writeback", "old", *words)
    assert found.exit_code == 2
    assert said in found.stderr
