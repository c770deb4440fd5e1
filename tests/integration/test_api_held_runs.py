"""Held runs: approved or dropped by /api/runs and by the command."""

import json

import pytest
from click.testing import CliRunner

from service.cli import main
from service.commands import runs as command
from service.reconcile.state.past_runs import last_of, note_begin, note_end
from tests.support.api_rig import CLERK, OPERATE, TOML, VIEW, Rig
from workers.store import run_plan
from workers.store.run_approval import approved

SCHEDULED = TOML + '[collections.products.reconcile]\nfile = "stock.csv"\nevery = "24h"\n'


@pytest.fixture
def rig(tmp_path, store_socket, store):
    assert store.dbsize() == 0
    rig = Rig(tmp_path, store_socket, toml=SCHEDULED)
    yield rig
    rig.close()


def held(rig, *, created=12, overwritten=7, configured=False, state="held"):
    runs = rig.context.runs
    about = {"configured": configured}
    id = runs.start("reconcile", "ada", collection="products", source="erp", about=about)
    figures = {"held_created": created, "held_overwritten": overwritten, "records": 40}
    runs.finish(id, state, figures=figures)
    return id


def may(rig):
    found = approved(rig.context.runs, "products", "erp", None)
    return {kind: each.number for kind, each in found.items()}


def test_an_approval_is_for_what_the_run_is_held_for(rig):
    id = held(rig)
    answer = rig.post("/api/runs/approve", OPERATE, run=id)
    assert (answer.status_code, answer.json) == (202, {"run": id})
    assert may(rig) == {"created": 12, "overwritten": 7}
    run = rig.get(f"/api/runs/{id}").json
    assert (run["state"], run["figures"]["may_create"]) == ("held", 12)
    entry = rig.get("/api/audit").json["items"][0]
    assert (entry["by"], entry["action"], entry["target"]) == ("operator", "approve run", id)
    assert last_of(rig.context.steps.client, "products").asked is None


def test_a_dry_run_says_what_would_be_approved_and_changes_nothing(rig):
    id = held(rig)
    before = rig.dump()
    answer = rig.post("/api/runs/approve", run=id, up_to=10, dry_run=True)
    shown = {"run": id, "created": 10, "overwritten": 7, "left": 2, "starts": False}
    assert (answer.status_code, answer.json) == (200, shown)
    assert rig.post("/api/runs/drop", run=id, dry_run=True).json == {"run": id}
    assert rig.dump() == before
    rig.post("/api/runs/approve", run=id, up_to=10)
    assert may(rig) == {"created": 10, "overwritten": 7}


def test_one_that_instep_toml_names_goes_on_by_the_schedule(rig):
    id = held(rig, configured=True)
    assert rig.post("/api/runs/approve", run=id, dry_run=True).json["starts"]
    assert last_of(rig.context.steps.client, "products").asked is None
    rig.post("/api/runs/approve", run=id)
    assert last_of(rig.context.steps.client, "products").is_asked_for


def test_a_run_that_is_dropped_has_ended(rig):
    id = held(rig)
    answer = rig.post("/api/runs/drop", OPERATE, run=id)
    assert (answer.status_code, answer.json) == (202, {"run": id})
    run = rig.get(f"/api/runs/{id}").json
    assert (run["state"], run["reason"]) == ("stopped", "dropped by operator")
    assert may(rig) == {}
    assert rig.get("/api/audit").json["items"][0]["action"] == "drop run"
    assert rig.post("/api/runs/drop", run=id).status_code == 409


def test_the_status_asks_no_more_for_what_was_dropped(rig):
    client, noticed = rig.context.steps.client, "reconcile products: held"
    note_begin(client, "products")
    note_end(client, "products", 1, "Held: many", state="held")
    first, other = held(rig), held(rig)
    for id, names in ((first, [noticed]), (other, [])):
        rig.post("/api/runs/drop", run=id)
        notices = rig.get("/api/status").json["notices"]
        assert [each["name"] for each in notices if "reconcile" in each["name"]] == names
    assert last_of(client, "products").state == "dropped"


def test_the_status_names_an_undo_that_is_held(rig):
    id = rig.context.runs.start("undo", "ada", collection="products")
    rig.context.runs.finish(id, "held", reason="many would be overwritten")
    (notice,) = [e for e in rig.get("/api/status").json["notices"] if "undo" in e["name"]]
    assert (notice["name"], notice["why"]) == (f"undo {id}: held", "many would be overwritten")
    rig.post("/api/runs/drop", run=id)
    assert not [e for e in rig.get("/api/status").json["notices"] if "undo" in e["name"]]


def test_a_reconcile_shows_both_counts_what_differed_and_what_is_held(rig):
    client, id = rig.context.steps.client, held(rig)
    note_begin(client, "products", run=id)
    counts = {"changed": 3, "orphan": 1}
    note_end(client, "products", 1, "Held: many", counts, state="held", compared=(40, 41))
    (entry,) = rig.get("/api/reconciles", VIEW).json["items"]
    assert (entry["collection"], entry["destination"]) == ("products", "site")
    assert entry["schedule"] == {"every": 86_400.0, "at": None}
    assert (entry["state"], entry["run"], entry["message"]) == ("held", id, "Held: many")
    assert (entry["records"], entry["items"]) == (40, 41)
    assert (entry["differences"], entry["counts"]) == (4, counts)
    assert id in entry["held"]
    assert rig.get("/api/reconciles", CLERK).json == {"items": [], "next": None}
    note_begin(client, "products")
    (entry,) = rig.get("/api/reconciles", VIEW).json["items"]
    assert (entry["records"], entry["items"], entry["run"]) == (None, None, None)
    assert (entry["differences"], entry["state"]) == (None, "killed")


@pytest.mark.parametrize("action", ["approve", "drop"])
def test_only_who_operates_its_collection_decides_on_a_run(rig, action):
    id = held(rig)
    before = rig.dump()
    assert rig.post(f"/api/runs/{action}", VIEW, run=id).status_code == 403
    assert rig.post(f"/api/runs/{action}", CLERK, run=id).status_code == 404
    assert rig.post(f"/api/runs/{action}", run="r99").status_code == 404
    assert rig.dump() == before


def test_nothing_is_approved_of_a_run_that_is_not_held_or_for_deletes_alone(rig):
    done = held(rig, state="done")
    assert rig.post("/api/runs/approve", run=done).status_code == 409
    answer = rig.post("/api/runs/approve", run=held(rig, created=0, overwritten=0))
    assert answer.status_code == 409
    assert "instep deletes list" in answer.json["error"]["do"]


# the command ------------------------------------------------------------------------------------


def run(rig, *arguments, **options):
    found = CliRunner().invoke(main, ("runs", *arguments), env=rig.environ, **options)
    return found.exit_code, found.stdout


def test_the_command_approves_with_yes_and_exits_1_for_what_is_left(rig):
    id = held(rig)
    assert run(rig, "approve", id)[0] == 2
    code, text = run(rig, "approve", id, "--dry-run")
    assert (code, text) == (0, "12 items created, 7 overwritten\n")
    assert may(rig) == {}
    code, text = run(rig, "approve", id, "--up-to", "10", "--yes")
    assert code == 1
    assert text.splitlines()[0] == "Approved: 10 items created, 7 overwritten; 2 are left"
    assert "run the same reconcile again; it may do as much" in text
    for kind in ("created", "overwritten"):
        run_plan.keep(rig.context.runs, id, kind, ["0" * 16])
    code, text = run(rig, "approve", id, "--yes")
    assert "again; it does what was shown" in text
    code, text = run(rig, "approve", id, "--yes", "--json")
    assert (code, json.loads(text)["created"]) == (0, 12)


@pytest.mark.parametrize(("answer", "created"), [("y", 12), ("n", 0)])
def test_on_a_terminal_it_asks(rig, monkeypatch, answer, created):
    id = held(rig, configured=True)
    monkeypatch.setattr(command, "_is_interactive", lambda: True)
    code, text = run(rig, "approve", id, input=answer)
    assert (code, may(rig).get("created", 0)) == (0 if created else 1, created)
    assert ("the schedule goes on with it" in text) is bool(created)


def test_the_command_drops(rig):
    id = held(rig)
    assert run(rig, "drop", id, "--dry-run") == (0, "")
    assert run(rig, "drop", id) == (0, f"Dropped: {id}\n")
    assert run(rig, "drop", id)[0] == 1
    assert run(rig, "drop", held(rig), "--json")[0] == 0
    assert run(rig, "approve", "r99", "--yes")[0] == 1


def replayed(rig, *, by="ada", collection=None):
    """A replay that is held, of a source of the clerk's."""
    return rig.context.runs.start(
        "replay",
        by,
        collection=collection,
        source="till",
        figures={"held_overwritten": 5},
        work=["1-1 till"],
        waits="many",
    )


@pytest.mark.parametrize("action", ["approve", "drop"])
def test_what_may_change_more_than_an_access_sees_is_not_decided_by_it(rig, action):
    id = replayed(rig)
    before = rig.dump()
    answer = rig.post(f"/api/runs/{action}", CLERK, run=id)
    assert (answer.status_code, rig.dump()) == (409, before)
    assert rig.post(f"/api/runs/{action}", CLERK, run=replayed(rig, by="clerk")).status_code == 202
    own = replayed(rig, collection="orders")
    assert rig.post(f"/api/runs/{action}", CLERK, run=own).status_code == 202
    assert rig.post(f"/api/runs/{action}", OPERATE, run=id).status_code == 202


def test_runs_of_one_collection_with_what_people_said(rig):
    id, runs = held(rig), rig.context.runs
    runs.start("undo", "ada", collection="orders", ended=True)
    runs.note(id, "ada", "the new season")
    (found,) = rig.get("/api/runs", collection="products").json["items"]
    assert (found["id"], found["notes"][0]["text"]) == (id, "the new season")
