"""At maxmemory only what comes in is refused; what is held is delivered, and then it goes on."""

import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.support.outbox_driver import Bench, event
from tests.support.outbox_retiring import retire
from workers.config.settings import StoreSettings
from workers.errors import StoreFull
from workers.runtime import heartbeats, jobs, rq_worker
from workers.store import connection
from workers.store.dead_letters import DeadLetters
from workers.store.outbox import balanced

FOREIGN = "somebody-elses"


@pytest.fixture
def settings(store_socket, tmp_path):
    return StoreSettings(data=Path(tmp_path), url=f"unix://{store_socket}")


@pytest.fixture
def client(store, settings):
    """A client as every process makes it."""
    found = connection.connect(settings)
    yield found
    found.close()
    store.config_set("maxmemory", 0)


@pytest.fixture
def bench(client):
    return Bench(client)


def fill(client, beyond=0):
    """Leave the store without room, or with *beyond* bytes more than it may have."""
    # So much that buffers that come and go beside it are nothing.
    client.setrange(FOREIGN, 30_000_000, "x")
    client.config_set("maxmemory", client.info("memory")["used_memory"] - 5_000_000 - beyond)
    with pytest.raises(StoreFull), connection.guarded():
        client.eval("#!lua\nreturn redis.call('SET', 'more', 1)", 0)


def empty(client):
    client.delete(FOREIGN)


def test_a_delivery_is_refused_where_the_store_is_full_and_taken_again_by_itself(bench, client):
    bench.outbox.check_room()
    fill(client)
    with pytest.raises(StoreFull):  # by the store: it was asked for its room a moment ago
        bench.accept(event("i1", {"stock": 1}))
    assert balanced(bench.counts())
    assert bench.counts("accepted") == (0,)
    empty(client)
    bench.accept(event("i1", {"stock": 1}))
    assert bench.counts("accepted", "pending") == (1, 1)


def test_a_delivery_is_refused_from_nine_tenths_on(client):
    client.setrange(FOREIGN, 30_000_000, "x")
    client.config_set("maxmemory", int(client.info("memory")["used_memory"] * 1.05))
    with pytest.raises(StoreFull):
        Bench(client).accept(event("i1", {"stock": 1}))


def test_what_retires_a_record_is_taken_until_the_store_is_full(bench, client):
    bench.confirm("i1", {"stock": 1})
    client.setrange(FOREIGN, 30_000_000, "x")
    client.config_set("maxmemory", int(client.info("memory")["used_memory"] * 1.05))
    another = Bench(client)
    with pytest.raises(StoreFull):
        another.accept(event("i1", {"stock": 2}))
    assert retire(another, "i1", by="item").accepted == 1
    fill(client)
    with pytest.raises(StoreFull):
        retire(another, "i2", by="item")


def test_what_is_pending_is_delivered_though_the_store_is_full(bench, client):
    for n in range(250):
        bench.accept(event(f"i{n}", {"stock": n}))
    fill(client, beyond=2_000_000)
    for _ in range(3):
        bench.write(bench.batch())
    assert bench.counts("accepted", "written", "pending") == (250, 250, 0)
    assert balanced(bench.counts())


def test_a_letter_is_replayed_and_discarded_though_the_store_is_full(bench, client):
    for n in (1, 2):
        bench.accept(event(f"i{n}", {"stock": n}, by="key"))
    bench.list_all()  # there are no such items
    fill(client)
    letters = DeadLetters(bench.steps, bench.settings)
    first, second = (letter.id for letter in letters.list())
    assert letters.discard(first)
    assert letters.replay(second)[0]
    assert bench.counts("discarded", "pending", "dead") == (1, 1, 0)


def test_one_command_after_another_is_carried_out_though_the_store_is_full(client):
    fill(client)
    assert client.set("instep:sweeper", "mine", nx=True, px=5000) is True
    assert client.set("instep:sweeper", "other", nx=True, px=5000) is None
    assert client.hset("h", mapping={"a": "1", "b": "ä\n"}) == 2
    assert client.hgetall("h") == {"a": "1", "b": "ä\n"}
    heartbeats.beat(client, [heartbeats.Process("worker", 7)])
    assert heartbeats.workers_alive(client) == 1


@pytest.mark.parametrize("transaction", [True, False])
def test_a_pipeline_is_carried_out_once_though_the_store_is_full(client, transaction):
    client.set("n", 5)
    fill(client)
    with client.pipeline(transaction=transaction) as pipeline:
        pipeline.get("n").incr("n").hset("h", "a", "1").get("n").expire("h", 9)
        assert pipeline.execute() == ["5", 6, 1, "6", True]


def test_an_error_in_a_pipeline_is_raised_though_the_store_is_full(client):
    client.set("text", "no number")
    fill(client)
    with client.pipeline() as pipeline, pytest.raises(connection.redis.ResponseError, match="int"):
        pipeline.incr("text").incr("n").execute()


def test_a_job_is_enqueued_taken_and_done_though_the_store_is_full(
    bench, client, settings, monkeypatch
):
    done = []

    def deliver(name):
        done.append(name)
        jobs.stop()

    wakes = jobs.Wakes(connection.rq_connection(settings), bench.settings)
    running = SimpleNamespace(deliver=deliver, stop=threading.Event())
    monkeypatch.setattr(jobs, "_bound", running)
    fill(client, beyond=2_000_000)
    wakes.wake("site")
    rq = rq_worker.Worker([jobs.QUEUE], connection=wakes.queue.connection, serializer="json")
    assert rq.work(burst=True, logging_level="WARNING")
    assert done == ["site"]
    wakes.close()


def test_a_worker_waits_for_a_job_though_the_store_is_full(client, settings):
    fill(client)
    raw = connection.rq_connection(settings)
    assert raw.blmove("rq:queue:none", "rq:queue:other", 0.01) is None
    raw.rpush("rq:queue:one", b"\xff\x00")
    assert raw.blmove("rq:queue:one", "rq:queue:other", 1) == b"\xff\x00"
    raw.close()
