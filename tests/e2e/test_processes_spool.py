"""A store that is away, and a web process that dies meanwhile: all is applied, and once."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import time

import pytest
import redis

from service.ingest.spool_count import waiting
from tests.support.depth import depth
from tests.support.real_processes import Instep, Line, Load, eventually, request, say, signed, wrong
from tests.support.standin import StandIn, item_id
from tests.support.store_server import server_binary

ITEMS = 20


@pytest.fixture(scope="module")
def cms():
    cms = StandIn(2 * ITEMS)
    yield cms
    cms.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("spool")


@pytest.fixture(scope="module")
def given(folder):
    """A store that is given by REDIS_URL: a function that starts it, and its client."""
    path, started = folder / "given.sock", []

    def start():
        command = [server_binary(), "--port", "0", "--unixsocket", str(path), "--save", ""]
        command += ["--appendonly", "yes", "--appendfsync", "always"]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=folder)  # noqa: S603
        started.append(server)
        return server

    with redis.Redis(unix_socket_path=str(path)) as client:
        yield start, client
    for server in started:
        server.send_signal(signal.SIGCONT)
        server.terminate()
        server.wait(10)


@pytest.fixture(scope="module")
def instep(cms, given, folder):  # noqa: ARG001  # it outlives what uses it
    """An installation whose store is not there yet."""
    instep = Instep(folder, cms, processes=depth(1, 2))
    instep.environ["REDIS_URL"] = f"unix://{folder}/given.sock"
    yield instep
    instep.close()


def event(n, item, qty):
    data = {"item_id": item_id(item), "qty": qty}
    at = f"2026-05-12T09:00:{n // 1000:02d}.{n % 1000:03d}Z"
    return {"id": f"e{n}", "type": "stock.changed", "at": at, "data": data}


def readiness(instep):
    line = Line(instep.address)
    status, body = line.asked(request("/readyz", b"", {}, method="GET"))
    line.close()
    return status, json.loads(body)


@pytest.fixture(scope="module")
def begun(instep, given):
    """It is begun before its store, and takes an event: what it says then, and the store."""
    start, _ = given
    process = instep.begin(free_port())
    line = Line(instep.address)
    eventually(lambda: alive(line), within=60)
    assert line.ask(signed(event(1, ITEMS + 1, 1))) == 200
    line.close()
    said, store = readiness(instep)[1]["status"], start()
    assert process.stdout.readline().startswith("ready ")
    return said, store


def test_a_given_store_may_come_later_and_be_weakened_meanwhile(cms, instep, given, begun):
    said, _ = begun
    assert said == "degraded"
    _, client = given
    line = Line(instep.address)
    eventually(lambda: cms.live[item_id(ITEMS + 1)].get("stock") == 1, within=30.0)
    client.config_set("appendonly", "no")
    # What comes within half a second may still be taken as before.
    time.sleep(0.6)
    assert line.ask(signed(event(2, ITEMS + 2, 2))) == 200
    assert waiting(instep.folder / "data").deliveries == 1
    assert client.hget("instep:source:erp", "deliveries") == b"1"
    client.config_set("appendonly", "yes")
    eventually(lambda: cms.live[item_id(ITEMS + 2)].get("stock") == 2, within=30.0)
    line.close()


def test_what_comes_while_the_store_is_away_is_applied_once_and_in_order(cms, instep, begun):
    (_, store), before = begun, instep.settled()
    webs = instep.pids()["web"]
    store.send_signal(signal.SIGSTOP)
    load = Load(instep, [event(100 + n, n % ITEMS, n) for n in range(100)], rate=100)
    eventually(lambda: len(load.acks) > 40)
    os.kill(min(webs), signal.SIGKILL)
    load.join()
    status, page = readiness(instep)
    assert (status, page["status"]) == (200, "degraded")
    assert "store away" in {each["name"] for each in page["reasons"]}
    code, _, complaint = instep.command("status")
    assert code == 1
    assert " deliveries, " in complaint
    store.send_signal(signal.SIGCONT)
    woken = time.monotonic()
    eventually(lambda: readiness(instep)[1]["status"] == "ready", within=30.0)
    say(f"drained after {time.monotonic() - woken:.1f} s; {load.others}")
    found = instep.settled()
    last = {n % ITEMS: n for n in range(100)}
    assert wrong(cms, {item_id(i): {"stock": n} for i, n in last.items()}) == {}
    assert found["spool"] == {"deliveries": 0, "bytes": 0}
    # Whoever heard nothing from the killed process has sent again.
    new, old = (
        each["sources"]["erp"]["deliveries"] - each["sources"]["erp"]["duplicates"]
        for each in (found, before)
    )
    assert new - old == 100
    assert found["fields"]["accepted"] - before["fields"]["accepted"] == 2 * 100


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def alive(line):
    with contextlib.suppress(OSError):
        return line.ask(request("/healthz", b"", {}, method="GET")) == 200
    return False
