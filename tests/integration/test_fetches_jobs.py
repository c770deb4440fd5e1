"""Jobs of the fetch queue, and what an operator sees of fetches with the commands."""

import json
import threading

import pytest
import redis
from click.testing import CliRunner
from rq.timeouts import JobTimeoutException, UnixSignalDeathPenalty

from service.cli import main
from service.ingest.fetch_runner import HUNG, Runner
from tests.support.fetches_rig import MAPPINGS
from workers.config.loader import load
from workers.model.attempts import Wait
from workers.model.changes import Delivery, Fetch, Incoming
from workers.runtime import jobs
from workers.runtime.wakeups import FETCH, SECONDS
from workers.store.fetch_queue import ATTEMPTS, LEASE

TOML = """
mappings = ["mappings.py"]
[destinations.site]
token = "t0ken"
[collections.products]
destination = "site"
id = "65f000000000000000000001"
[collections.stores]
destination = "site"
id = "65f000000000000000000002"
[sources.shop]
sender = "bearer"
secrets = ["s3cret"]
id = "id"
topic = "type"
"""
BODY = b'{"id": "n1", "type": "product.updated", "data": {"id": "p1"}}'


@pytest.fixture
def environ(tmp_path, store_socket, store):
    assert store.dbsize() == 0
    (tmp_path / "mappings.py").write_text(MAPPINGS)
    path = tmp_path / "instep.toml"
    path.write_text(TOML)
    return {"INSTEP_CONFIG": str(path), "REDIS_URL": f"unix://{store_socket}"}


@pytest.fixture
def context(environ):
    context = jobs.build(load(environ))
    yield context
    context.steps.client.close()
    context.wakes.close()


@pytest.fixture
def run(environ):
    return lambda *arguments: CliRunner().invoke(main, arguments, env=environ)


def ask(context, object="p1", id="n1"):
    event = Incoming(id, "product.updated", 0, fetches=(Fetch("product", object),), payload={})
    return context.outbox.accept(Delivery("shop", f"call {id}", (event,), body=BODY))


def give_up(context):
    ask(context)
    for _ in range(ATTEMPTS):
        context.fetches.failed(context.fetches.claim(["product"]), "the answer 404", kind="failed")


def queued(store_socket, name):
    with redis.Redis(unix_socket_path=store_socket) as client:
        return client.llen(f"rq:queue:{name}")


def test_a_job_of_fetches_has_a_queue_of_its_own(context, store_socket):
    context.wakes.wake(":fetch")
    assert (queued(store_socket, "instep-fetch"), queued(store_socket, "instep")) == (1, 0)
    (job,) = context.wakes.fetches.jobs
    assert job.func_name == "workers.runtime.jobs.fetch"
    assert job.timeout == SECONDS[FETCH]


def test_each_queue_is_crowded_by_its_own_jobs(context):
    while not context.wakes.crowded(":fetch"):
        context.wakes.wake(":fetch")
    assert not context.wakes.crowded("site")


def test_a_job_fetches_until_nothing_is_due(context):
    steps = iter([None, None, Wait(30.0)])
    done = []

    def step(more):
        done.append(more)
        return next(steps)

    context.outbox.wants_job(":fetch")
    jobs.Jobs(context, threading.Event(), step).fetch()
    assert len(done) == 3
    assert context.outbox.wants_job(":fetch")  # its marker was cleared


def test_a_job_whose_time_is_up_hands_over(context, store_socket, monkeypatch):
    monkeypatch.setattr(jobs, "SLICE", -1.0)
    jobs.Jobs(context, threading.Event(), lambda _: None).fetch()
    assert queued(store_socket, "instep-fetch") == 1


def test_a_job_ends_with_its_process(context):
    stop = threading.Event()

    def step(_):
        stop.set()

    jobs.Jobs(context, stop, step).fetch()


def test_a_process_without_fetchers_leaves_such_a_job(context):
    jobs.Jobs(context, threading.Event()).fetch()


def test_a_claim_holds_longer_than_a_job_may_take():
    assert SECONDS[FETCH] + jobs.SLICE < HUNG < LEASE


def test_status_tells_of_fetchers(context, run):
    ask(context)
    found = json.loads(run("status", "--json").stdout)["fetchers"]
    assert set(found) == {"product"}
    assert set(found["product"]) == {
        *("state", "reason", "waiting", "oldest_seconds", "asked", "merged", "done", "dead"),
    }
    assert found["product"]["waiting"] == 1
    said = run("status").stdout
    assert "Fetchers" in said
    assert "product  flowing" in said


def test_status_of_a_system_without_fetchers_is_as_ever(run):
    assert json.loads(run("status", "--json").stdout)["fetchers"] == {}
    assert "Fetchers" not in run("status").stdout


def test_a_replay_asks_for_the_object_again_and_for_a_job(context, run, store_socket):
    give_up(context)
    (letter,) = context.letters.list()
    context.steps.client.delete("instep:wake::fetch")
    assert run("dead", "replay", letter.id).stdout == "Replayed: 1\n"
    assert context.letters.list() == []
    assert context.fetches.status()["product"]["waiting"] == 1
    assert queued(store_socket, "instep-fetch") == 1


def test_a_letter_of_a_fetch_says_why(context, run):
    give_up(context)
    (letter,) = json.loads(run("dead", "list", "--json").stdout)
    assert (letter["kind"], letter["attempts"], letter["topic"]) == (
        "unmapped",
        ATTEMPTS,
        "product.updated",
    )
    assert letter["problems"] == [{"field": "fetch", "message": "p1: the answer 404"}]
    shown = json.loads(run("dead", "show", letter["id"], "--json").stdout)
    assert shown["body"] == BODY.decode()


def test_a_fetcher_that_hangs_to_the_end_of_the_job_fails_for_its_object(way):
    def hangs(_):
        threading.Event().wait(30)

    way.product = hangs
    way.notice("p1")
    job = jobs.Jobs(way.context, threading.Event(), way.runner.step)
    with UnixSignalDeathPenalty(1, JobTimeoutException):
        job.fetch()
    status = way.status()
    assert (status["state"], status["waiting"], way.entry()["attempts"]) == ("waiting", 1, "1")
    assert "exceeded maximum timeout value (1 seconds)" in status["reason"]


def test_a_fetcher_that_hangs_beyond_that_is_told(way, monkeypatch):
    told = threading.Event()
    monkeypatch.setattr("service.ingest.fetch_runner.HUNG", 0.01)
    way.product = lambda _: {"told": told.wait(10)}
    way.runner = Runner(way.context, way.mappings, hung=told.set)
    way.notice("p1")
    way.run()
    assert told.is_set()
