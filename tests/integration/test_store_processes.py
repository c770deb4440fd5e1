"""The list of living processes."""

import json
import os
import socket
import subprocess
import sys
import threading

import pytest

from workers.config.settings import StoreSettings
from workers.runtime import heartbeats
from workers.runtime.embedded_store import kept
from workers.runtime.heartbeats import Process
from workers.store import connection


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    settings = StoreSettings(data=tmp_path_factory.mktemp("processes"))
    with kept(settings):
        yield settings


@pytest.fixture
def client(server):
    client = connection.connect(server)
    client.flushdb()
    yield client
    client.close()


def elsewhere(client, *, ago, running):
    """Write the heartbeat of another machine's supervisor."""
    seconds, _ = client.time()
    entry = {"at": seconds - ago, "machine": "far pid:[4026531836]", "processes": running}
    client.hset("instep:processes", f"far {ago}", json.dumps(entry))


def alive(client):
    """What runs, without the names of the hosts."""
    found = heartbeats.alive(client)
    return [{name: each[name] for name in each if name != "host"} for each in found]


def test_what_runs_is_listed_by_role_and_pid(client):
    heartbeats.beat(client, [Process("worker", os.getppid()), Process("supervisor", os.getpid())])
    assert alive(client) == [
        {"role": "supervisor", "pid": os.getpid()},
        {"role": "worker", "pid": os.getppid()},
    ]


def test_a_pid_that_has_ended_is_not_listed(client):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    heartbeats.beat(client, [Process("supervisor", os.getpid()), Process("worker", ended.pid)])
    assert alive(client) == [{"role": "supervisor", "pid": os.getpid()}]


def test_a_child_that_was_killed_but_not_yet_buried_is_not_listed(client):
    killed = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    heartbeats.beat(client, [Process("worker", killed.pid)])
    assert alive(client) == [{"role": "worker", "pid": killed.pid}]
    killed.kill()
    os.waitid(os.P_PID, killed.pid, os.WEXITED | os.WNOWAIT)
    assert alive(client) == []
    killed.communicate()


def test_processes_of_other_machines_are_listed_unseen(client):
    elsewhere(client, ago=0, running=[["worker", 4_000_000, True]])
    assert alive(client) == [{"role": "worker", "pid": 4_000_000}]


def test_a_process_is_listed_with_its_host(client):
    elsewhere(client, ago=0, running=[["web", 4_000_000, True]])
    heartbeats.beat(client, [Process("supervisor", os.getpid())])
    found = [(each["pid"], each["host"]) for each in heartbeats.alive(client)]
    assert found == [(os.getpid(), socket.gethostname()), (4_000_000, "far")]


def test_a_supervisor_that_is_silent_for_long_is_gone(client):
    elsewhere(client, ago=7, running=[["worker", os.getpid(), True]])
    assert alive(client) == []


def test_a_heartbeat_replaces_the_one_before(client):
    heartbeats.beat(client, [Process("worker", os.getpid())])
    heartbeats.beat(client, [Process("web", os.getpid())])
    assert alive(client) == [{"role": "web", "pid": os.getpid()}]


def test_who_left_is_not_listed(client):
    heartbeats.beat(client, [Process("supervisor", os.getpid())])
    heartbeats.leave(client)
    assert alive(client) == []


def test_supervisors_of_long_ago_are_forgotten(client):
    elsewhere(client, ago=1000, running=[])
    elsewhere(client, ago=500, running=[])
    heartbeats.forget(client)
    assert client.hkeys("instep:processes") == ["far 500"]


def test_a_supervisor_forgets_others_as_it_begins(client):
    elsewhere(client, ago=1000, running=[])
    stop, turns = threading.Event(), iter([False, True])
    stop.wait = lambda _: next(turns)
    heartbeats.heartbeat(client, lambda: [Process("supervisor", os.getpid())], stop)
    assert client.hlen("instep:processes") == 0  # its own is removed at the end


def test_a_worker_counts_once_it_is_at_work(client):
    heartbeats.beat(
        client, [Process("worker", os.getpid(), ready=False), Process("web", os.getpid())]
    )
    assert heartbeats.workers_alive(client) == 0
    heartbeats.beat(
        client, [Process("worker", os.getpid()), Process("worker", os.getppid(), ready=False)]
    )
    assert heartbeats.workers_alive(client) == 1


def test_a_worker_of_another_queue_is_listed_and_does_not_count(client):
    heartbeats.beat(client, [Process("worker", os.getpid(), delivers=False)])
    assert alive(client) == [{"role": "worker", "pid": os.getpid()}]
    assert heartbeats.workers_alive(client) == 0


def test_the_heartbeat_goes_on_until_it_is_stopped_and_then_leaves(client):
    running, stop = [Process("supervisor", os.getpid())], threading.Event()
    beats = threading.Thread(target=heartbeats.heartbeat, args=(client, lambda: running[:], stop))
    beats.start()
    try:
        waiting = threading.Event()
        for _ in range(100):
            if heartbeats.alive(client):
                break
            waiting.wait(0.02)
        assert alive(client) == [{"role": "supervisor", "pid": os.getpid()}]
    finally:
        stop.set()
        beats.join()
    assert alive(client) == []


def test_children_are_found_by_their_parent():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert child.pid in heartbeats.children(os.getpid())
    child.communicate()
    assert child.pid not in heartbeats.children(os.getpid())


def silent(client, running):
    """Write a heartbeat of this machine, older than it may be."""
    seconds, _ = client.time()
    entry = {"at": seconds - 30, "machine": heartbeats.machine(), "processes": running}
    client.hset("instep:processes", "silent", json.dumps(entry))


def test_a_supervisor_that_lives_and_is_silent_hangs(client):
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    silent(client, [["supervisor", os.getpid(), True, True], ["worker", child.pid, True, True]])
    assert heartbeats.hung(client) == ("supervisor",)
    assert heartbeats.workers_alive(client) == 1
    child.kill()
    child.communicate()
    assert alive(client) == []


def test_another_process_with_the_pid_of_a_supervisor_that_ended_is_not_taken_for_it(client):
    silent(client, [["supervisor", os.getpid(), True, True], ["worker", os.getppid(), True, True]])
    assert alive(client) == []
