"""The functions of the steps in a store: lost, too many for a full one, of two releases."""

import uuid

import pytest
import redis

from tests.support.outbox_driver import Bench, event
from workers.config.settings import StoreSettings
from workers.errors import StoreFull
from workers.model.changes import Delivery
from workers.store import connection
from workers.store.audit import Audit, Audited
from workers.store.outbox import balanced
from workers.store.scripts import Steps, UnknownStep
from workers.store.step_library import Library, library
from workers.store.upgrade import Upgrade

FOREIGN = "somebody-elses"
MANY = 30_000_000  # bytes: buffers that come and go beside it are nothing


@pytest.fixture
def client(store, store_socket):
    """A client as every process makes it, of a store that has lost all functions."""
    found = connection.connect(StoreSettings(url=f"unix://{store_socket}"))
    store.function_flush()
    yield found
    found.close()
    store.config_set("maxmemory", 0)


@pytest.fixture
def steps(client):
    return Steps(client)


def libraries(client):
    return {name for _, name, *_ in client.function_list()}


def note(name="ann"):
    return {"token": uuid.uuid4().hex, "by": name, "action": "a", "target": "t", "figures": "{}"}


def noted(steps):
    return [entry["by"] for entry in Audit(steps).list(None, 9)[0]][::-1]


def fill(client):
    client.setrange(FOREIGN, MANY, "x")
    client.config_set("maxmemory", client.info("memory")["used_memory"] - 5_000_000)


def test_functions_that_the_store_has_lost_are_loaded_at_the_next_call(steps, client):
    assert steps.run("audit", note() | {"most": 9}) == {}
    assert libraries(client) == {library().name}
    assert noted(steps) == ["ann"]


def test_each_of_several_calls_is_carried_out_once_and_in_their_order(steps):
    bench = Bench(steps.client)
    calls = [
        bench.outbox._call(Delivery("erp", f"t{n}", (event("i1", {"stock": n}),), b"{}")).arguments
        for n in (3, 1, 2)
    ]
    answers = steps.run_in_order("accept", calls)
    assert [answer["accepted"] for answer in answers] == [1, 1, 1]
    assert bench.value("i1") == 2


def test_a_transaction_begins_once_the_functions_are_there(steps, client):
    with client.pipeline() as pipeline:
        pipeline.set("key", "value")
        Audit(steps).add(pipeline, Audited("a", "t", {}, "ann"))
        pipeline.execute()
    assert noted(steps) == ["ann"]
    with client.pipeline() as pipeline:
        Audit(steps).add(pipeline, Audited("a", "t", {}, "bob"))
        assert [command[0][0] for command in pipeline.command_stack] == ["FCALL"]
        pipeline.execute()
    assert noted(steps) == ["ann", "bob"]


def test_of_steps_that_run_together_none_is_loaded_in_between(steps):
    calls = ("list_problems", {}), ("sample", {})
    assert [type(answer) for answer in steps.run_together(*calls)] == [UnknownStep] * 2
    steps.run("list_problems", {})
    first, second = steps.run_together(*calls)
    assert first == {"groups": {}}
    assert isinstance(second, redis.ResponseError)  # it lacks its arguments
    assert not isinstance(second, UnknownStep)


def test_a_store_too_full_to_load_them_delivers_and_refuses_what_comes_in(client):
    bench = Bench(client)
    bench.accept(event("i1", {"stock": 1}))
    fill(client)
    client.function_flush()
    client.config_set("maxmemory", 1)
    bench.write(bench.claim())
    assert bench.counts("pending", "written") == (0, 1)
    with client.pipeline() as pipeline:
        Audit(bench.steps).add(pipeline, Audited("a", "t", {}, "ann"))
        pipeline.execute()
    assert noted(bench.steps) == ["ann"]
    assert libraries(client) == set()
    with pytest.raises(StoreFull):
        bench.steps.run("keep_forms", {"token": "t", "collection": "products", "forms": []})
    client.config_set("maxmemory", 0)
    bench.accept(event("i1", {"stock": 2}))
    assert libraries(client) == {library().name}
    assert balanced(bench.counts())


def test_two_releases_call_their_own_functions(steps, client):
    other = Steps(client)
    other.library = Library(f"{library().text}-- of another release\n", library().flags)
    for each in (steps, other, steps, other):
        each.run("audit", note() | {"most": 9})
    assert libraries(client) == {steps.library.name, other.library.name}
    assert len(noted(steps)) == 4


def test_those_of_other_releases_are_dropped_and_come_back_while_one_runs(steps, client):
    other = Steps(client)
    other.library = Library(f"{library().text}-- of another release\n", library().flags)
    client.function_load("#!lua name=foreign\nredis.register_function('f', function() end)")
    for each in (steps, other):
        each.run("audit", note() | {"most": 9})
    for _ in range(2):
        Upgrade(steps, Bench(client).settings).complete()  # as every process does as it starts
        assert libraries(client) == {"foreign", steps.library.name}
    other.run("audit", note() | {"most": 9})
    assert libraries(client) == {"foreign", steps.library.name, other.library.name}


def test_another_process_may_drop_them_first(steps, client, monkeypatch):
    gone = f"{steps.library.name}0"
    monkeypatch.setattr(steps, "_libraries", lambda: {gone, steps.library.name})
    steps.drop_others()
    monkeypatch.setattr(client, "function_delete", refuse)
    with pytest.raises(connection.StoreForbidden):
        steps.drop_others()


def refuse(_):
    raise redis.exceptions.NoPermissionError("has no permissions to run 'function|delete'")
