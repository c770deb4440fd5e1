"""Requests that take items away, as each API wants them."""

import json

import pytest

from tests.support.http_server import Server, respond
from workers.config.settings import Destination
from workers.webflow.client import Client


def asked(api, items, *, live, answer):
    destination = Destination("site", api, "token", base_url=answer.url)
    with Client(destination) as cms:
        got = cms.withdraw("c1", items, live=live)
    (request,) = answer.requests
    return request, got


@pytest.mark.parametrize(
    ("api", "live", "status", "target", "body"),
    [
        ("v1", True, 200, "/collections/c1/items/i1?live=true", None),
        ("v1", False, 200, "/collections/c1/items/i1", None),
        ("v2", True, 204, "/v2/collections/c1/items/live", {"items": [{"id": "i1"}]}),
        ("v2", False, 204, "/v2/collections/c1/items", {"items": [{"id": "i1"}]}),
    ],
)
def test_items_are_taken_away_as_each_api_wants_it(api, live, status, target, body):
    with Server(respond(status, b'{"deleted": 1}' if status == 200 else b"")) as server:
        request, answer = asked(api, ["i1"], live=live, answer=server)
    assert (request.method, request.target) == ("DELETE", target)
    assert (json.loads(request.body) if request.body else None) == body
    assert answer.status == status


@pytest.mark.parametrize(("api", "count"), [("v1", 0), ("v1", 2), ("v2", 0), ("v2", 101)])
def test_what_does_not_fit_into_one_request_is_a_mistake(api, count):
    with Server(respond(204, b"")) as server:
        with pytest.raises(ValueError, match="do not fit in one request"):
            asked(api, ["i"] * count, live=False, answer=server)
        assert server.requests == []
