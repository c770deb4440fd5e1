"""What /api changes: in the store, in the audit list, and for whom."""

import pytest

from service.operate.record_life import life_of
from service.operate.run_mass import Mass
from tests.support.api_rig import ADMIN, CLERK, OPERATE, Rig


@pytest.fixture
def rig(tmp_path, store_socket, store):
    assert store.dbsize() == 0
    rig = Rig(tmp_path, store_socket)
    rig.fill()
    yield rig
    rig.close()


def problem(rig, kind):
    found = rig.get("/api/problems").json["items"]
    return next(each["id"] for each in found if each["kind"] == kind)


def ended(rig, run):
    """The run, once this process has carried it out."""
    rig.carry_out()
    return rig.get(f"/api/runs/{run}").json


def test_all_letters_of_a_problem_are_replayed_as_a_run(rig):
    answer = rig.post(f"/api/problems/{problem(rig, 'refused')}/replay", OPERATE)
    assert answer.status_code == 202
    run = ended(rig, answer.json["run"])
    assert (run["kind"], run["state"], run["by"]) == ("replay", "done", "operator")
    assert run["figures"]["replayed"] == 1
    assert [each["kind"] for each in rig.get("/api/dead").json["items"]] == ["unmapped"]
    entry = rig.get("/api/audit").json["items"][0]
    assert (entry["by"], entry["action"]) == ("operator", "replay")


def test_a_source_is_paused_for_a_while_and_resumed(rig):
    answer = rig.post("/api/pause", OPERATE, name="source:erp", reason="a sale", **{"for": "2h"})
    assert (answer.status_code, answer.json["kind"]) == (200, "source")
    assert answer.json["until"].endswith("Z")
    found = rig.get("/api/status").json["sources"]["erp"]
    assert (found["state"], found["reason"], found["who"]) == ("paused", "a sale", "operator")
    (listed,) = [each for each in rig.get("/api/sources").json["items"] if each["name"] == "erp"]
    assert (listed["state"], listed["reason"]) == ("paused", "a sale")
    paused = rig.get("/api/audit").json["items"][0]
    assert paused["figures"] == {"reason": "a sale", "until": answer.json["until"]}
    resumed = rig.post("/api/resume", OPERATE, name="source:erp").json
    assert (resumed["state"], resumed["first"]) == ("resumed", [])
    assert rig.get("/api/status").json["sources"]["erp"]["state"] == "flowing"


@pytest.mark.parametrize("wrong", ["2", "0h", "2 h", 7200, "1000h"])
def test_a_pause_for_no_duration_is_refused(rig, wrong):
    before = rig.dump()
    assert rig.post("/api/pause", name="site", **{"for": wrong}).status_code == 422
    assert rig.dump() == before


def test_all_letters_of_a_problem_are_discarded_after_an_estimate(rig):
    path = f"/api/problems/{problem(rig, 'unmapped')}/discard"
    before = rig.dump()
    estimate = rig.post(path, dry_run=True)
    assert (estimate.status_code, estimate.json["letters"]) == (200, 1)
    assert rig.dump() == before
    ended(rig, rig.post(path).json["run"])
    assert [each["kind"] for each in rig.get("/api/dead").json["items"]] == ["refused"]


def test_an_ignored_problem_is_listed_only_if_asked_for(rig):
    group = problem(rig, "refused")
    assert rig.post(f"/api/problems/{group}/ignore").status_code == 202
    assert group not in [each["id"] for each in rig.get("/api/problems").json["items"]]
    (ignored,) = rig.get("/api/problems", state="ignored").json["items"]
    assert (ignored["id"], ignored["by"]) == (group, "admin")
    assert rig.post(f"/api/problems/{group}/open").status_code == 202
    assert rig.post(f"/api/problems/{group}/seen").status_code == 202
    (seen,) = rig.get("/api/problems", state="seen").json["items"]
    assert seen["id"] == group


def test_a_replay_of_a_mass_is_held_until_it_is_approved(rig, monkeypatch):
    many = Mass({"products": "products: many"}, {"held_overwritten": 3})
    monkeypatch.setattr("service.operate.bulk_actions.mass_of", lambda *_: many)
    path = f"/api/problems/{problem(rig, 'refused')}/replay"
    assert rig.post(path, dry_run=True).json["held"] == many.why
    id = rig.post(path, OPERATE).json["run"]
    run = ended(rig, id)
    assert (run["state"], run["reason"], run["figures"]["replayed"]) == ("held", many.words, 0)
    assert rig.post("/api/runs/approve", OPERATE, run=id).status_code == 202
    run = ended(rig, id)
    assert run["state"] == "done"
    assert run["figures"]["replayed"] == run["figures"]["letters"] > 0


@pytest.mark.parametrize("action", ["replay", "discard", "seen", "ignore", "open"])
def test_a_problem_that_is_not_there_or_of_others_is_404(rig, action):
    group = problem(rig, "refused")
    before = rig.dump()
    assert rig.post(f"/api/problems/p0000000000/{action}").status_code == 404
    assert rig.post(f"/api/problems/{group}/{action}", CLERK).status_code == 404
    assert rig.dump() == before


def test_deliveries_are_replayed_as_a_run(rig):
    answer = rig.post("/api/deliveries/replay", OPERATE, source="erp")
    assert answer.status_code == 202
    run = ended(rig, answer.json["run"])
    assert (run["kind"], run["state"], run["source"]) == ("replay", "done", "erp")
    assert run["figures"]["deliveries"] == 6
    assert rig.get("/api/audit").json["items"][0]["by"] == "operator"


def test_a_replay_of_deliveries_shows_first_what_it_would_do(rig):
    before = rig.dump()
    answer = rig.post("/api/deliveries/replay", key="A/B", dry_run=True)
    assert (answer.status_code, answer.json["matched"]) == (200, 2)
    assert rig.dump() == before


def test_a_replay_of_deliveries_names_some(rig):
    answer = rig.post("/api/deliveries/replay")
    assert answer.status_code == 422
    assert "source" in answer.json["error"]["expected"]


def test_an_access_of_one_destination_replays_its_deliveries_only(rig):
    assert rig.post("/api/deliveries/replay", CLERK, source="erp").status_code == 404
    run = ended(rig, rig.post("/api/deliveries/replay", CLERK, ids=["erp-1", "till-1"]).json["run"])
    assert (run["figures"]["deliveries"], run["figures"]["left"]) == (1, 1)


def test_runs_of_others_are_not_shown_to_an_access_of_one_destination(rig):
    run = rig.post("/api/deliveries/replay", ADMIN, source="erp").json["run"]
    ended(rig, run)
    assert rig.get(f"/api/runs/{run}", CLERK).status_code == 404
    assert rig.get("/api/runs", CLERK).json["items"] == []
    own = rig.post("/api/deliveries/replay", CLERK, ids=["till-1"]).json["run"]
    ended(rig, own)
    assert [each["id"] for each in rig.get("/api/runs", CLERK).json["items"]] == [own]
    assert [each["id"] for each in rig.get("/api/runs", ADMIN).json["items"]] == [own, run]


def test_a_record_of_which_there_is_more_to_say_is_shown_whole(rig):
    rig.deliver(id="newer", topic="stock", sku="plain", qty=9)  # its letter closes by itself
    rig.deliver(id="again", topic="stock", sku="plain", qty="no number")
    record = rig.get("/api/record", collection="products", key="plain").json
    assert record["notes"]
    assert record["missed"]
    found = life_of(rig.context, "products", "plain")
    assert (record["notes"], record["missed"]) == (found["notes"], found["missed"])
    assert (record["life"], record["fields"]) == (found["life"], found["fields"])
    assert set(record) == set(found)
