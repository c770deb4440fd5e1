"""The record of runs: what each is, what it did, and how long it is kept."""

import pytest

from tests.support.outbox_driver import Bench
from workers.store import problem_keys, runs
from workers.store.lease import Lease
from workers.store.runs import Runs


@pytest.fixture
def known(store):
    return Runs(Bench(store).steps)


def test_a_run_has_what_lists_show(known):
    id = known.start("reconcile", "alice", collection="products", source="erp")
    run = known.show(id)
    assert run.as_dict() == {
        "id": id,
        "kind": "reconcile",
        "collection": "products",
        "source": "erp",
        "started": run.started.isoformat(),
        "ended": None,
        "state": "running",
        "by": "alice",
        "figures": {},
        "reason": None,
        "notes": [],
        "proposal": None,
    }


def test_a_run_tells_how_far_it_is_and_what_came_of_it(known):
    id = known.start("remap", "alice")
    known.progress(id, {"events": 5})
    assert known.show(id).figures == {"events": 5}
    known.finish(id, "failed", figures={"events": 6}, reason="x" * 1000)
    run = known.show(id)
    assert (run.state, run.figures, len(run.reason)) == ("failed", {"events": 6}, 300)
    assert run.ended >= run.started


def test_a_held_run_has_not_ended(known):
    id = known.start("undo", "alice", work=["a"])
    known.finish(id, "held")
    run = known.show(id)
    assert (run.state, run.ended, known.queued(), known.todo(id, 5)) == ("held", None, [], ["a"])


def test_the_newest_runs_come_first_and_are_filtered(known):
    one = known.start("remap", "alice")
    other = known.start("pull", "bob")
    known.finish(other)
    assert [run.id for run in known.list()] == [other, one]
    assert [run.id for run in known.list(kind="remap")] == [one]
    assert [run.id for run in known.list(state="done")] == [other]
    assert [run.id for run in known.list(before=other)] == [one]
    assert [run.id for run in known.list(limit=1)] == [other]
    assert known.show("r99") is None


def test_work_is_taken_off_by_who_holds_the_lease_alone(known):
    id = known.start("replay", "alice", work=["a", "b", "c"])
    assert known.queued() == [id]
    lease = Lease(known.steps.client, problem_keys.running(id), "a test")
    assert not known.did(id, 1, {"done": 1}, lease)
    assert lease.take()
    assert known.did(id, 2, {"done": 2}, lease)
    assert (known.todo(id, 5), known.show(id).figures) == (["c"], {"done": 2})


def test_a_run_that_has_ended_leaves_no_work(known, store):
    id = known.start("replay", "alice", work=["a"])
    known.finish(id)
    assert known.queued() == []
    assert not store.exists(problem_keys.run_work(id))


def test_a_run_without_work_has_ended_as_it_is_recorded(known, store):
    run = known.show(known.start("seen", "alice", figures={"groups": 2}, ended=True))
    assert (run.state, run.ended, run.figures) == ("done", run.started, {"groups": 2})
    assert not store.exists(problem_keys.OPEN, problem_keys.QUEUED)


def test_old_runs_go_but_for_those_that_have_not_ended(known, monkeypatch, store):
    monkeypatch.setattr(runs, "MOST", 3)
    going = known.start("reconcile", "alice")
    for _ in range(5):
        known.finish(known.start("remap", "alice"))
    left = [run.id for run in known.list()]
    assert len(left) == 3
    assert going in left
    assert len([*store.scan_iter("instep:run:*")]) == 3


def test_what_people_said_is_kept_with_the_run(known):
    id = known.start("undo", "alice")
    for n in range(12):
        known.note(id, "alice", f"{n} " + "x" * 1000)
    notes = known.show(id).as_dict()["notes"]
    assert [note["text"].partition(" ")[0] for note in notes] == [str(n) for n in range(2, 12)]
    assert {(note["by"], len(note["text"])) for note in notes} == {("alice", 300)}
    assert notes[0]["at"] >= known.show(id).started.isoformat()


def test_runs_of_one_moment_are_listed_by_their_numbers(known, store):
    ids = [known.start("remap", "alice") for _ in range(11)]
    store.zadd(problem_keys.RUNS, dict.fromkeys(ids, 1))
    assert [run.id for run in known.list()] == ids[::-1]
    assert [run.id for run in known.list(before="r10")] == ids[8::-1]
