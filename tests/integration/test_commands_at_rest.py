"""What each process asks of the store while nothing comes in, counted by the store."""

import math
import os
import threading
from collections import Counter

import pytest
from rq.exceptions import StopRequested

from workers.runtime import heartbeats, rq_worker
from workers.runtime.heartbeats import Process
from workers.runtime.rq_worker import Worker
from workers.store import keys
from workers.store.lease import Lease

TURNS = 10


@pytest.fixture
def asked(store):
    """Counts the commands that *work* sends, by their names."""

    def count():
        told = store.info("commandstats")
        return Counter({name.removeprefix("cmdstat_"): n["calls"] for name, n in told.items()})

    def asked(work):
        before = count()
        work()
        found = count() - before
        return {name: n for name, n in found.items() if name != "info"}

    return asked


def test_a_heartbeat_takes_three_commands_however_many_supervisors_there_are(store, asked):
    running = [Process("supervisor", os.getpid()), Process("worker", os.getpid())]
    store.hset(keys.PROCESSES, mapping={f"far {n}": '{"at": 0}' for n in range(50)})
    found = asked(lambda: heartbeats.beat(store, running))
    assert found == {"time": 1, "hset": 1, "set": 1}
    assert asked(lambda: heartbeats.beat(store, running[:1])) == {"time": 1, "hset": 1}


def test_the_others_are_looked_through_once_a_minute(store, asked, monkeypatch):
    """The supervisor's list changes each time, so that each turn is a heartbeat."""
    turns = iter(range(TURNS))
    ends = threading.Event()
    monkeypatch.setattr(ends, "wait", lambda _: next(turns, None) is None)
    pids = iter(range(1, TURNS + 1))
    found = asked(lambda: heartbeats.heartbeat(store, lambda: [Process("web", next(pids))], ends))
    assert found == {"time": TURNS + 1, "hset": TURNS, "hgetall": 1, "hdel": 1}


def test_one_that_waits_for_a_lease_takes_one_command_a_turn(store, asked):
    assert Lease(store, keys.SWEEPER, "the sweeper").take()
    waiting = Lease(store, keys.SWEEPER, "the sweeper")
    assert asked(lambda: [waiting.take() for _ in range(TURNS)]) == {"pttl": TURNS}


@pytest.fixture
def worker(store):
    worker = Worker(["wakes"], connection=store, serializer="json")
    worker.register_birth()
    wait_for_jobs(worker)  # the maintenance of RQ follows a start
    return worker


def test_a_worker_takes_one_command_a_turn_while_its_queue_is_empty(worker, asked, monkeypatch):
    monkeypatch.setattr(rq_worker, "_BEAT", math.inf)
    wait_for_jobs(worker)
    assert asked(lambda: wait_for_jobs(worker)) == {"blmove": TURNS, "hset": 1}  # that it is idle


def test_a_worker_keeps_its_key_alive(worker, asked, monkeypatch):
    monkeypatch.setattr(rq_worker, "_BEAT", 0.0)
    monkeypatch.setattr(worker, "_beats", 0.0)
    found = asked(lambda: wait_for_jobs(worker))
    assert found == {"blmove": TURNS, "hset": 1 + TURNS, "expire": 2 * TURNS}


def wait_for_jobs(worker):
    """Let *worker* wait for a job that does not come."""
    turns = iter(range(TURNS))

    def move():
        if next(turns, None) is None:
            raise StopRequested

    worker.on_move = move
    with pytest.raises(StopRequested):
        worker.dequeue_job_and_maintain_ttl(0.001)
