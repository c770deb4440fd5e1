"""``instep undo`` and ``/api/undo``: what they show, ask, do and refuse."""

import json
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from service.cli import main
from service.operate.bulk_runner import BulkRunner
from service.sandbox.faults.faults import Fault, Match
from tests.support.api_rig import ADMIN, CLERK, OPERATE, VIEW
from tests.support.real_processes import eventually
from tests.support.undo_site import UndoSite
from workers.model.changes import Change, Delivery, Incoming

SOME = range(1, 4)


@pytest.fixture
def rig(tmp_path, store_socket, store):
    assert store.dbsize() == 0
    rig = UndoSite(tmp_path, store_socket)
    rig.before = rig.stock(SOME)
    rig.write(SOME, 900, "e")
    yield rig
    rig.close()


@pytest.fixture
def run(rig):
    def _run(*arguments, **options):
        return CliRunner().invoke(main, ["undo", *arguments], env=rig.environ, **options)

    return _run


SINCE = ("--source", "erp", "--since", "1h")
BODY = {"source": "erp", "since": "1h"}


# the command ---------------------------------------------------------------------------------


def test_a_dry_run_shows_each_field_and_changes_nothing(run, rig):
    before = rig.dump()
    result = run(*SINCE, "--dry-run")
    assert result.exit_code == 0, result.output
    assert f"products P-0001 stock: 900 → {rig.before[0]}" in result.stdout
    assert "3 fields of 3 items would be put back" in result.stdout
    found = json.loads(run(*SINCE, "--dry-run", "--json").stdout)
    assert (found["fields"], found["left"], len(found["changes"])) == (3, 0, 3)
    changed = {name for name, _ in rig.dump().items() ^ before.items()}
    assert not [name for name in changed if b":item:" in name or b":run" in name]
    assert rig.stock(SOME) == [900] * 3


def test_in_a_pipe_it_wants_yes(run, rig):
    result = run(*SINCE)
    assert result.exit_code == 2
    assert "--yes" in result.stderr
    assert not rig.context.runs.list()


def test_it_puts_back_and_names_the_run_that_takes_it_back(run, rig):
    result = run(*SINCE, "--yes")
    assert result.exit_code == 0, result.output
    assert "Put back: 3 fields of 3 items; run r1" in result.stdout
    assert "instep undo --run r1" in " ".join(result.stdout.split())
    rig.settle()
    assert rig.stock(SOME) == rig.before
    found = json.loads(run("--run", "r1", "--yes", "--json").stdout)
    assert (found["kind"], found["figures"]["fields"], found["state"]) == ("undo", 3, "done")
    rig.settle()
    assert rig.stock(SOME) == [900] * 3


def test_what_is_left_is_told_and_exits_1(run, rig):
    rig.write([1], 11, "later")
    result = run("products", "P-0002", "--yes")
    assert result.exit_code == 0, result.output
    rig.settle()
    result = run(*SINCE, "--yes")
    assert result.exit_code == 1
    assert "products P-0002 stock: it was changed since, by run r1" in result.stderr
    rig.settle()
    assert rig.stock(SOME) == rig.before


def test_what_would_be_left_is_shown_and_exits_1(run, rig):
    rig.context.runs.start("undo", "alice", ended=True)
    run("products", "P-0002", "--yes")
    result = run(*SINCE, "--dry-run")
    assert result.exit_code == 1
    assert "products P-0002 stock: left: it was changed since" in " ".join(result.stdout.split())
    assert "1 left: it was changed since, by run r2" in " ".join(result.stdout.split())


def test_nothing_that_matches_exits_1(run, rig):
    id = rig.context.runs.start("remap", "alice", ended=True)
    for words in (("--run", id), ("products", "P-0009")):
        for more in ("--yes", "--dry-run"):
            result = run(*words, more)
            assert result.exit_code == 1
            assert result.stdout == "Nothing matches: no such write is kept.\n"


def test_a_run_that_never_was_is_told(run, rig):
    for more in ("--yes", "--dry-run"):
        result = run("--run", "r7", more)
        assert (result.exit_code, result.stderr) == (1, "there is no run r7\n")
    assert rig.context.runs.list() == []


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("products",),
        ("products", "a", "--run", "r1"),
        ("--source", "erp"),
        ("--run", "r1", "--since", "1h"),
        ("--source", "shop", "--since", "1h"),
        ("stores", "a"),
    ],
)
def test_what_names_nothing_or_too_much_is_refused(run, words):
    result = run(*words, "--yes")
    assert result.exit_code == 2, result.output


def test_a_run_that_goes_on_is_not_undone(run, rig):
    rig.context.runs.start("remap", "alice", work=["x"])
    result = run("--run", "r1", "--yes")
    assert result.exit_code == 1
    assert "goes on" in result.stderr


def test_a_mass_is_told_in_the_estimate_and_approved_by_yes(run, rig):
    rig.write(range(4, 15), 900, "more")
    found = json.loads(run(*SINCE, "--dry-run", "--json").stdout)
    assert "half of the collection" in found["held"]["products"]
    assert "Many: products: 14 of" in run(*SINCE, "--dry-run").stdout
    assert run(*SINCE, "--yes").exit_code == 0


# the API -------------------------------------------------------------------------------------


def carried_out(rig, id):
    runner = BulkRunner(rig.context, lambda: rig.configuration)

    def ended():
        runner.step()  # False, too, while it waits for its budget
        return not rig.context.runs.queued()

    eventually(ended)
    rig.settle()
    return rig.get(f"/api/runs/{id}").json


def test_the_api_shows_and_begins_an_undo_that_a_worker_carries_out(rig):
    answer = rig.post("/api/undo", OPERATE, **BODY, dry_run=True)
    assert answer.status_code == 200
    assert (answer.json["fields"], answer.json["unseen"], answer.json["held"]) == (3, 0, {})
    assert answer.json["changes"][0]["back"] == rig.before[0]
    answer = rig.post("/api/undo", OPERATE, **BODY)
    assert answer.status_code == 202
    run = carried_out(rig, answer.json["run"])
    assert (run["state"], run["by"], run["figures"]["fields"]) == ("done", "operator", 3)
    assert rig.stock(SOME) == rig.before
    entry = rig.get("/api/audit", ADMIN).json["items"][0]
    assert (entry["by"], entry["action"], entry["target"]) == ("operator", "undo", "erp")


def test_the_api_holds_a_mass(rig):
    rig.write(range(4, 15), 900, "more")
    id = rig.post("/api/undo", **BODY).json["run"]
    run = carried_out(rig, id)
    assert (run["state"], run["figures"]["fields"]) == ("held", 0)
    assert rig.stock(SOME) == [900] * 3


def test_an_undo_that_is_held_goes_on_once_it_is_approved(rig):
    rig.write(range(4, 15), 900, "more")
    id = rig.post("/api/undo", **BODY).json["run"]
    refused = rig.post("/api/runs/approve", run=id, up_to=3)
    assert (refused.status_code, rig.get(f"/api/runs/{id}").json["state"]) == (409, "held")
    result = CliRunner().invoke(main, ["runs", "approve", id, "--yes"], env=rig.environ)
    assert (result.exit_code, "a worker goes on with it" in result.stdout) == (0, True)
    run = carried_out(rig, id)
    assert (run["state"], run["figures"]["fields"]) == ("done", 14)
    assert rig.stock(SOME) == rig.before


def test_a_record_is_undone_by_its_key(rig):
    id = rig.post("/api/undo", collection="products", key="P-0002").json["run"]
    assert carried_out(rig, id)["collection"] == "products"
    assert rig.stock(SOME) == [900, rig.before[1], 900]


def test_who_may_only_view_or_does_not_see_it_undoes_nothing(rig):
    assert rig.post("/api/undo", VIEW, **BODY).status_code == 403
    for body in ({"collection": "products", "key": "P-0001"}, BODY, {"run": "r1"}):
        assert rig.post("/api/undo", CLERK, **body).status_code == 404
    assert not rig.context.runs.list()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"run": "r1", "source": "erp", "since": "1h"}, 422),
        ({"source": "erp"}, 422),
        ({"collection": "products"}, 422),
        ({"run": "r7"}, 404),
        ({"collection": "stores", "key": "a"}, 404),
    ],
)
def test_the_api_refuses_what_names_nothing(rig, body, status):
    answer = rig.post("/api/undo", **body)
    assert answer.status_code == status, answer.json
    assert answer.json["error"]["do"]


def test_an_estimate_says_that_the_cms_cannot_be_read(rig):
    rig.site.faults.add(Fault("revoked-token", Match()), times=None, seconds=None)
    answer = rig.post("/api/undo", **BODY, dry_run=True)
    assert answer.status_code == 409
    assert "could not be" in answer.json["error"]["found"]


def test_times_are_taken_with_their_offset(run):
    since = datetime.now(UTC).isoformat()
    assert "Nothing matches" in run("--source", "erp", "--since", since, "--dry-run").stdout


# deletes that the run has asked for -----------------------------------------------------------


def ask_for_deletes(rig, numbers, run):
    for n in numbers:
        change = Change("gone", "products", f"P-{n:04d}", "key", (), None, retire="archive")
        event = Incoming(f"gone-{n}", "gone", 0, (change,))
        delivery = Delivery("erp", f"gone-{n}", (event,), b"{}", mode="remap", run=run)
        rig.context.outbox.accept(delivery)


def waiting(rig):
    return [each.record for each in rig.context.held_deletes.list()]


def test_deletes_of_the_run_that_wait_are_dropped_and_told(run, rig):
    id = rig.context.runs.start("remap", "alice", ended=True)
    ask_for_deletes(rig, [1, 2], id)
    ask_for_deletes(rig, [3], "r9")
    shown = run("--run", id, "--dry-run")
    assert shown.exit_code == 0
    assert shown.stdout == "2 waiting deletes of the run would be dropped: their items stay\n"
    assert len(waiting(rig)) == 3
    result = run("--run", id, "--yes")
    assert result.exit_code == 0, result.output
    assert result.stdout == "Dropped: 2 waiting deletes of the run; their items stay\n"
    assert waiting(rig) == ["P-0003"]
    again = run("--run", id, "--yes")
    assert (again.exit_code, again.stdout) == (1, "Nothing matches: no such write is kept.\n")


def test_they_are_dropped_by_the_run_that_puts_back_its_values_too(run, rig):
    first = run(*SINCE, "--yes")
    assert first.exit_code == 0, first.output
    rig.settle()
    ask_for_deletes(rig, [1], "r1")
    ask_for_deletes(rig, [2], "r9")
    result = run("--run", "r1", "--yes", "--json")
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout)["figures"]
    assert (figures["fields"], figures["deletes_dropped"]) == (3, 1)
    assert waiting(rig) == ["P-0002"]
