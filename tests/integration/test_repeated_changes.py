"""A change whose answer gets lost is made again by redis-py; nothing is done twice by that."""

from pathlib import Path

import pytest
import redis
from redis.client import Pipeline
from redis.connection import AbstractConnection

from workers.config.settings import StoreSettings
from workers.store import connection, problem_keys
from workers.store.audit import Audit
from workers.store.lease import Lease
from workers.store.runs import Runs
from workers.store.scripts import Steps


@pytest.fixture
def steps(store, store_socket, tmp_path):
    assert store.dbsize() == 0
    client = connection.connect(StoreSettings(data=Path(tmp_path), url=f"unix://{store_socket}"))
    yield Steps(client)
    client.close()


@pytest.fixture
def lose(monkeypatch):
    """Returns what makes the answer to the next transaction, or script, get lost."""

    def lose_next(owner, name):
        whole, lost = getattr(owner, name), []

        def once(*args, **options):
            found = whole(*args, **options)
            if not lost:
                lost.append(found)
                raise redis.ConnectionError("the answer got lost")
            return found

        monkeypatch.setattr(owner, name, once)
        return lost

    return lose_next


def test_a_run_has_each_piece_of_its_work_once(steps, lose):
    lost = lose(Pipeline, "_execute_transaction")
    runs = Runs(steps)
    id = runs.start("replay", "alice", work=["a", "b", "c"])
    assert lost
    assert runs.todo(id, 10) == ["a", "b", "c"]


@pytest.mark.parametrize(("count", "left"), [(1, ["b", "c", "d"]), (2, ["c", "d"]), (4, [])])
def test_work_that_is_taken_off_takes_no_other_with_it(steps, lose, count, left):
    runs = Runs(steps)
    id = runs.start("replay", "alice", work=["a", "b", "c", "d"])
    lease = Lease(steps.client, problem_keys.running(id), "a test")
    assert lease.take()
    lost = lose(Pipeline, "_execute_transaction")
    assert runs.did(id, count, {"done": count}, lease)
    assert lost
    assert runs.todo(id, 10) == left


def test_a_change_stands_once_in_the_audit_list(steps, lose):
    Audit(steps).record("admin", "resume", "site")
    lost = lose(AbstractConnection, "read_response")
    Audit(steps).record("admin", "pause", "site")
    assert lost
    found, _ = Audit(steps).list(None, 10)
    assert [each["action"] for each in found] == ["pause", "resume"]
