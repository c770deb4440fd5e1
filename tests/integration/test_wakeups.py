"""A worker runs wake-ups alone, whatever somebody has put into its queue."""

import json
import logging
import pickle
import sys
import zlib

import pytest
import redis
from rq import Queue
from rq.job import Job
from rq.logutils import colorizer

from workers.runtime import jobs
from workers.runtime.rq_worker import Worker
from workers.runtime.wakeups import DELIVER, WakeQueue, WakeUp


class Recording:
    """In the place of what a process does with wake-ups."""

    def __init__(self):
        self.delivered = []

    def deliver(self, name):
        self.delivered.append(name)


@pytest.fixture
def client(store_socket):
    with redis.Redis(unix_socket_path=store_socket) as client:
        client.flushdb()
        yield client


@pytest.fixture
def poison(tmp_path, monkeypatch):
    """A module that must not be imported; returns whether it was."""
    (tmp_path / "poison.py").write_text("def run(*args, **kwargs):\n    pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "poison", raising=False)
    return lambda: "poison" in sys.modules


@pytest.fixture
def run(client, monkeypatch):
    """Lets a worker empty the queue, and returns what was delivered."""
    bound = Recording()
    monkeypatch.setattr(jobs, "_bound", bound)

    def run():
        worker = Worker(["wakes"], connection=client, serializer="json", default_result_ttl=0)
        worker._install_signal_handlers = lambda: None
        worker.work(burst=True, logging_level="WARNING")
        return bound.delivered

    return run


@pytest.mark.parametrize("terminal", [True, False])
def test_a_job_is_done_whatever_its_output_goes_to(client, run, monkeypatch, terminal):
    monkeypatch.setattr(colorizer, "notty", not terminal)
    WakeQueue("wakes", connection=client, serializer="json").enqueue(DELIVER, "site")
    assert run() == ["site"]


def put(client, id="bad", **fields):
    """Put a wake-up into the queue of which *fields* of its hash are others."""
    called = ("workers.jobs.deliver", ["site"])
    job = Job.create(*called, connection=client, id="made", origin="wakes", serializer="json")
    client.hset(f"rq:job:{id}", mapping={**job.to_dict(), "status": "queued", **fields})
    client.rpush("rq:queue:wakes", id)


def called(*parts):
    return {"data": zlib.compress(json.dumps(parts).encode())}


POISON = {
    "another function": called("poison.run", None, [], {}),
    "a method": called("run", "poison", ["site"], {}),
    "a builtin": called("eval", None, ["__import__('poison')"], {}),
    "a function of ours": called("workers.runtime.jobs.bind", None, ["site"], {}),
    "more arguments": called("workers.jobs.deliver", None, ["site", "site"], {}),
    "named arguments": called("workers.jobs.deliver", None, ["site"], {"more": 1}),
    "an argument that is no text": called("workers.jobs.deliver", None, [["site"]], {}),
    "a success callback": {"success_callback_name": "poison.run"},
    "a failure callback": {"failure_callback_name": "poison.run"},
    "a callback of a stop": {"stopped_callback_name": "poison.run"},
    "a webhook": {"webhooks": '[{"url": "http://127.0.0.1:1/"}]'},
    "a dependency": {"dependency_ids": '["other"]'},
    "a repetition": {"repeats_left": "3", "repeat_intervals": "[0]"},
    "a limit": {"rate_limit_key": "x", "rate_limit_concurrency": "1"},
    "no JSON": {"data": b"{"},
    "another form": called("workers.jobs.deliver"),
    "a pickle": {"data": zlib.compress(pickle.dumps(("poison.run", None, (), {})))},
    "a bomb": {"data": zlib.compress(b"[" * 1_000_000)},
    "a status that is none": {"status": "poisoned"},
    "a time that is none": {"created_at": "yesterday"},
}


@pytest.mark.parametrize("fields", POISON.values(), ids=POISON)
def test_what_is_no_wake_up_is_deleted_and_imports_nothing(client, run, poison, caplog, fields):
    put(client, **fields)
    put(client, id="good")
    with caplog.at_level(logging.WARNING):
        assert run() == ["site"]
    assert not poison()
    assert not client.exists("rq:job:bad")
    assert "job refused" in caplog.text


def test_a_wake_up_made_by_rq_is_read(client):
    put(client, id="good")
    job = WakeUp.fetch("good", connection=client, serializer="json")
    assert (job.func_name, job.args, job.timeout) == ("workers.runtime.jobs.deliver", ["site"], 120)


def test_a_job_that_depends_on_a_wake_up_imports_nothing(client, run, poison):
    put(client, id="good")
    put(client, **called("poison.run", None, [], {}))
    client.lrem("rq:queue:wakes", 0, "bad")
    client.sadd("rq:job:good:dependents", "bad")
    assert run() == ["site"]
    assert not poison()


def test_an_abandoned_job_calls_nothing(client, run, poison):
    put(client, failure_callback_name="poison.run", status="started")
    client.lrem("rq:queue:wakes", 0, "bad")
    client.zadd("rq:wip:wakes", {"bad:1": 1})
    assert run() == []
    assert not poison()


@pytest.mark.parametrize("id", ["no id", b"\xff", "x" * 100_000], ids=["blank", "bytes", "long"])
def test_an_id_that_rq_cannot_read_ends_no_worker(client, run, id):
    client.rpush("rq:queue:wakes", id)
    assert run() == []
    put(client, id="good")
    assert run() == ["site"]


@pytest.mark.parametrize("key", ["rq:queue:wakes", "rq:job:bad", "rq:queue:wakes:intermediate"])
def test_a_key_of_another_type_ends_no_worker(client, run, key):
    client.set(key, "poisoned")
    if key == "rq:job:bad":
        client.rpush("rq:queue:wakes", "bad")
    assert run() == []
    put(client, id="good")
    assert run() == ["site"]


def test_a_wake_up_that_rq_has_saved_anew_is_read(client):
    put(client, id="good")
    WakeUp.fetch("good", connection=client, serializer="json").save()
    assert WakeUp.fetch("good", connection=client, serializer="json").args == ["site"]


def test_a_job_carries_a_name_that_every_release_knows(client):
    """A worker of the release before, beside this one, refuses what it does not know."""
    queue = WakeQueue("wakes", connection=client, serializer="json")
    queue.enqueue(DELIVER, "site", result_ttl=0, failure_ttl=60, ttl=300)
    (id,) = queue.job_ids
    assert b"workers.jobs.deliver" in zlib.decompress(client.hget(f"rq:job:{id}", "data"))


def test_what_it_puts_into_the_queue_is_a_wake_up(client):
    queue = Queue("wakes", connection=client, serializer="json")
    queue.enqueue("workers.jobs.deliver", "site", result_ttl=0, failure_ttl=60, ttl=300)
    (id,) = queue.job_ids
    assert WakeUp.fetch(id, connection=client, serializer="json").args == ["site"]
