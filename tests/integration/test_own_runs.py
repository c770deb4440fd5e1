"""Runs that their own process carries out: how they end, also with that process."""

import pytest

from tests.support.outbox_driver import Bench
from workers.errors import ReconcileFailed
from workers.store import problem_keys
from workers.store.killed_runs import KILLED
from workers.store.lease import Lease
from workers.store.own_runs import OwnRun, own_run
from workers.store.runs import Runs


@pytest.fixture
def bench(store):
    return Bench(store)


@pytest.fixture
def known(bench):
    return Runs(bench.steps)


def later(bench, seconds):
    bench.steps.clock_offset_ms += 1000 * seconds


def test_a_run_goes_on_while_its_process_lives(bench, known):
    with own_run(known, "remap", "alice", source="erp") as run:
        later(bench, 3600)
        assert known.show(run.id).state == "running"
        run.end(figures={"events": 3})
    found = known.show(run.id)
    assert (found.state, found.figures, found.source) == ("done", {"events": 3}, "erp")
    assert not known.steps.client.exists(problem_keys.running(run.id))


@pytest.mark.parametrize(
    ("error", "state", "reason"),
    [
        (ReconcileFailed("no answer"), "failed", "no answer"),
        (OSError("disk"), "failed", "OSError('disk')"),
        (KeyboardInterrupt("ended by SIGTERM"), "stopped", "ended by SIGTERM"),
        (KeyboardInterrupt(), "stopped", "ended by Ctrl-C"),
    ],
)
def test_a_run_that_breaks_off_says_why(known, error, state, reason):
    with pytest.raises(type(error)), own_run(known, "remap", "alice") as run:
        raise error
    found = known.show(run.id)
    assert (found.state, found.reason) == (state, reason)


def test_without_words_a_run_is_done(known):
    with own_run(known, "remap", "alice") as run:
        pass
    assert known.show(run.id).state == "done"


def test_a_run_whose_process_was_killed_is_stopped(bench, known):
    id = known.start("reconcile", "alice", collection="products", own=True)
    assert known.show(id).state == "running"  # its lease is taken right after
    later(bench, 11)
    found = known.show(id)
    assert (found.state, found.reason, found.ended) == ("stopped", KILLED, None)
    assert [run.id for run in known.list(state="stopped")] == [id]
    assert known.list(state="running") == []


def test_a_killed_run_is_not_kept_for_ever(bench, known):
    id = known.start("reconcile", "alice", own=True)
    later(bench, 11)
    known.start("remap", "alice", ended=True)
    client = known.steps.client
    assert not client.sismember(problem_keys.OPEN, id)
    assert client.hget(problem_keys.run(id), "state") == "stopped"
    assert known.show(id).reason == KILLED


def test_a_run_of_a_worker_waits_for_one_however_long(bench, known):
    id = known.start("replay", "alice", work=["d1"])
    later(bench, 3600)
    assert known.show(id).state == "running"


def test_progress_is_recorded_at_most_each_second(known):
    id = known.start("remap", "alice", own=True)
    now = [0.0]
    lease = Lease(known.steps.client, problem_keys.running(id), "test")
    run = OwnRun(known, id, lease, lambda: now[0])
    run.progress({"events": 1})
    assert known.show(id).figures == {}
    now[0] = 1.0
    run.progress({"events": 2})
    run.progress({"events": 3})
    assert known.show(id).figures == {"events": 2}
    run.end()
    now[0] = 9.0
    run.progress({"events": 4})
    run.end("failed")
    assert (known.show(id).state, known.show(id).figures) == ("done", {"events": 2})


def test_a_run_that_is_no_longer_kept_does_not_come_back(known):
    with own_run(known, "remap", "alice") as run:
        known.steps.client.delete(problem_keys.run(run.id))
    assert known.show(run.id) is None
