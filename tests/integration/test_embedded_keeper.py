"""Who runs the embedded store, and what happens when anybody dies. Real processes."""

import contextlib
import json
import math
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
import redis

from workers.config.settings import StoreSettings
from workers.embedded import repair, server
from workers.embedded.layout import Place
from workers.embedded.server import is_hung
from workers.runtime.embedded_store import Keeper, kept
from workers.runtime.liveness import state_of
from workers.store import connection, connection_pool, keys
from workers.store.witness import Witness

ROOT = Path(__file__).parents[2]
KEEP = """
import sys, threading
from pathlib import Path
from workers.runtime.embedded_store import kept
from workers.config.settings import StoreSettings
with kept(StoreSettings(data=Path(sys.argv[1]))):
    print("kept", flush=True)
    sys.stdin.read()
"""


def eventually(look, within=5.0):
    """Return the first true answer of *look*; fail when it takes longer than *within* seconds."""
    ends = time.monotonic() + within
    while time.monotonic() < ends:
        with contextlib.suppress(redis.RedisError, OSError):
            if answer := look():
                return answer
        time.sleep(0.02)
    raise AssertionError("it did not come about")


@pytest.fixture
def settings(tmp_path):
    return StoreSettings(data=tmp_path / "data")


@pytest.fixture
def client(settings):
    client = connection.connect(settings)
    yield client
    client.close()


@pytest.fixture
def keep(settings):
    """Starts processes that keep the store until their stdin ends."""
    started = []

    def start(*, wait=True):
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", KEEP, str(settings.data)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            text=True,
        )
        started.append(process)
        if wait:
            assert process.stdout.readline() == "kept\n"
        return process

    yield start
    for process in started:
        process.communicate()


def server_pid(client):
    return client.info("server")["process_id"]


def gone(pid):
    """Whether it has ended; whoever takes orphans may not have read its end yet."""
    return state_of(pid) in ("", "Z")


def test_what_was_answered_survives_kill_9_of_the_server(settings, client):
    with kept(settings) as keeper:
        for number in range(50):
            client.set(f"key{number}", number)
        os.kill(keeper.pid, signal.SIGKILL)
        assert eventually(lambda: client.get("key49"), within=2.0) == "49"
        assert client.dbsize() == 50


def test_a_server_that_dies_again_and_again_is_still_restarted_within_two_seconds(settings, client):
    with kept(settings):
        for _ in range(4):
            pid = eventually(lambda: server_pid(client), within=2.0)
            os.kill(pid, signal.SIGKILL)
            eventually(lambda old=pid: server_pid(client) != old, within=2.0)


def test_what_was_cut_off_is_told_though_the_keeper_has_just_used_its_connection(
    settings, client, monkeypatch
):
    monkeypatch.setattr(connection_pool, "FRESH", math.inf)
    looks, look = [], Witness.look
    monkeypatch.setattr(Witness, "look", lambda own: looks.append(look(own)))
    place = Place.of(settings.data)
    with kept(settings) as keeper:
        eventually(lambda: len(looks) >= 2)  # the next one comes in 5 s
        cut = repair.Cut(Path("log"), 7, datetime.now(UTC), Path("copy")).as_loss()
        (place.data / "store.losses").write_text(json.dumps(cut) + "\n", encoding="utf-8")
        os.kill(keeper.pid, signal.SIGKILL)
        (loss,) = eventually(lambda: client.hvals(keys.LOSSES))
        assert json.loads(loss)["bytes"] == 7
        eventually(lambda: not repair.pending(place))


def test_what_was_written_is_there_after_a_stop_and_a_start(settings, client):
    with kept(settings):
        client.set("key", "value")
    with kept(settings):
        assert client.get("key") == "value"


def test_the_server_stops_with_its_keeper(settings):
    with kept(settings) as keeper:
        pid = keeper.pid
    assert gone(pid)


def test_a_second_keeper_joins_the_same_server(settings, client):
    with kept(settings) as first, kept(settings) as second:
        assert second.pid is None
        assert server_pid(client) == first.pid


def test_the_second_keeper_takes_over_when_the_first_stops(settings, client):
    first, second = Keeper(settings), Keeper(settings)
    first.start()
    second.start()
    try:
        client.set("key", "value")
        old = first.pid
        first.stop()
        assert eventually(lambda: client.get("key"), within=2.0) == "value"
        assert server_pid(client) == second.pid != old
    finally:
        second.stop()


def test_starts_at_the_same_moment_end_with_one_server(keep, client, settings):
    keepers = [keep(wait=False) for _ in range(4)]
    for process in keepers:
        assert process.stdout.readline() == "kept\n"
    log = (settings.data / "store.log").read_text()
    assert log.count("Ready to accept connections") == 1
    assert client.ping()


def test_the_server_ends_with_a_keeper_that_was_killed(keep, client):
    keeper = keep()
    pid = server_pid(client)
    keeper.kill()
    eventually(lambda: gone(pid), within=2.0)


def test_another_takes_over_from_a_keeper_that_was_killed(keep, client):
    keeper = keep()
    keep()
    client.set("key", "value")
    keeper.kill()
    keeper.wait()
    assert eventually(lambda: client.get("key"), within=2.0) == "value"


def test_a_stopped_server_is_ended_and_what_was_answered_is_there(settings, client, monkeypatch):
    monkeypatch.setattr(server, "ANSWER", 0.1)
    with kept(settings) as keeper:
        client.set("key", "value")
        old = keeper.pid
        os.kill(old, signal.SIGSTOP)
        assert eventually(lambda: client.get("key")) == "value"
        assert keeper.pid != old


@pytest.mark.parametrize(
    ("unanswered", "state", "used", "hung"),
    [
        pytest.param(4, "S", 0.0, False, id="not for long"),
        pytest.param(5, "S", 0.0, True, id="it does nothing"),
        pytest.param(2, "T", 0.0, False, id="it is stopped"),
        pytest.param(3, "T", 0.0, True, id="it is stopped for too long"),
        pytest.param(29, "R", 5.0, False, id="a long script"),
        pytest.param(29, "R", 0.1, False, id="a busy machine"),
        pytest.param(29, "S", 5.0, False, id="it works now and then"),
        pytest.param(29, "D", 0.0, False, id="a slow disk"),
        pytest.param(30, "R", 5.0, True, id="for too long"),
        pytest.param(5, "", 0.0, True, id="nobody knows"),
    ],
)
def test_a_server_hangs_where_it_neither_answers_nor_works(unanswered, state, used, hung):
    assert is_hung(unanswered, state, used, 10.0) is hung
