"""/api/deletes: what waits, and decisions that are runs, for whom and in the audit list."""

import pytest

from service.operate.bulk_runner import BulkRunner
from tests.support.api_rig import ADMIN, CLERK, OPERATE, SHOP, TOML, VIEW, Rig
from tests.support.held_deletes_fake import FakeHeldDeletes, held

# All of a collection wait for an approval, or all for their delay.
PAGES = """
[collections.pages]
destination = "site"
id = "65f000000000000000000003"
key = "number"
preflight = false
"""


@pytest.fixture
def fake(monkeypatch):
    fake = FakeHeldDeletes(
        *(held(n) for n in range(1, 6)),
        held(6, "orders", source="till"),
        held(7, "pages", waits="delay"),
    )
    monkeypatch.setattr("workers.delivery.context.HeldDeletes", lambda *_: fake)
    return fake


@pytest.fixture
def rig(tmp_path, store_socket, store, fake):
    assert store.dbsize() == 0
    assert fake.deletes
    rig = Rig(tmp_path, store_socket, toml=TOML + PAGES)
    yield rig
    rig.close()


def listed(rig, token=ADMIN, **query):
    return [each["id"] for each in rig.get("/api/deletes", token, **query).json["items"]]


def ended(rig, answer, token=ADMIN):
    assert answer.status_code == 202, answer.json
    runner = BulkRunner(rig.context, lambda: rig.configuration)
    while runner.step():
        pass
    return rig.get(f"/api/runs/{answer.json['run']}", token).json


def test_they_are_listed_page_by_page(rig):
    first = rig.get("/api/deletes", limit=4).json
    assert [each["id"] for each in first["items"]] == [f"products:{n}" for n in range(1, 5)]
    assert first["next"] == "products:4"
    rest = rig.get("/api/deletes", cursor=first["next"]).json
    assert [each["id"] for each in rest["items"]] == ["products:5", "orders:6", "pages:7"]
    assert (rest["next"], rest["items"][2]["waits"]) == (None, "delay")
    assert listed(rig, collection="orders") == ["orders:6"]


def test_a_dry_run_says_what_a_decision_would_be_for_and_changes_nothing(rig, fake):
    before = rig.dump()
    answer = rig.post("/api/deletes/approve", collection="products", up_to=2, dry_run=True)
    assert answer.status_code == 200
    assert (answer.json["deletes"], answer.json["left"]) == (2, 3)
    assert answer.json["collections"] == {"products": 2}
    assert [each["key"] for each in answer.json["examples"]] == ["K1", "K2"]
    assert (rig.dump(), fake.decided) == (before, [])


def test_the_oldest_are_approved_as_a_run_and_the_rest_stays(rig, fake):
    answer = rig.post("/api/deletes/approve", OPERATE, collection="products", up_to=3)
    run = ended(rig, answer)
    assert (run["kind"], run["state"], run["by"]) == ("approve", "done", "operator")
    assert run["collection"] == "products"
    assert run["figures"] == {
        "deletes": 3,
        "done": 3,
        "approved": 3,
        "more": 2,
        "left": 0,
        "reasons": {},
    }
    assert fake.decided == [("approve", f"products:{n}", "operator") for n in range(1, 4)]
    assert listed(rig) == ["products:4", "products:5", "orders:6", "pages:7"]
    entry = rig.get("/api/audit").json["items"][0]
    assert (entry["by"], entry["action"], entry["target"]) == (
        "operator",
        "approve deletes",
        "products",
    )
    assert entry["figures"]["deletes"] == 3


def test_all_that_wait_for_approval_are_dropped_over_all_collections(rig):
    run = ended(rig, rig.post("/api/deletes/drop"))
    assert (run["kind"], run["collection"], run["figures"]["dropped"]) == ("drop", None, 6)
    assert listed(rig) == ["pages:7"]


def test_those_with_ids_are_decided_on_alone(rig, fake):
    ids = ["products:2", "pages:7", "products:99"]
    run = ended(rig, rig.post("/api/deletes/drop", ids=ids))
    assert [each[1] for each in fake.decided] == ["products:2", "pages:7"]
    assert (run["figures"]["dropped"], run["figures"]["left"]) == (2, 1)


def test_what_has_come_back_meanwhile_is_left(rig, fake):
    answer = rig.post("/api/deletes/approve", collection="products")
    del fake.deletes["products:3"]
    run = ended(rig, answer)
    assert (run["figures"]["approved"], run["figures"]["left"]) == (4, 1)
    assert any("came back" in reason for reason in run["figures"]["reasons"])


def test_a_run_holds_no_key(rig):
    run = rig.post("/api/deletes/approve", collection="products").json["run"]
    assert [*rig.context.runs.todo(run, 10)] == [f"products:{n}" for n in range(1, 6)]


def test_a_view_token_changes_nothing(rig, fake):
    before = rig.dump()
    for action in ("approve", "drop"):
        assert rig.post(f"/api/deletes/{action}", VIEW).status_code == 403
        assert rig.post(f"/api/deletes/{action}", VIEW, dry_run=True).status_code == 403
    assert (rig.dump(), fake.decided) == (before, [])
    assert len(listed(rig, VIEW)) == 7


def test_an_access_of_one_destination_sees_and_decides_on_its_own(rig, fake):
    assert listed(rig, SHOP) == ["orders:6"]
    assert rig.get("/api/deletes", SHOP, collection="products").status_code == 404
    assert rig.post("/api/deletes/drop", CLERK, collection="products").status_code == 404
    run = ended(rig, rig.post("/api/deletes/drop", CLERK, ids=["products:1"]), CLERK)
    assert (run["figures"]["dropped"], run["figures"]["left"]) == (0, 1)
    run = ended(rig, rig.post("/api/deletes/approve", CLERK), CLERK)
    assert run["figures"]["approved"] == 1
    assert fake.decided == [("approve", "orders:6", "clerk")]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"ids": ["products:1"], "up_to": 2}, 422),
        ({"ids": ["products:1"], "collection": "products"}, 422),
        ({"ids": []}, 422),
        ({"ids": ["x"]}, 422),
        ({"up_to": -1}, 422),
        ({"collection": "unknown"}, 404),
        ({"every": True}, 422),
    ],
)
def test_what_is_no_decision_is_refused(rig, fake, body, status):
    assert rig.post("/api/deletes/approve", **body).status_code == status
    assert fake.decided == []


def test_the_status_counts_those_that_wait_for_approval(rig):
    status = rig.get("/api/status").json
    assert status["held_deletes"] == 6
    assert status["collections"]["products"]["held_deletes"] == 5
    names = [each["name"] for each in status["notices"]]
    assert names[0] == "collection products: 5 deletes wait for approval"
    assert "held_deletes" not in rig.get("/api/status", SHOP).json


@pytest.mark.parametrize(("act", "word"), [("approve", "approved"), ("drop", "dropped")])
def test_a_slice_that_is_done_again_after_a_crash_counts_what_it_had_decided(
    rig, fake, monkeypatch, act, word
):
    answer = rig.post(f"/api/deletes/{act}", ids=["products:1", "products:2", "products:3"])
    del fake.deletes["products:2"]  # its record has come back
    with monkeypatch.context() as patched:
        patched.setattr(type(rig.context.runs), "did", lambda *_: False)
        BulkRunner(rig.context, lambda: rig.configuration).step()
    assert len(fake.decided) == 2
    run = ended(rig, answer)
    assert (run["figures"][word], run["figures"]["left"], run["figures"]["done"]) == (2, 1, 3)
    assert len(fake.decided) == 2


def test_a_slice_of_a_run_that_another_process_has_taken_decides_nothing(rig, fake, monkeypatch):
    answer = rig.post("/api/deletes/approve", ids=["products:1", "products:2"])
    with monkeypatch.context() as patched:
        patched.setattr(type(rig.context.runs), "tries", lambda *_: False)
        BulkRunner(rig.context, lambda: rig.configuration).step()
    assert fake.decided == []
    assert ended(rig, answer)["figures"]["approved"] == 2
