"""The requests that leave, and the answers that come back, over real HTTP."""

import json
import logging
import math

import pytest
import requests

from tests.support.http_server import Server, respond
from workers.config.settings import Destination
from workers.errors import DestinationError
from workers.fields.types import parse
from workers.webflow.client import Client

TOKEN = "token-that-nobody-may-see"
OK = respond(200, b'{"items": []}')


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    for name in ("https_proxy", "http_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def client(server, api="v2", token=TOKEN):
    return Client(Destination("site", api, token, base_url=server.url))


def asked(api, ask, answer=OK):
    """Return the one request that *ask* makes of a client."""
    with Server(answer) as server, client(server, api) as cms:
        ask(cms)
        (request,) = server.requests
    return request


@pytest.mark.parametrize(
    ("api", "how", "target", "body"),
    [
        ("v1", {"live": True}, "/collections/c1/items/i1?live=true",
         {"fields": {"a": 1, "_draft": True}}),
        ("v1", {"live": False}, "/collections/c1/items/i1", {"fields": {"a": 1, "_draft": True}}),
        ("v1", {"live": False, "files": True}, "/collections/c1/items/i1",
         {"fields": {"a": 1, "_draft": True}}),
        ("v2", {"live": True}, "/v2/collections/c1/items/live",
         {"items": [{"id": "i1", "isDraft": True, "fieldData": {"a": 1}}]}),
        ("v2", {"live": False}, "/v2/collections/c1/items",
         {"items": [{"id": "i1", "isDraft": True, "fieldData": {"a": 1}}]}),
        ("v2", {"live": True, "files": True},
         "/v2/collections/c1/items/live?skipInvalidFiles=false",
         {"items": [{"id": "i1", "isDraft": True, "fieldData": {"a": 1}}]}),
    ],
)  # fmt: skip
def test_a_patch_leaves_as_each_api_wants_it(api, how, target, body):
    request = asked(api, lambda cms: cms.patch("c1", {"i1": {"a": 1, "_draft": True}}, **how))
    assert (request.method, request.target, json.loads(request.body)) == ("PATCH", target, body)
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.headers["content-type"] == "application/json"
    assert request.headers.get("accept-version") == ("1.0.0" if api == "v1" else None)


def test_a_status_alone_goes_without_field_data():
    request = asked("v2", lambda cms: cms.patch("c1", {"i1": {"_archived": False}}, live=True))
    assert json.loads(request.body) == {"items": [{"id": "i1", "isArchived": False}]}


def test_a_batch_goes_in_one_request():
    items = {f"i{n}": {"a": n} for n in range(100)}
    request = asked("v2", lambda cms: cms.patch("c1", items, live=True))
    assert [entry["id"] for entry in json.loads(request.body)["items"]] == list(items)


@pytest.mark.parametrize(("api", "count"), [("v1", 0), ("v1", 2), ("v2", 0), ("v2", 101)])
def test_more_than_fits_in_a_request_is_refused_before_it_is_sent(api, count):
    with Server(OK) as server, client(server, api) as cms:
        with pytest.raises(ValueError, match=f"{count} items do not fit"):
            cms.patch("c1", {f"i{n}": {} for n in range(count)}, live=True)
        assert server.requests == []


def test_digits_and_any_text_arrive_as_they_were():
    fields = {"a": parse("0.10"), "b": 10**30, "c": "\ud800 ä \u2028"}
    request = asked("v2", lambda cms: cms.patch("c1", {"i1": fields}, live=True))
    assert b'"a":0.10,"b":1000000000000000000000000000000,' in request.body
    assert json.loads(request.body)["items"][0]["fieldData"]["c"] == "\ud800 ä \u2028"


@pytest.mark.parametrize(
    ("api", "ask", "target"),
    [
        ("v1", lambda cms: cms.get_collection("c1"), "/collections/c1"),
        ("v2", lambda cms: cms.get_collection("c1"), "/v2/collections/c1"),
        ("v1", lambda cms: cms.get_item("c1", "i1"), "/collections/c1/items/i1"),
        ("v2", lambda cms: cms.get_item("c1", "i1"), "/v2/collections/c1/items/i1"),
        ("v2", lambda cms: cms.get_item("c1", "a/../b?"), "/v2/collections/c1/items/a%2F..%2Fb%3F"),
        ("v1", lambda cms: cms.list_items("c1", offset=100, since="2025"),
         "/collections/c1/items?offset=100&limit=100"),
        ("v2", lambda cms: cms.list_items("c1"),
         "/v2/collections/c1/items?offset=0&limit=100&sortBy=createdOn&sortOrder=asc"),
        ("v2", lambda cms: cms.list_items("c1", offset=200, since="2025-01-01T00:00:00.000Z"),
         "/v2/collections/c1/items?offset=200&limit=100&sortBy=createdOn&sortOrder=asc"
         "&createdOn%5Bgte%5D=2025-01-01T00%3A00%3A00.000Z"),
        ("v2", lambda cms: cms.list_items("c1", since="2025-01-01T00:00:00.000Z", edited=True),
         "/v2/collections/c1/items?offset=0&limit=100&sortBy=createdOn&sortOrder=desc"
         "&lastUpdated%5Bgte%5D=2025-01-01T00%3A00%3A00.000Z"),
    ],
)  # fmt: skip
def test_a_get_leaves_as_each_api_wants_it(api, ask, target):
    request = asked(api, ask)
    assert (request.method, request.target, request.body) == ("GET", target, b"")


def test_one_connection_serves_several_requests():
    with Server(OK) as server, client(server) as cms:
        for _ in range(3):
            assert cms.get_collection("c1").status == 200
        assert (len(server.requests), server.connections) == (3, 1)


def test_a_connection_that_the_server_has_closed_is_opened_anew():
    closing = respond(200, b"{}", "Connection: close")
    with Server(closing) as server, client(server) as cms:
        for _ in range(3):
            assert cms.get_collection("c1").status == 200
        assert server.connections == 3


def test_status_headers_and_body_come_back():
    problem = b'{"code": "too_many_requests", "message": "Too Many Requests"}'
    answer = respond(429, problem, "Retry-After: 7", "X-RateLimit-Remaining: 0")
    with Server(answer) as server, client(server) as cms:
        found = cms.patch("c1", {"i1": {}}, live=True)
    assert (found.status, found.code, found.retry_after, found.remaining) == (
        429,
        "too_many_requests",
        7.0,
        0,
    )


@pytest.mark.parametrize("target", ["{url}/elsewhere", "http://[broken", "\xff"])
def test_a_redirect_is_an_answer_and_is_not_followed(target):
    with Server() as server, client(server) as cms:
        location = f"Location: {target.format(url=server.url)}"
        server.answer = respond(302, b"", location)
        assert cms.patch("c1", {"i1": {}}, live=True).status == 302
        assert len(server.requests) == 1


def test_a_cookie_of_the_cms_is_not_kept():
    with Server(respond(200, b"{}", "Set-Cookie: a=b; Path=/")) as server, client(server) as cms:
        for _ in range(2):
            assert cms.get_collection("c1").status == 200
        assert not any("cookie" in str(request).lower() for request in server.requests)


def test_what_instruments_requests_sees_each_call(monkeypatch):
    seen = []
    send = requests.Session.send

    def traced(self, request, **options):
        seen.append(request.method)
        return send(self, request, **options)

    monkeypatch.setattr(requests.Session, "send", traced)
    with Server(respond(200, b"{}")) as server, client(server) as cms:
        cms.get_collection("c1")
    assert seen == ["GET"]


def test_nothing_is_tried_twice():
    with Server(respond(503, b"{}", "Retry-After: 1")) as server, client(server) as cms:
        assert cms.patch("c1", {"i1": {}}, live=True).status == 503
        assert len(server.requests) == 1


@pytest.mark.parametrize("body", [b"", b"<html>maintenance</html>"])
def test_a_success_that_cannot_be_read_is_an_unknown_outcome(body):
    with Server(respond(200, body)) as server, client(server) as cms:
        with pytest.raises(DestinationError, match="not JSON") as caught:
            cms.patch("c1", {"i1": {}}, live=True)
        assert caught.value.sent


def test_an_answer_without_end_is_cut_off():
    endless = b"HTTP/1.1 200 OK\r\n\r\n" + b" " * (33 * 1024 * 1024)
    with Server(endless) as server, client(server) as cms:
        with pytest.raises(DestinationError, match="longer than") as caught:
            cms.get_collection("c1")
        assert caught.value.sent


def test_the_token_shows_nowhere(caplog):
    caplog.set_level(logging.DEBUG)
    with Server(respond(401, b"{}")) as server, client(server) as cms:
        assert cms.patch("c1", {"i1": {}}, live=True).status == 401
        said = repr(cms) + repr(vars(cms))
    with pytest.raises(DestinationError) as caught:
        cms.get_collection("c1")
    assert TOKEN not in said + str(caught.value) + repr(caught.value) + caplog.text


@pytest.mark.parametrize("token", ["a\nb", "ä", "a\x00"])
def test_a_token_that_no_header_takes_is_not_sent_and_not_shown(token):
    with Server(OK) as server, client(server, token=token) as cms:
        with pytest.raises(DestinationError, match="the token") as caught:
            cms.get_collection("c1")
        assert (caught.value.sent, token in str(caught.value)) == (False, False)
        assert server.requests == []


def test_the_environment_is_not_asked_without_a_proxy(monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    request = asked("v2", lambda cms: cms.get_collection("c1"))
    assert request.headers["authorization"] == f"Bearer {TOKEN}"


def test_a_configured_proxy_is_used_and_the_token_stays_ours(monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine cms.invalid login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with Server(OK) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        with Client(Destination("site", "v2", TOKEN, base_url="http://cms.invalid")) as cms:
            assert cms.get_collection("c1").status == 200
        (request,) = proxy.requests
    assert request.target == "http://cms.invalid/v2/collections/c1"
    assert request.headers["authorization"] == f"Bearer {TOKEN}"


def test_a_request_that_is_too_late_is_not_sent():
    with Server(OK) as server, client(server) as cms:
        assert cms.get_collection("c1", not_after=math.inf).status == 200
        with pytest.raises(DestinationError, match="too late") as caught:
            cms.get_collection("c1", not_after=0.0)  # by the connection that is still open
        assert (caught.value.sent, len(server.requests)) == (False, 1)


def test_a_request_that_is_too_late_to_connect_is_not_sent():
    with Server(OK) as server, client(server) as cms:
        with pytest.raises(DestinationError, match="no time is left") as caught:
            cms.get_collection("c1", not_after=0.0)
        assert (caught.value.sent, server.connections) == (False, 0)


@pytest.mark.parametrize(
    ("api", "how", "target", "body"),
    [
        ("v1", {"live": True}, "/collections/c1/items?live=true",
         {"fields": {"name": "a", "_draft": False}}),
        ("v1", {"live": False, "files": True}, "/collections/c1/items",
         {"fields": {"name": "a", "_draft": False}}),
        ("v2", {"live": True}, "/v2/collections/c1/items/live",
         {"items": [{"isDraft": False, "fieldData": {"name": "a"}}]}),
        ("v2", {"live": False, "files": True}, "/v2/collections/c1/items?skipInvalidFiles=false",
         {"items": [{"isDraft": False, "fieldData": {"name": "a"}}]}),
    ],
)  # fmt: skip
def test_a_new_item_leaves_as_each_api_wants_it(api, how, target, body):
    request = asked(api, lambda cms: cms.create("c1", [{"name": "a", "_draft": False}], **how))
    assert (request.method, request.target, json.loads(request.body)) == ("POST", target, body)


@pytest.mark.parametrize(("api", "count"), [("v1", 2), ("v2", 101), ("v1", 0), ("v2", 0)])
def test_more_new_items_than_fit_are_refused_before_they_are_sent(api, count):
    with Server(OK) as server, client(server, api) as cms:
        with pytest.raises(ValueError, match="do not fit"):
            cms.create("c1", [{"name": "a"}] * count, live=True)
        assert not server.requests


def test_an_item_is_asked_for_by_its_slug():
    request = asked("v2", lambda cms: cms.find_slug("c1", "oak-desk"))
    assert request.target == "/v2/collections/c1/items?slug=oak-desk&limit=100"
