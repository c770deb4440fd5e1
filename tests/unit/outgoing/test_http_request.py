"""One request to an address of the operator's: whole, in time, and without its secrets in words."""

import socket
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from tests.support.http_server import Server, respond
from workers.errors import OutgoingError
from workers.outgoing.http_request import LARGEST, Address, request
from workers.outgoing.message_signature import signed_headers

SECRET = "c2VjcmV0IG9mIHRoZSBzaW5rLCBsb25nIGVub3VnaA=="


def test_a_post_is_sent_whole_and_its_answer_returned():
    with Server(respond(200, b"ok\n")) as server:
        address = Address(f"{server.url}/services/x?token=1")
        reply = request("POST", address, body=b"{}", headers={"X-One": "1"})
    (got,) = server.requests
    assert (got.method, got.target, got.body) == ("POST", "/services/x?token=1", b"{}")
    assert (got.headers["x-one"], got.headers["user-agent"]) == ("1", "instep")
    assert (reply.status, reply.text, reply.is_success, str(reply)) == (200, "ok", True, "200: ok")


def test_a_redirect_is_not_followed():
    with Server(respond(302, b"", "Location: http://127.0.0.1:1/")) as server:
        reply = request("GET", Address(server.url))
    assert len(server.requests) == 1
    assert not reply.is_success
    assert str(reply) == "302 (a redirect, which is not followed)"


@pytest.mark.parametrize(("given", "seconds"), [("30", 30.0), ("soon", None), ("²", None)])
def test_a_retry_after_in_seconds_is_read(given, seconds):
    with Server(respond(429, b"", f"Retry-After: {given}")) as server:
        assert request("POST", Address(server.url), body=b"").retry_after == seconds


def test_only_the_beginning_of_an_answer_is_read():
    with Server(respond(200, b"x" * 20 * LARGEST)) as server:
        assert request("GET", Address(server.url)).text == "x" * 200


def test_nothing_of_a_netrc_is_sent(tmp_path, monkeypatch):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password mine")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with Server(respond(200, b"")) as server:
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")  # for https alone
        request("GET", Address(server.url))
    assert "authorization" not in server.requests[0].headers


def test_no_answer_in_time_names_the_host_alone():
    with Server(lambda _: server.over.wait(5)) as server:
        address = Address(f"{server.url}/services/s3cr3tpath")
        with pytest.raises(OutgoingError) as caught:
            request("POST", address, body=b"", seconds=0.2)
    assert str(caught.value) == f"POST {server.url}/***: no whole answer within 0.2 s"


def test_a_body_that_does_not_end_in_time_is_no_answer():
    def unending(connection):
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\nok")
        server.over.wait(5)

    late = pytest.raises(OutgoingError, match=r"no whole answer within 0\.2 s")
    with Server(unending, reads=False) as server, late:
        request("GET", Address(server.url), seconds=0.2)


def test_a_closed_port_is_told_without_the_path():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(OutgoingError, match="refused") as caught:
        request("GET", Address(f"http://127.0.0.1:{port}/s3cr3tpath"))
    assert "s3cr3t" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_an_answer_that_repeats_the_address_is_masked():
    with Server(respond(404, b"no such hook: /services/s3cr3tpath, my-own-secret")) as server:
        address = Address(f"{server.url}/services/s3cr3tpath")
        reply = request("POST", address, body=b"", secret="my-own-secret")
    assert str(reply) == "404: no such hook: ***, ***"


def test_an_address_shows_no_path():
    assert repr(Address("https://x.example/s3cr3t")) == "Address()"
    assert str(Address("https://x.example/s3cr3t?a=b")) == "https://x.example/***"
    assert str(Address("https://x.example/")) == "https://x.example"


def test_a_signature_is_that_of_standard_webhooks():
    hook, now = Webhook(SECRET), datetime.now(UTC)
    headers = signed_headers(hook._whsecret, "alert_1", b'{"a": 1}', now=now)
    assert hook.verify('{"a": 1}', dict(headers)) == {"a": 1}


def test_a_user_and_a_password_in_an_address_are_not_shown():
    assert str(Address("https://user:s3cr3t@shop.example/x")) == "https://shop.example/***"
