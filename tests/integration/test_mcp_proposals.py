"""What the MCP server proposes: nothing is changed before a person approves it, and then it is."""

import json
from datetime import timedelta

import pytest
from click.testing import CliRunner

from service.cli import main
from service.operate.proposals import MOST
from tests.support.api_rig import ADMIN, CLERK, OPERATE, VIEW
from tests.support.held_deletes_fake import FakeHeldDeletes, held
from tests.support.mcp_rig import BY, WHY, McpRig
from workers.model.runs import PROPOSED_FOR
from workers.runtime.upkeep import Upkeep
from workers.store import problem_keys, run_plan
from workers.store.proposed_runs import LAPSED
from workers.store.run_approval import approved

_ITSELF = tuple(f"instep:{name}" for name in ("run", "audit"))


@pytest.fixture
def rig(tmp_path, store_socket, store):
    assert store.dbsize() == 0
    rig = McpRig(tmp_path, store_socket)
    yield rig
    rig.close()


@pytest.fixture
def full(rig):
    rig.fill()
    rig.call("status")  # groups the letters
    return rig


@pytest.fixture
def fake(monkeypatch):
    fake = FakeHeldDeletes(*(held(n) for n in range(1, 4)), held(6, "orders", source="till"))
    monkeypatch.setattr("workers.delivery.context.HeldDeletes", lambda *_: fake)
    return fake


def problem(rig, kind):
    found = rig.call("list_problems", kind=kind)["data"]["items"]
    return found[0]["id"]


def rest(rig):
    """What the store holds but for the runs and the audit list."""
    found = rig.contents().items()
    return {name: held for name, held in found if not name.startswith(_ITSELF)}


def propose(rig, tool, **arguments):
    """Propose; assert that it changed nothing else, and that no worker begins with it."""
    before = rest(rig)
    found = rig.call(tool, why=WHY, **arguments)["data"]
    assert found["state"] == "held"
    assert f"instep runs approve {found['run']}" in found["confirm"]
    rig.carry_out()
    assert rest(rig) == before
    run = rig.get(f"/api/runs/{found['run']}").json
    assert (run["by"], run["state"], run["proposal"]["why"]) == (BY, "held", WHY)
    return found


def approve(rig, id, token=OPERATE, **body):
    answer = rig.post("/api/runs/approve", token, run=id, **body)
    rig.carry_out()
    return answer


def command(rig, *arguments, **options):
    found = CliRunner().invoke(main, ("runs", *arguments), env=rig.environ, **options)
    return found.exit_code, found.output


def audit(rig):
    return rig.get("/api/audit").json["items"]


# each of them -----------------------------------------------------------------------------------


def test_a_replay_of_letters_sends_once_it_is_approved(full):
    made = propose(full, "propose_replay_letters", problem=problem(full, "refused"))
    assert (made["estimate"]["action"], made["estimate"]["letters"]) == ("replay", 1)
    assert approve(full, made["run"]).status_code == 202
    assert full.get("/api/dead", kind="refused").json["items"] == []
    run = full.get(f"/api/runs/{made['run']}").json
    assert (run["state"], run["figures"]["replayed"]) == ("done", 1)
    assert run["proposal"]["approved_by"] == "operator"


def test_letters_are_discarded_once_that_is_approved(full):
    (letter,) = full.get("/api/dead", kind="refused").json["items"]
    made = propose(full, "propose_discard_letters", letters=[letter["id"]])
    assert made["estimate"]["letters"] == 1
    approve(full, made["run"])
    assert full.get(f"/api/dead/{letter['id']}").json["state"] != "open"


def test_deliveries_run_again_once_that_is_approved(full):
    made = propose(full, "propose_replay_deliveries", source="erp", since="1h")
    assert made["estimate"]["deliveries"] == 6
    shown = full.post("/api/runs/approve", run=made["run"], dry_run=True).json["proposal"]
    assert (shown["kind"], shown["by"], shown["why"]) == ("replay", BY, WHY)
    assert shown["would"]["deliveries"] == 6
    approve(full, made["run"])
    run = full.get(f"/api/runs/{made['run']}").json
    assert (run["state"], run["figures"]["done"]) == ("done", 6)


@pytest.mark.parametrize("action", ["approve", "drop"])
def test_pending_deletes_are_decided_on_by_who_approves_that(fake, rig, action):
    made = propose(rig, f"propose_{action}_deletes", collection="products", up_to=2)
    assert (made["estimate"]["deletes"], fake.decided) == (2, [])
    approve(rig, made["run"])
    decided = [(action, f"products:{n}", "operator") for n in (1, 2)]
    assert fake.decided == decided


def test_a_held_run_is_approved_by_who_approves_the_proposal(rig):
    runs = rig.context.runs
    target = runs.start("reconcile", "ada", collection="products", source="erp")
    runs.finish(target, "held", figures={"held_created": 12, "held_overwritten": 7})
    made = propose(rig, "propose_approve_run", run=target, up_to=10)
    assert (made["estimate"]["created"], made["estimate"]["left"]) == (10, 2)
    assert approved(runs, "products", "erp", None) == {}
    code, text = command(rig, "approve", made["run"], "--dry-run")
    assert (code, f"of the run {target}: 10 items created" in text) == (1, True)
    assert approve(rig, made["run"]).status_code == 202
    may = approved(runs, "products", "erp", None)
    assert {kind: each.number for kind, each in may.items()} == {"created": 10, "overwritten": 7}
    assert rig.get(f"/api/runs/{made['run']}").json["state"] == "done"
    assert [each["target"] for each in audit(rig)[:2]] == [made["run"], target]


def test_the_command_says_how_a_run_goes_on_that_was_approved_so(rig):
    runs = rig.context.runs
    target = runs.start("reconcile", "ada", collection="products", source="erp")
    runs.finish(target, "held", figures={"held_created": 12})
    run_plan.keep(runs, target, "created", ["a"] * 12)
    made = propose(rig, "propose_approve_run", run=target)
    code, text = command(rig, "approve", made["run"], "--yes")
    assert (code, "run the same reconcile again; it does what was shown" in text) == (0, True)


# what a person sees, and decides ----------------------------------------------------------------


def test_the_audit_list_has_both_names(full):
    made = propose(full, "propose_replay_letters", problem=problem(full, "refused"))
    approve(full, made["run"])
    entry, proposed, *_ = audit(full)
    assert (entry["by"], entry["action"], entry["target"]) == (
        "operator",
        "approve run",
        made["run"],
    )
    assert entry["figures"]["proposed_by"] == BY
    assert (proposed["by"], proposed["action"]) == (BY, "propose replay")


def test_the_status_names_what_waits_for_a_person(full):
    made = propose(full, "propose_replay_letters", problem=problem(full, "refused"))
    notices = {each["name"]: each for each in full.call("status")["data"]["notices"]}
    notice = notices[f"replay {made['run']}: proposed"]
    assert notice["why"] == f"proposed by {BY}"
    assert f"instep runs approve {made['run']}" in notice["do"]
    full.post("/api/runs/drop", run=made["run"])
    assert not [e for e in full.call("status")["data"]["notices"] if "proposed" in e["name"]]


def test_the_command_shows_what_would_be_done_and_asks(full, monkeypatch):
    made = propose(full, "propose_replay_letters", problem=problem(full, "refused"))
    code, text = command(full, "show", made["run"])
    assert (code, WHY in text, BY in text) == (0, True, True)
    assert command(full, "approve", made["run"])[0] == 2  # in a pipe
    code, text = command(full, "approve", made["run"], "--dry-run")
    assert code == 0
    assert text.splitlines()[:3] == [f"replay, proposed by {BY}", f"why: {WHY}", LETTER]
    monkeypatch.setattr("service.commands.runs._is_interactive", lambda: True)
    assert command(full, "approve", made["run"], input="n")[0] == 1
    assert full.get(f"/api/runs/{made['run']}").json["state"] == "held"
    code, text = command(full, "approve", made["run"], input="y")
    assert (code, f"Approved: replay, run {made['run']}" in text) == (0, True)
    assert full.get(f"/api/runs/{made['run']}").json["state"] == "running"
    found = json.loads(command(full, "show", made["run"], "--json")[1])
    assert found["proposal"]["approved_by"].startswith("cli:")


LETTER = "1 dead letters of 1 records, 1 field values"


def test_one_that_is_dropped_is_never_done(full):
    made = propose(full, "propose_replay_letters", problem=problem(full, "refused"))
    assert full.post("/api/runs/drop", OPERATE, run=made["run"]).status_code == 202
    full.carry_out()
    assert len(full.get("/api/dead", kind="refused").json["items"]) == 1
    assert audit(full)[0]["figures"]["proposed_by"] == BY
    assert approve(full, made["run"]).status_code == 409


def test_it_is_looked_at_anew_when_it_is_approved(full):
    made = propose(full, "propose_replay_letters", problem=problem(full, "refused"))
    (letter,) = full.get("/api/dead", kind="refused").json["items"]
    CliRunner().invoke(main, ["dead", "discard", letter["id"], "--yes"], env=full.environ)
    answer = approve(full, made["run"])
    assert answer.status_code == 409
    assert answer.json["error"]["do"] == f"drop it: `instep runs drop {made['run']}`"


def test_deletes_that_wait_no_longer_are_left_out(fake, rig):
    made = propose(rig, "propose_approve_deletes", deletes=["products:1", "orders:6"])
    del fake.deletes["products:1"]
    would = approve(rig, made["run"], dry_run=True).json["proposal"]["would"]
    assert (would["deletes"], would["unknown"]) == (1, ["products:1"])
    code, text = command(rig, "approve", made["run"], "--dry-run")
    assert (code, "orders: 1 delete" in text) == (0, True)
    del fake.deletes["orders:6"]
    assert approve(rig, made["run"]).status_code == 409
    assert fake.decided == []


def test_it_is_approved_as_a_whole_by_who_operates_all_of_it(full):
    made = propose(full, "propose_replay_letters", problem=problem(full, "refused"))
    assert approve(full, made["run"], VIEW).status_code == 403
    assert approve(full, made["run"], CLERK).status_code == 404
    assert approve(full, made["run"], ADMIN, up_to=1).status_code == 409
    own = propose(full, "propose_replay_deliveries", source="till", since="1h")
    assert approve(full, own["run"], CLERK).status_code == 409  # it may change more than that


# bounds -----------------------------------------------------------------------------------------


def test_one_that_nobody_approves_ends_after_seven_days(full):
    made = propose(full, "propose_replay_letters", problem=problem(full, "refused"))
    steps, id = full.context.steps, made["run"]
    steps.clock_offset_ms += round((PROPOSED_FOR - timedelta(minutes=1)).total_seconds() * 1000)
    assert full.context.runs.show(id).state == "held"
    steps.clock_offset_ms += 120_000
    assert approve(full, id).status_code == 409
    run = full.get(f"/api/runs/{id}").json
    assert (run["state"], run["reason"], run["ended"]) == ("stopped", LAPSED, made["until"])
    assert steps.client.hget(problem_keys.run(id), "state") == "held"
    Upkeep(full.context).look()
    assert steps.client.hget(problem_keys.run(id), "state") == "stopped"
    assert not steps.client.exists(problem_keys.run_work(id))
    assert full.context.runs.unfinished() == []


def test_one_that_was_approved_meanwhile_does_not_end(full):
    made = propose(full, "propose_replay_letters", problem=problem(full, "refused"))
    runs = full.context.runs
    full.context.steps.clock_offset_ms += round(PROPOSED_FOR.total_seconds() * 1000) + 1
    lapsed = runs.unfinished()
    full.context.steps.client.hset(problem_keys.run(made["run"]), "state", "running")
    full.context.runs.unfinished = lambda: lapsed
    runs.close_ended()
    assert full.context.runs.show(made["run"]).state == "running"
    assert full.context.runs.todo(made["run"], 9)


def test_a_person_is_not_flooded(full):
    group = problem(full, "refused")
    calls = [("propose_replay_letters", {"why": WHY, "problem": group})] * (MOST + 1)
    *made, last = full.ask(*calls)
    assert not any(each.is_error for each in made)
    assert f"found {MOST} proposals that wait" in last.content[0].text


REFUSED = (
    ("propose_replay_letters", {}, "found neither a problem nor letters"),
    ("propose_replay_letters", {"problem": "p9", "letters": ["d1"]}, "found both"),
    ("propose_replay_letters", {"problem": "p9"}, "expected a problem with open letters"),
    ("propose_discard_letters", {"letters": ["d9"]}, "found no such dead letter"),
    ("propose_replay_deliveries", {}, "found nothing that selects deliveries"),
    ("propose_replay_deliveries", {"key": "no"}, "found none that matches"),
    ("propose_approve_deletes", {}, "expected collection (and up_to), or deletes"),
    ("propose_drop_deletes", {"collection": "products"}, "expected deletes that wait"),
    ("propose_approve_run", {"run": "r9"}, "found 'r9', expected a run"),
    ("propose_undo", {"run": "r1", "key": "k"}, "expected run, or source and since"),
    ("propose_undo", {"run": "r9"}, "expected a write that is kept"),
    ("propose_undo", {"source": "erp", "sinse": "1h"}, "Extra inputs are not permitted"),
)


def test_what_selects_nothing_or_all_is_refused_and_nothing_is_kept(rig):
    found = rig.ask(*((tool, {"why": WHY, **named}) for tool, named, _ in REFUSED))
    for result, (tool, named, words) in zip(found, REFUSED, strict=True):
        assert result.is_error, (tool, named)
        assert words in result.content[0].text
    assert rig.context.runs.list() == []


def test_a_proposal_to_approve_a_proposal_is_refused(full):
    made = propose(full, "propose_replay_letters", problem=problem(full, "refused"))
    assert "a proposal" in full.refused("propose_approve_run", why=WHY, run=made["run"])


def test_read_only_leaves_out_what_proposes(rig):
    every, some = rig.tools(), rig.tools(read_only=True)
    assert {each.name for each in every} - {each.name for each in some} == {
        each.name for each in every if each.name.startswith("propose_")
    }
    assert all(each.annotations.read_only_hint for each in some)
    assert not any(
        each.annotations.read_only_hint for each in every if each.name.startswith("propose_")
    )
    assert all(each.description and not each.input_schema["additionalProperties"] for each in every)
