"""Requests of a pull: paced, tried again, redirected on one host, with credentials that stay."""

import base64
import json

import pytest

from service.pulls.requester import LONGEST_WAIT, Requester
from tests.support.http_server import Server, respond
from workers.config.pull import Pull
from workers.errors import PullFailed

OK = (200, b"[]")


class Clock:
    """A clock that sleeping moves."""

    def __init__(self):
        self.time, self.slept = 100.0, []

    def now(self):
        return self.time

    def sleep(self, seconds):
        self.slept.append(round(seconds, 3))
        self.time += seconds


@pytest.fixture
def asked():
    """Ask a server that gives *answers* in order: (status, body, headers…), or bytes."""
    servers = []

    def _asked(*answers, headers=None, **options):
        left = list(answers)

        def answer(connection):
            found = left.pop(0)
            connection.sendall(found if isinstance(found, bytes) else respond(*found))

        server = Server(answer)
        servers.append(server)
        server.__enter__()
        clock = Clock()
        options = {name: _at(server, value) for name, value in options.items()}
        options = {"url": f"{server.url}/products?key=query-secret"} | options
        pull = Pull("feed", **{"requests_per_minute": 60} | options)
        requester = Requester(pull, sleep=clock.sleep, now=clock.now, spread=lambda: 0.5)
        requester.clock, requester.server = clock, server
        requester.ask = lambda: requester.get(pull.url, None, headers)
        return requester

    yield _asked
    for server in servers:
        server.__exit__()


def _at(server, value):
    return value.replace("SERVER", server.url) if isinstance(value, str) else value


def test_requests_are_spaced_evenly(asked):
    requester = asked(OK, OK, OK)
    for _ in range(3):
        requester.ask()
    assert requester.clock.slept == [1.0, 1.0]
    assert requester.calls == 3


def test_what_may_go_by_is_tried_again(asked):
    requester = asked((500, b""), (502, b""), b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[", OK)
    assert requester.ask().body == b"[]"
    assert requester.calls == 4
    assert sum(requester.clock.slept) >= 0.5 + 1.0 + 2.0


def test_a_source_that_stays_away_is_given_up(asked):
    requester = asked(*[(500, b"on fire")] * 5)
    with pytest.raises(PullFailed, match="answers 500: on fire"):
        requester.ask()
    assert requester.calls == 5


def test_no_answer_at_all_is_told_without_the_address(asked):
    requester = asked(*[b""] * 5)
    with pytest.raises(PullFailed) as refused:
        requester.ask()
    assert "query-secret" not in str(refused.value)
    assert "http://127.0.0.1" in str(refused.value)


@pytest.mark.parametrize("status", [429, 503])
def test_a_wait_that_is_asked_for_is_kept(asked, status):
    requester = asked((status, b"", "Retry-After: 17"), OK)
    requester.ask()
    assert 17.0 in requester.clock.slept


def test_a_long_wait_ends_the_run_and_is_handed_on(asked):
    requester = asked((429, b"", f"Retry-After: {LONGEST_WAIT + 1:.0f}"))
    with pytest.raises(PullFailed) as refused:
        requester.ask()
    assert refused.value.retry_after == LONGEST_WAIT + 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 304])
def test_what_will_not_go_by_ends_the_run_at_once(asked, status):
    requester = asked((status, b"query-secret is wrong"))
    with pytest.raises(PullFailed) as refused:
        requester.ask()
    assert str(status) in str(refused.value)
    assert "query-secret" not in str(refused.value)
    assert requester.calls == 1


def test_304_is_an_answer_where_it_was_asked_for(asked):
    requester = asked((304, b""), headers={"If-None-Match": '"a"'})
    assert requester.ask().status == 304
    assert requester.server.requests[0].headers["if-none-match"] == '"a"'


def test_a_redirect_on_the_same_host_is_followed(asked):
    requester = asked((302, b"", "Location: /new"), OK)
    assert requester.ask().status == 200
    assert [each.target for each in requester.server.requests] == [
        "/products?key=query-secret",
        "/new",
    ]


@pytest.mark.parametrize(
    ("location", "options", "told"),
    [
        ("Location: http://other.example/x", {}, "a redirect to other.example"),
        ("X: y", {}, "a redirect"),
        ("Location: http://127.0.0.1:99999/", {}, "a redirect to 127.0.0.1"),
        ("Location: /x", {"method": "POST", "body": "{}"}, "turn POST into GET"),
    ],
)
def test_another_redirect_is_not(asked, location, options, told):
    requester = asked((302, b"", location), **options)
    with pytest.raises(PullFailed, match=told):
        requester.ask()


def test_redirects_in_circles_end(asked):
    requester = asked(*[(302, b"", "Location: /again")] * 9)
    with pytest.raises(PullFailed, match="302"):
        requester.ask()
    assert requester.calls <= 9


def test_a_host_may_go_over_to_tls_and_nothing_else():
    requester = Requester(Pull("feed", "http://shop.example/a"))
    assert requester.same_host("https://shop.example/b")
    assert requester.same_host("http://shop.example:80/b")
    assert not requester.same_host("http://shop.example:8080/b")
    assert not Requester(Pull("feed", "https://shop.example")).same_host("http://shop.example")


def test_credentials_of_each_kind(asked):
    bearer = asked(OK, auth="bearer", token="t0ken")
    basic = asked(OK, auth="basic", token="me:pass")
    header = asked(OK, method="GET")
    for requester in (bearer, basic, header):
        requester.ask()
    sent = [each.server.requests[0].headers.get("authorization") for each in (bearer, basic)]
    assert sent == ["Bearer t0ken", f"Basic {base64.b64encode(b'me:pass').decode()}"]


OAUTH = {
    "auth": "client-credentials",
    "token_url": "SERVER/token",
    "client_id": "me",
    "client_secret": "client-secret",
    "scope": "read",
}


def token(text):
    return 200, json.dumps({"access_token": text}).encode()


def test_a_token_is_asked_for_once_and_once_more_when_it_is_refused(asked):
    requester = asked(token("one"), OK, OK, (401, b""), token("two"), OK, **OAUTH)
    for _ in range(3):
        requester.ask()
    sent = requester.server.requests
    assert [each.target[:6] for each in sent].count("/token") == 2
    assert sent[0].body == b"grant_type=client_credentials&scope=read"
    assert sent[0].headers["authorization"].startswith("Basic ")
    assert [each.headers["authorization"] for each in sent[-3::2]] == ["Bearer one", "Bearer two"]
    assert requester.calls == 4


def test_a_token_that_stays_refused_ends_the_run(asked):
    requester = asked(token("one"), (401, b""), token("two"), (401, b"two is wrong"), **OAUTH)
    with pytest.raises(PullFailed, match="401"):
        requester.ask()


@pytest.mark.parametrize("body", [b"{}", b"<html>", b'{"access_token": "a b"}', b"[]"])
def test_an_answer_without_a_token_is_told(asked, body):
    with pytest.raises(PullFailed, match="no access_token"):
        asked((200, body), **OAUTH).ask()


def test_a_token_address_that_refuses_is_told_without_the_secret(asked):
    with pytest.raises(PullFailed) as refused:
        asked((400, b"client-secret is wrong"), **OAUTH).ask()
    assert "client-secret" not in str(refused.value)


def test_a_source_that_stalls_is_asked_again(asked, monkeypatch):
    monkeypatch.setattr("service.pulls.requester.SECONDS", 0.2)
    stalled = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n["
    requester = asked(stalled, OK)
    plain, requester.server.answer = requester.server.answer, None

    def answer(connection):
        plain(connection)
        if len(requester.server.requests) == 1:
            requester.server.over.wait(2)

    requester.server.answer = answer
    assert requester.ask().body == b"[]"
    assert requester.calls == 2


def test_an_answer_that_is_too_long_is_not_asked_for_again(asked, monkeypatch):
    monkeypatch.setattr("service.pulls.requester.LARGEST", 1000)
    requester = asked((200, b"x" * 1001), OK)
    with pytest.raises(PullFailed, match="longer than 1000 bytes"):
        requester.ask()
    assert requester.calls == 1
