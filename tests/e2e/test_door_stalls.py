"""Clients that stall: nobody else waits for them, and they are let go."""

import contextlib
import http.client
import os
import resource
import signal
import time
from collections import Counter

import pytest

from tests.support.raw_door import (
    PATIENCE,
    answer,
    connect,
    delivery,
    event,
    eventually,
    head,
    start,
    talk,
)
from tests.support.real_processes import say

# What each sends, how many there are of it, and how they are let go: 408, or closed without a word.
STALLS = {
    head(b"/webhooks/erp", b"Content-Length: 100") + b"x": (200, 408),
    head(b"/webhooks/form", b"Transfer-Encoding: chunked") + b"9\r\nabc": (200, 408),
    b"POST /webhooks/erp HTTP/1.1\r\nHost:": (200, 0),
    b"": (1_100, 0),
    b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n": (10, 200),  # idle after its answer
}
BYTE = next(iter(STALLS))


@pytest.fixture(scope="module", autouse=True)
def _files():
    """More connections than most systems let a process have from the start."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture(scope="module")
def instep(tmp_path_factory):
    instep, _ = start(tmp_path_factory.mktemp("door"))
    yield instep
    instep.close()


@contextlib.contextmanager
def stalled(address, *starts):
    """Hold a connection for each of *starts*, which is all that it sends."""
    with contextlib.ExitStack() as stack:
        wires = [stack.enter_context(connect(address)) for _ in starts]
        for wire, begun in zip(wires, starts, strict=True):
            wire.sendall(begun)
        yield wires


def get(address, path):
    asking = http.client.HTTPConnection(*address, timeout=PATIENCE)
    with contextlib.closing(asking):
        asking.request("GET", path)
        return asking.getresponse().status


def test_stalled_clients_keep_nobody_waiting_and_are_let_go(instep):
    starts = [begun for begun, (count, _) in STALLS.items() for _ in range(count)]
    with stalled(instep.address, *starts) as wires:
        begun = time.monotonic()
        for number in range(10):
            assert talk(instep.address, delivery(event(f"beside {number}")))[0] == 200
        assert get(instep.address, "/healthz") == get(instep.address, "/readyz") == 200
        # Less than any of them is held: nothing waited for one to be let go.
        assert time.monotonic() - begun < 9
        found = Counter((begun, answer(wire)[0]) for begun, wire in zip(starts, wires, strict=True))
    assert found == {(begun, status): count for begun, (count, status) in STALLS.items()}
    eventually(lambda: instep.status()["refusals"].get("form") == {"late": 200})


def test_ordinary_deliveries_pass_beside_two_hundred_stalled_megabytes(instep):
    large = head(b"/webhooks/erp", b"Content-Length: 1048576") + bytes(1_000_000)
    with contextlib.ExitStack() as stack:
        for _ in range(200):
            wire = stack.enter_context(connect(instep.address))
            wire.settimeout(0.2)  # where there is no room for it, nobody reads it
            with contextlib.suppress(OSError):
                wire.sendall(large)
        for number in range(10):
            body = event(f"small {number}", text="x" * 30_000)
            assert talk(instep.address, delivery(body))[0] == 200
        # A large one may hear 503 for a moment, and is sent again as any sender would.
        large = delivery(event("large", text="x" * 900_000))
        eventually(lambda: talk(instep.address, large)[0] == 200)


def test_who_is_not_proven_does_not_wait_for_a_store_that_hangs(instep):
    def refused():
        return (instep.status() or {}).get("refusals", {}).get("erp", {}).get("refused", 0)

    before = refused()
    (store,) = instep.pids()["store"]
    os.kill(store, signal.SIGSTOP)
    try:
        request = head(b"/webhooks/erp", b"Content-Length: 2") + b"{}"
        fastest = min(_seconds(instep.address, request) for _ in range(5))
    finally:
        os.kill(store, signal.SIGCONT)
    # The store is given 2 s; one of five that waits for nothing is faster on any machine.
    assert fastest < 1.5
    eventually(lambda: refused() - before == 5)


def _seconds(address, request):
    begun = time.monotonic()
    assert talk(address, request)[0] == 401
    return time.monotonic() - begun


def test_stopping_does_not_wait_for_stalled_clients(instep):
    """The last one: nothing runs after it."""
    (process,) = instep.started
    with stalled(instep.address, *[BYTE] * 50):
        begun = time.monotonic()
        process.terminate()
        assert process.wait(PATIENCE) == 0
        say(f"stopped in {time.monotonic() - begun:.1f} s")
        # 5 s, and 4 s for a busy machine; the first of them would be let go after 15 s.
        assert time.monotonic() - begun < 9
