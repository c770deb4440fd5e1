"""Connections that are taken as they are: those that were closed meanwhile, too."""

import time
from unittest.mock import Mock

import pytest
import redis

from workers.config.settings import StoreSettings
from workers.store import connection, connection_pool

ECHO = """#!lua name=echo
redis.register_function('echo', function(_, ARGV) return ARGV[1] end)
"""


@pytest.fixture
def settings(store):
    return StoreSettings(url=f"unix://{store.connection_pool.connection_kwargs['path']}")


@pytest.fixture
def client(settings):
    client = connection.connect(settings)
    yield client
    client.close()


@pytest.fixture
def echo(client):
    """Calls a function of the store, which returns its argument."""
    client.function_load(ECHO, replace=True)
    yield lambda text: client.fcall("echo", 0, text)
    client.function_delete("echo")


def closed_by_the_store(client):
    """Let the store close the only connection of *client*."""
    own = client.client_id()
    with redis.Redis(unix_socket_path=client.connection_pool.connection_kwargs["path"]) as other:
        other.client_kill_filter(_id=own)


def test_a_fresh_connection_is_not_looked_at(client, monkeypatch):
    client.ping()
    (one,) = client.connection_pool._connections
    monkeypatch.setattr(one, "can_read", None)
    assert client.ping()
    assert client.connection_pool._connections == [one]


def test_a_rested_connection_is_looked_at(client, monkeypatch):
    client.ping()
    (one,) = client.connection_pool._connections
    looked = []
    look = one.can_read
    monkeypatch.setattr(one, "can_read", lambda *a, **k: looked.append(1) or look(*a, **k))
    one.used_at = time.monotonic() - connection_pool.FRESH
    assert client.ping()
    assert looked


@pytest.mark.parametrize("rested", [False, True])
def test_a_command_is_sent_again_where_its_connection_was_closed(client, rested):
    closed_by_the_store(client)
    (one,) = client.connection_pool._connections
    if rested:
        one.used_at = float("-inf")
    assert client.set("key", "value")
    assert client.get("key") == "value"


def test_a_function_is_called_again_where_its_connection_was_closed(client, echo):
    assert echo("a") == "a"
    closed_by_the_store(client)
    assert echo("b") == "b"


def test_a_connection_that_broke_is_not_handed_out_as_it_is(client):
    client.ping()
    (one,) = client.connection_pool._connections
    one.disconnect()
    assert client.ping()


def test_all_connections_in_use_are_waited_for(settings):
    client = connection.connect(settings, timeout=0.05)
    pool = client.connection_pool
    taken = [pool.get_connection() for _ in range(pool.max_connections)]
    with pytest.raises(redis.ConnectionError):
        client.ping()
    pool.release(taken.pop())
    assert client.ping()
    for each in taken:
        pool.release(each)
    client.close()


class TimeLimit(Exception):
    """Comes at any moment, as the alarm of a job does."""


@pytest.mark.parametrize("way", ["command", "function"])
def test_an_answer_that_was_not_read_is_not_taken_for_that_of_the_next_command(
    client, echo, monkeypatch, way
):
    client.set("key", "old")
    echo("old")
    (one,) = client.connection_pool._connections

    with monkeypatch.context() as patch:
        patch.setattr(one, "read_response", Mock(side_effect=TimeLimit))
        with pytest.raises(TimeLimit):
            client.get("key") if way == "command" else echo("old")
    client.set("key", "new")
    assert client.get("key") == "new"
    assert echo("new") == "new"
