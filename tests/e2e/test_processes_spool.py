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
from tests.support.real_processes import Instep, Line, Load, eventually, request, say, signed, wrong
from tests.support.standin import StandIn, item_id
from tests.support.store_server import server_binary

ITEMS = 20


@pytest.fixture
def cms():
    cms = StandIn(ITEMS)
    yield cms
    cms.close()


@pytest.fixture
def given(tmp_path):
    """A store that is given by REDIS_URL: a function that starts it, and its client."""
    path, started = tmp_path / "given.sock", []

    def start():
        command = [server_binary(), "--port", "0", "--unixsocket", str(path), "--save", ""]
        command += ["--appendonly", "yes", "--appendfsync", "always"]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=tmp_path)  # noqa: S603
        started.append(server)
        return server

    with redis.Redis(unix_socket_path=str(path)) as client:
        yield start, client
    for server in started:
        server.send_signal(signal.SIGCONT)
        server.terminate()
        server.wait(10)


@pytest.fixture
def instep(cms, given, tmp_path):  # noqa: ARG001  # it outlives what uses it
    """An installation whose store is not there yet."""
    instep = Instep(tmp_path, cms)
    instep.environ["REDIS_URL"] = f"unix://{tmp_path}/given.sock"
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


def test_what_comes_while_the_store_is_away_is_applied_once_and_in_order(cms, instep, given):
    store = given[0]()
    instep.up()
    webs = instep.pids()["web"]
    store.send_signal(signal.SIGSTOP)
    load = Load(instep, [event(n, n % ITEMS, n) for n in range(100)], rate=100)
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
    begun = time.monotonic()
    eventually(lambda: readiness(instep)[1]["status"] == "ready", within=30.0)
    say(f"drained after {time.monotonic() - begun:.1f} s; {load.others}")
    found = instep.settled()
    last = {n % ITEMS: n for n in range(100)}
    assert wrong(cms, {item_id(i): {"stock": n} for i, n in last.items()}) == {}
    assert found["spool"] == {"deliveries": 0, "bytes": 0}
    # Whoever heard nothing from the killed process has sent again.
    source = found["sources"]["erp"]
    assert source["deliveries"] - source["duplicates"] == 100
    assert found["fields"]["accepted"] == 2 * 100


def test_a_given_store_may_come_later_and_be_weakened_meanwhile(cms, instep, given):
    start, client = given
    process = instep.begin(free_port())
    line = Line(instep.address)
    eventually(lambda: alive(line))
    assert line.ask(signed(event(1, 1, 1))) == 200
    assert readiness(instep)[1]["status"] == "degraded"
    start()
    assert process.stdout.readline().startswith("ready ")
    eventually(lambda: cms.live[item_id(1)].get("stock") == 1, within=30.0)
    client.config_set("appendonly", "no")
    # What comes within half a second may still be taken as before.
    time.sleep(0.6)
    assert line.ask(signed(event(2, 2, 2))) == 200
    assert waiting(instep.folder / "data").deliveries == 1
    assert client.hget("instep:source:erp", "deliveries") == b"1"
    client.config_set("appendonly", "yes")
    eventually(lambda: cms.live[item_id(2)].get("stock") == 2, within=30.0)
    line.close()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def alive(line):
    with contextlib.suppress(OSError):
        return line.ask(request("/healthz", b"", {}, method="GET")) == 200
    return False
