"""A run that is ended from outside, or by a clock, and what is told beforehand of its mapping."""

import json
import os
import signal
import time

import pytest
from click.testing import CliRunner

from service.cli import main
from service.reconcile import report
from service.reconcile.lock import holder, run_lock
from service.reconcile.state.past_runs import note_begin
from tests.support.outbox_driver import Bench
from tests.support.started import Started
from workers.store import problem_keys
from workers.store.killed_runs import KILLED
from workers.store.runs import Runs

TOML = """
mappings = ["mappings.py"]
[destinations.site]
token = "t0ken"
base_url = "http://127.0.0.1:9"
[collections.products]
destination = "site"
id = "65f000000000000000000001"
key = "sku"
[collections.products.reconcile]
sql = "{sql}"
query = "SELECT 1"
[sources.erp]
sender = "{sender}"
secrets = ["s3cret"]
"""
MAPPINGS = """
from marshmallow import fields
from service.mapping import Mapping


class Stock(Mapping):
    class Meta:
        source = "erp"
        collection = "products"
        key = "sku"
        {version}

    stock = fields.Integer(data_key="qty")
"""
# It never yields a row.
HANGS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT i FROM n WHERE i < 0"


@pytest.fixture
def configure(tmp_path, store_socket, store):
    assert store.dbsize() == 0

    def _configure(sql="sqlite://", *, version="", sender="bearer"):
        (tmp_path / "mappings.py").write_text(MAPPINGS.format(version=version))
        path = tmp_path / "instep.toml"
        path.write_text(TOML.format(sql=sql, sender=sender))
        return {"INSTEP_CONFIG": str(path), "REDIS_URL": f"unix://{store_socket}"}

    return _configure


@pytest.fixture
def start(tmp_path):
    """Start a run that does not end by itself; what it says on stderr is in its `log`."""
    started = []

    def _start(environ):
        words = ("reconcile", "products", "--sql", "sqlite://", HANGS)
        run = Started(words, tmp_path, {**os.environ, **environ}, tmp_path / "log")
        run.log = tmp_path / "log"
        started.append(run)
        return run

    yield _start
    for run in started:
        run.kill()
        run.wait()
        run.stdout.close()


def ended(run):
    """What it has said, once it has ended."""
    run.wait(30)
    return run.stdout.read() + run.log.read_text()


def checked(environ):
    """The problems that `check` finds in the configuration."""
    said = CliRunner().invoke(main, ["check", "--json"], env=environ)
    found = json.loads(said.stdout)["problems"]
    return {each["where"].partition(": ")[2]: each for each in found}


SQL = "collections.products.reconcile.sql"


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("postgresql://u:pa@ss@host/shop", "an @ in the host"),
        ("postgresql+nodriver://u@host/shop", "nodriver"),
        ("sqlite:////none/shop.db", "no file /none/shop.db"),
    ],
)
def test_check_tells_a_wrong_address_of_a_database_by_its_key(configure, sql, found):
    problem = checked(configure(sql))[SQL]
    assert problem["level"] == "error"
    assert found in problem["found"]
    assert "pa@ss" not in json.dumps(problem)


def test_check_warns_of_a_mapping_without_a_version_beside_live_events(configure):
    found = checked(configure())
    assert SQL not in found
    warning = found["Stock.Meta.version"]
    assert warning["level"] == "warning"
    assert "also receives events of erp" in warning["found"]
    assert "in the 60 s before" in warning["expected"]


@pytest.mark.parametrize(
    "options", [{"version": 'version = "at"'}, {"sender": "debezium"}], ids=["version", "numbers"]
)
def test_where_rows_have_a_version_or_the_source_numbers_check_is_silent(configure, options):
    assert "Stock.Meta.version" not in checked(configure(**options))


def test_a_run_that_is_ended_by_hand_says_so_and_frees_its_lock(start, configure, store):
    run = start(configure())
    until = time.monotonic() + 30
    while not store.hexists("instep:reconciled:products", "began"):
        assert time.monotonic() < until
        time.sleep(0.02)
    assert holder(store, "products").pid == run.pid
    run.send_signal(signal.SIGINT)
    said = ended(run)
    assert run.returncode == 1
    assert "products was not fully reconciled: ended by Ctrl-C" in said
    assert "Traceback" not in said
    assert holder(store, "products") is None
    assert store.hget("instep:reconciled:products", "state") == "failed"
    found = Runs(Bench(store).steps).show("r1")
    assert (found.state, found.reason) == ("stopped", "ended by Ctrl-C")
    assert found.by.startswith("cli:")


def test_a_run_that_stood_still_while_another_took_over_ends_and_writes_nothing(
    start, configure, store
):
    lock, kept = "instep:reconciling:products", "instep:reconciled:products"
    run = start(configure())
    until = time.monotonic() + 30
    while not store.hexists(kept, "began"):
        assert time.monotonic() < until
        time.sleep(0.02)
    run.send_signal(signal.SIGSTOP)
    store.delete(lock)  # as it runs out
    with run_lock(store, "products"):
        note_begin(store, "products")
        before = dumps(store)
        run.send_signal(signal.SIGCONT)
        said = ended(run)
        after = dumps(store)
    assert run.returncode == 1
    assert "the lock of products was lost: instep reconcile (process" in said
    assert "Traceback" not in said
    assert after == before
    found = Runs(Bench(store).steps).show("r1")
    assert (found.state, "the lock of products was lost" in found.reason) == ("failed", True)


def test_a_run_that_was_killed_is_stopped_once_its_lease_has_run_out(start, configure, store):
    run = start(configure())
    until = time.monotonic() + 30
    while not store.exists(problem_keys.running("r1")):
        assert time.monotonic() < until
        time.sleep(0.02)
    known = Runs(Bench(store).steps)
    known.steps.clock_offset_ms = 60_000
    assert known.show("r1").state == "running"
    run.kill()
    run.wait()
    store.delete(problem_keys.running("r1"))  # as it runs out
    assert (known.show("r1").state, known.show("r1").reason) == ("stopped", KILLED)


def dumps(store):
    """All that is stored, but for the entry of the run itself."""
    names = (name for name in store.keys("*") if not name.startswith("instep:run"))
    return {name: store.dump(name) for name in names}


def test_what_a_run_is_to_be_warned_of_is_told_first():
    first, *_ = report.lines(FIGURES | {"warnings": ["no version"]})
    assert first == "Warning: no version"


FREE = {"wanted": 0, "allowed": True}
FIGURES = dict.fromkeys(("collection", "records", "items", "found"), 0)
FIGURES |= {"counts": {}, "told": {}, "outcomes": {}, "held": [], "waiting": "", "unmapped": 0}
FIGURES |= {"whole": True, "not_proven": {}, "calls": {"listing": 0, "all": 0}, "run": "r7"}
FIGURES |= {"guard": dict.fromkeys(("created", "overwritten", "retired"), FREE)}
APPROVE = "; let it go on with: `instep runs approve r7`"
UNDO = "; take it back with: `instep undo --run r7`"


@pytest.mark.parametrize(
    ("found", "words"),
    [
        pytest.param({}, "", id="nothing to do"),
        pytest.param({"outcomes": {"repaired": 2}}, UNDO, id="something was written"),
        pytest.param({"held": "overwritten"}, APPROVE, id="held, nothing was written"),
        pytest.param({"held": "retired"}, "", id="deletes are approved elsewhere"),
        pytest.param(
            {"held": "created", "outcomes": {"repaired": 2}}, APPROVE + UNDO, id="held in part"
        ),
    ],
)
def test_the_last_line_says_how_to_go_on_and_how_to_go_back(found, words):
    guard = {kind: {"wanted": 9, "allowed": kind != found.get("held")} for kind in FIGURES["guard"]}
    figures = FIGURES | {"guard": guard, "outcomes": found.get("outcomes", {})}
    *_, last = report.lines(figures)
    assert last == f"Run r7{words}"
