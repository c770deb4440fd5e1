"""The command and the schedule: the guard, exit codes, the pipe, and what the status tells."""

import csv
import json
import sqlite3
from contextlib import closing
from http.client import HTTPConnection

import pytest

from service.sandbox.seeds.samples import product_id
from tests.support.planted_site import MAPPINGS, Planted, configuration
from tests.support.real_processes import Instep, eventually

POLICY = """
orphans = "delete"
every = "24h"
file = "stock.csv"

[collections.products.guard]
at_most = 2
percent = 1.0
"""


TOKEN = "admin-token-0000001"


def changed(instep):
    """The audit list, as the API answers it."""
    host, port = instep.address
    with closing(HTTPConnection(host, port, timeout=10)) as connection:
        connection.request("GET", "/api/audit", headers={"Authorization": f"Bearer {TOKEN}"})
        return json.loads(connection.getresponse().read())["items"]


def runs(instep):
    return json.loads(instep.command("runs", "list", "--json")[1])


@pytest.fixture(scope="module")
def planted():
    planted = Planted(60, share=3)
    yield planted
    planted.close()


@pytest.fixture(scope="module")
def instep(tmp_path_factory, planted):
    """One installation; its schedule runs as it starts."""
    folder = tmp_path_factory.mktemp("reconcile")
    text = configuration(planted, policy=POLICY)
    instep = Instep(folder, planted, mappings=MAPPINGS, configuration=text)
    instep.environ = {"INSTEP_ADMIN_TOKEN": TOKEN}
    planted.plant()
    planted.write_source(folder / "stock.csv")
    instep.up()
    yield instep
    instep.close()


def test_a_scheduled_run_is_held_by_the_guard_until_an_operator_approves(planted, instep):
    def last_run():
        return instep.status()["reconciles"].get("products", {})

    eventually(lambda: last_run().get("ended"), within=30, pause=0.3, told=instep.log)
    run = last_run()
    assert (run["code"], run["state"]) == (1, "held")
    assert "--retire-up-to 3 approves it" in run["said"]
    assert "--create-up-to 6 approves it" in run["said"]
    assert planted.calls["PATCH"] > 0  # all else went on
    assert planted.calls["POST"] == 0
    planted.calls.clear()

    (held,) = runs(instep)  # neither a check nor a dry run is one
    assert (held["state"], held["by"], held["source"]) == ("held", "schedule", "erp")
    assert held["figures"]["held"] == 9
    code, said, _ = instep.command("reconcile", "products", "--check")
    assert code == 1
    assert "orphan: P-0013 → held (its delete waits for approval)" in said
    code, said, _ = instep.command("deletes", "list", "--json")
    assert (code, len(json.loads(said))) == (1, 3)
    code, said, _ = instep.command("reconcile", "products", "--dry-run", "--json")
    told = json.loads(said)
    assert (code, told["state"], told["run"]) == (1, "held", None)
    assert told["guard"]["retired"] == {"wanted": 3, "allowed": False}
    assert {*planted.calls} <= {"list", "GET"}

    code, said, _ = instep.command("reconcile", "products", "--retire-up-to", "2", "--json")
    assert code == 1
    assert "would be retired, and up to 2 may be" in "".join(json.loads(said)["held"])

    ceilings = ("--retire-up-to", "3", "--create-up-to", "6")
    code, said, wrong = instep.command("reconcile", "products", *ceilings, "--json")
    told = json.loads(said)
    assert told["outcomes"] == {"repaired": told["found"] - 2}, wrong
    assert told["counts"]["orphan"] == 3
    run, before, first = runs(instep)
    assert (run["id"], run["kind"], run["state"]) == (told["run"], "reconcile", "done")
    figures = {"differences": told["found"], "created": 6, "retired": 3, "held": 0}
    assert figures.items() <= run["figures"].items()
    assert (before["state"], first["state"]) == ("stopped", "stopped")
    assert before["reason"] == f"a newer reconcile took its place: {run['id']}"
    code, life, _ = instep.command("why", "products", planted.key(61), "--json")
    assert {each["run"] for each in json.loads(life)["life"] if each["by"] == "reconcile"} == {
        run["id"]
    }
    code, said, _ = instep.command("reconcile", "products", "--check", "--json")
    assert {cause: n for cause, n in json.loads(said)["counts"].items() if n} == {
        "duplicate key": 1,
        "no key": 1,
    }

    code, _, wrong = instep.command("reconcile", "desks", "stock.csv")
    assert (code, "expected a collection: products" in wrong) == (2, True)
    code, _, wrong = instep.command("reconcile", "products", "no-such.csv")
    assert code == 1
    assert "no-such.csv" in wrong


def test_the_rows_of_a_database_are_reconciled_as_those_of_a_file_are(planted, instep):
    # What the test before has left: all is as the file has it, but for what is left to people.
    left = {("duplicate key", planted.keys("duplicate key")[0]), ("no key", None)}
    ceilings = ("--retire-up-to", "3", "--create-up-to", "6")
    assert instep.command("reconcile", "products", *ceilings)[0] == 1
    with closing(sqlite3.connect(instep.folder / "stock.db")) as db:
        db.execute("create table stock (code text, qty integer, rev integer, title text)")
        with (instep.folder / "stock.csv").open() as file:
            rows = [tuple(row.values()) for row in csv.DictReader(file)]
        db.executemany("insert into stock values (?, ?, ?, ?)", rows)
        db.execute("update stock set qty = 1000, rev = 7 where code = ?", (planted.key(40),))
        db.execute("insert into stock values ('Q-1', 1, 1, 'Not asked for')")
        db.commit()
    planted.calls.clear()
    query = "select code as sku, qty, rev, title as name from stock where code < 'Q'"
    address = f"sqlite:///{instep.folder / 'stock.db'}"
    words = ("reconcile", "products", "--sql", address, query, "--json")
    code, said, wrong = instep.command(*words, "--dry-run")
    dry = json.loads(said)
    assert dry["predicted"]["calls"]["update"] == 1, wrong
    assert planted.calls["PATCH"] == 0
    code, said, wrong = instep.command(*words)
    told = json.loads(said)
    assert (code, told["left"], told["records"]) == (1, 2, len(rows)), wrong
    found = {(each["cause"], each["key"]) for each in told["differences"]}
    assert found == left | {("missed event", planted.key(40))}
    assert planted.products.items[product_id(40)].staged.fields["stock"] == 1000
    code, said, _ = instep.command(*words, "--check")
    assert (code, json.loads(said)["found"]) == (1, 2)
    entry = changed(instep)[0]  # the newest
    assert (entry["action"], entry["target"]) == ("reconcile", "products")
    assert entry["by"].startswith("cli:")
    assert (entry["figures"]["found"], entry["figures"]["run"]) == (told["found"], told["run"])
