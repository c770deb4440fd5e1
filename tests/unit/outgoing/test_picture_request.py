"""Pictures are looked at by their first bytes; nobody of the own network is asked."""

import socket
import time

import pytest

from tests.support.http_server import Server, respond
from workers.outgoing.picture_request import REDIRECTS, picture_refusal

PDF = respond(200, b"%PDF-1.7 and more")


def look(url, **options):
    return picture_refusal(url, **{"seconds": 2.0, "public": False} | options)


def test_the_first_bytes_are_asked_for():
    with Server(PDF) as server:
        assert look(f"{server.url}/a.png?b=1").startswith("found a PDF")
        (request,) = server.requests
        assert (request.method, request.target) == ("GET", "/a.png?b=1")
        headers = {name.lower(): value for name, value in request.headers.items()}
        assert headers["range"] == "bytes=0-65535"
        assert "cookie" not in headers
        assert "authorization" not in headers


def test_a_long_body_is_not_read():
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n"
    with Server(head + b"\x89PNG" + bytes(2000)) as server:
        began = time.monotonic()
        assert look(server.url).startswith("found 99,999,999 bytes")
        assert time.monotonic() - began < 1.5


def test_a_redirect_is_followed():
    with Server(PDF) as server, Server(respond(302, b"", f"Location: {server.url}/x")) as first:
        assert look(first.url).startswith("found a PDF")


def test_a_circle_ends():
    with Server(respond(302, b"", "Location: /again")) as server:
        assert look(server.url) is None
        assert len(server.requests) == REDIRECTS + 1


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://a.example/", "http://["])
def test_another_scheme_is_not_followed(target):
    with Server(respond(302, b"", f"Location: {target}")) as server:
        assert look(server.url) is None
        assert len(server.requests) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"])
def test_the_own_network_is_never_asked(host):
    with Server(PDF) as server:
        port = server.url.rpartition(":")[2]
        assert look(f"http://{host}:{port}/", public=True) is None
        assert server.connections == 0


def test_a_name_of_the_own_network_is_never_asked(monkeypatch):
    """The addresses that are looked at are those that are connected to: asked for once."""
    asked = []

    def resolve(host, port, *_):
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port))]

    with Server(PDF) as server:
        monkeypatch.setattr("workers.transport.deadline.socket.getaddrinfo", resolve)
        assert (
            look(f"http://pictures.example:{server.url.rpartition(':')[2]}/", public=True) is None
        )
        assert asked == ["pictures.example"]
        assert server.connections == 0


def test_who_does_not_answer_in_time_tells_nothing():
    with Server(lambda _: server.over.wait(5)) as server:
        began = time.monotonic()
        assert look(server.url, seconds=0.2) is None
        assert time.monotonic() - began < 2
