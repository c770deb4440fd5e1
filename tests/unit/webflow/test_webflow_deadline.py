"""Servers that hang, drip, break off or are not there: the request ends in time all the same."""

import contextlib
import socket
import struct
import threading
import time

import pytest

from tests.support.http_server import Server, respond
from workers.config.settings import Destination
from workers.errors import DestinationError
from workers.webflow.client import Client

SECONDS = 1.0
SLACK = 6.0  # s that a busy machine may add; each server here would hold on for longer


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    for name in ("https_proxy", "http_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def failure(url, seconds=SECONDS, **more):
    """Return the error of one PATCH, which has to come in time and leave no thread behind."""
    before = set(threading.enumerate())
    begun = time.monotonic()
    with Client(Destination("site", "v2", "token", base_url=url)) as cms:
        with pytest.raises(DestinationError) as caught:
            cms.patch("c1", {"i1": {"a": 1}}, live=True, seconds=seconds, **more)
        assert time.monotonic() - begun < seconds + SLACK
        timers = [each for each in threading.enumerate() if isinstance(each, threading.Timer)]
        assert not set(timers) - before
    return caught.value


def drip(text):
    """Return a behaviour that sends *text* a byte at a time, and never ends."""

    def behave(connection):
        for byte in text:
            connection.sendall(bytes([byte]))
            time.sleep(0.03)
        while True:
            connection.sendall(b" ")
            time.sleep(0.03)

    return behave


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@pytest.mark.parametrize(
    "behave",
    [
        pytest.param(lambda server: lambda _: server.over.wait(10), id="no answer"),
        pytest.param(lambda _: drip(b"HTTP/1.1 200 OK\r\nX-Slow: "), id="header by byte"),
        pytest.param(lambda _: drip(b"HTTP/1.1 100 Continue\r\n\r\n" * 99), id="go on for ever"),
        pytest.param(lambda _: drip(respond(200, b"{}")[:-2] + b"{"), id="complete, then more"),
        pytest.param(
            lambda _: drip(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{"), id="body by byte"
        ),
        pytest.param(lambda _: drip(b"HTTP/1.1 200 OK\r\n\r\n{}"), id="body without a length"),
        pytest.param(
            lambda _: drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"),
            id="chunks",
        ),
        pytest.param(
            lambda _: drip(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 99\r\n\r\n"),
            id="body of a closing connection",
        ),
    ],
)
def test_a_server_that_takes_its_time_is_left_at_the_deadline(behave):
    with Server() as server:
        server.answer = behave(server)
        # A busy machine may take all of the time away before anything is sent: then once more.
        errors = (failure(server.url) for _ in range(5))
        error = next((error for error in errors if error.sent), None)
    assert error is not None
    assert f"no whole answer within {SECONDS:g} s" in str(error)


@pytest.mark.parametrize(
    "behave",
    [
        pytest.param(lambda connection: connection.close(), id="closed"),
        pytest.param(reset, id="reset"),
        pytest.param(lambda connection: connection.sendall(b"HTTP/1.1 200"), id="half a line"),
        pytest.param(lambda connection: connection.sendall(respond(200, b"{}")[:-1]), id="cut"),
        pytest.param(lambda connection: connection.sendall(b"SSH-2.0-OpenSSH\r\n"), id="no HTTP"),
        pytest.param(
            lambda connection: connection.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"
            ),
            id="not gzip",
        ),
        pytest.param(
            lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 9999),
            id="endless headers",
        ),
    ],
)
def test_a_broken_answer_is_an_unknown_outcome(behave):
    with Server(behave) as server:
        assert failure(server.url, seconds=5).sent


@pytest.mark.parametrize(
    "interim",
    [
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n", id="100"),
        pytest.param(b"HTTP/1.1 102 Processing\r\n\r\n", id="102"),
        pytest.param(b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n", id="103"),
        pytest.param(b"HTTP/1.1 199 Odd\r\nContent-Length: 7\r\n\r\n", id="unknown, odd header"),
        pytest.param(
            b"HTTP/1.1 100 Continue\r\n\r\n"
            b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
            b"HTTP/1.1 102 Processing\r\n\r\n" * 3,
            id="many",
        ),
    ],
)
def test_what_comes_before_the_final_answer_is_passed_over(interim):
    with Server(interim + respond(202, b'{"id": "i1"}')) as server:
        with Client(Destination("site", "v2", "token", base_url=server.url)) as cms:
            assert cms.patch("c1", {"i1": {"a": 1}}, live=True).status == 202
            server.answer = respond(404, b"{}")
            assert cms.get_collection("c1").status == 404
        assert (server.connections, len(server.requests)) == (1, 2)


def test_an_answer_that_ends_before_its_final_one_is_an_unknown_outcome():
    def begin(connection):
        connection.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        connection.close()

    with Server(begin) as server:
        assert failure(server.url, seconds=5).sent


def test_a_request_that_nobody_reads_is_left_at_the_deadline():
    with Server(reads=False) as server:
        server.answer = lambda _: server.over.wait(10)
        with Client(Destination("site", "v2", "token", base_url=server.url)) as cms:
            begun = time.monotonic()
            with pytest.raises(DestinationError, match="no whole answer") as caught:
                cms.patch("c1", {"i1": {"a": "x" * 30_000_000}}, live=True, seconds=SECONDS)
            assert time.monotonic() - begun < SECONDS + SLACK
    assert caught.value.sent


def test_a_stale_connection_that_breaks_is_an_unknown_outcome():
    with Server(respond(200, b"{}")) as server:
        with Client(Destination("site", "v2", "token", base_url=server.url)) as cms:
            assert cms.get_collection("c1").status == 200
            server.answer = lambda connection: reset(connection)
            with pytest.raises(DestinationError) as caught:
                cms.get_collection("c1")
        assert (server.connections, len(server.requests)) == (1, 2)
    assert caught.value.sent


def test_a_refused_connection_was_not_sent():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    error = failure(f"http://127.0.0.1:{port}")
    assert not error.sent
    assert "refused" in str(error)


def test_an_unknown_host_was_not_sent():
    assert not failure("http://cms.invalid", seconds=10).sent


@pytest.mark.parametrize("url", ["http://", "http://[::1", "nonsense", "http://a..b/"])
def test_an_address_that_is_none_was_not_sent(url):
    assert not failure(url, seconds=10).sent


@contextlib.contextmanager
def full_port():
    """A port whose queue of connections is full: another one gets no answer at all."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def test_a_server_that_accepts_no_connection_was_not_sent_anything():
    with full_port() as port:
        error = failure(f"http://127.0.0.1:{port}")
    assert not error.sent
    # Connecting and the whole request run out of time together: either may notice it first.
    assert f"no connection within {SECONDS:g} s" in str(error) or "timed out" in str(error)


def test_connecting_ends_before_the_deadline_of_the_whole_request():
    with full_port() as port:
        begun = time.monotonic()
        assert not failure(f"http://127.0.0.1:{port}", seconds=14).sent
        assert 2.5 < time.monotonic() - begun < 3 + SLACK


def greet_in_plain_text(connection):
    connection.recv(65_536)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def test_a_server_that_speaks_no_tls_was_not_sent_anything():
    with Server(greet_in_plain_text, reads=False) as server:
        assert not failure(server.url.replace("http:", "https:"), seconds=5).sent


def test_a_handshake_that_never_ends_was_not_sent_anything():
    with Server(reads=False) as server:
        server.answer = lambda _: server.over.wait(10)
        assert not failure(server.url.replace("http:", "https:")).sent


def test_a_proxy_that_refuses_the_tunnel_was_not_sent_the_request(monkeypatch):
    with Server(respond(403, b"")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        assert not failure("https://cms.invalid", seconds=5).sent
        assert [request.method for request in proxy.requests] == ["CONNECT"]


def test_a_proxy_that_drips_its_answer_is_left_at_the_deadline(monkeypatch):
    with Server(drip(b"HTTP/1.1 200 OK\r\nX-Slow: ")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        assert not failure("https://cms.invalid").sent


def test_after_a_timeout_the_client_goes_on():
    with Server() as server, Client(Destination("site", "v2", "t", base_url=server.url)) as cms:
        server.answer = lambda _: server.over.wait(10)
        with pytest.raises(DestinationError):
            cms.get_collection("c1", seconds=SECONDS)
        server.answer = respond(200, b"{}")
        assert cms.get_collection("c1").status == 200


def test_a_moment_to_stop_sending_does_not_shorten_the_answer():
    def slowly(connection):
        time.sleep(0.3)
        connection.sendall(respond(200, b"{}"))

    with Server(slowly) as server, Client(Destination("site", "v2", "t", server.url)) as cms:
        assert cms.get_collection("c1", not_after=time.monotonic() + 0.2).status == 200


def test_a_request_is_cancelled_from_another_thread_and_none_begins_after_it():
    with Server(drip(b"HTTP/1.1 200 OK\r\n")) as server:
        cms = Client(Destination("site", "v2", "token", base_url=server.url))
        timer = threading.Timer(0.3, cms.cancel)
        timer.start()
        with cms:
            with pytest.raises(DestinationError, match="no whole answer before Instep") as caught:
                cms.patch("c1", {"i1": {"a": 1}}, live=True, seconds=30.0)
            assert caught.value.sent
            with pytest.raises(DestinationError) as caught:
                cms.patch("c1", {"i1": {"a": 1}}, live=True, seconds=30.0)
            assert not caught.value.sent
        timer.join()
