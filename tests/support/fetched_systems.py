"""Fetchers of every kind before a server that answers as their system's documentation says."""

import json
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

from service.fetchers import KINDS, build
from service.fetchers.base import Notice
from tests.support.http_server import Server, respond
from workers.config.settings import Fetcher

TOKEN = "tok_5f0b7c"
LEAST = {"bigcommerce-product": {"store": "k4v9x2ab"}}

BASE, WEBHOOK = "appQ7vK2mZ0tLr9Xa", "achN4yW8cP1sDf6Gh"
PING = {"base": {"id": BASE}, "webhook": {"id": WEBHOOK}, "timestamp": "2026-05-12T09:29:59.871Z"}
COUNT = {"catalog_object_id": "K7PX2NQ4VARLW", "catalog_object_type": "ITEM_VARIATION"}
# A notice of each kind, the object that it names, and what the system answers.
NOTICES = {
    "airtable-payloads": Notice(WEBHOOK, PING),
    "bigcommerce-product": Notice("205", {"data": {"type": "product", "id": 205}}),
    "square-changes": Notice("ML9QW3ER7TY1U", {"type": "catalog.version.updated"}),
    "square-object": Notice(
        "K7PX2NQ4VARLW", {"data": {"object": {"inventory_counts": [COUNT, COUNT]}}}
    ),
    "stripe-object": Notice("prod_1", {"data": {"object": {"id": "prod_1", "object": "product"}}}),
}
GOOD = {
    "airtable-payloads": {"payloads": [], "cursor": 1, "mightHaveMore": False},
    "bigcommerce-product": {"data": {"id": 205, "name": "Lamp"}, "meta": {}},
    "square-changes": {"objects": [], "latest_time": "2026-05-12T09:33:09.87Z"},
    "square-object": {"object": {"type": "ITEM_VARIATION", "id": "K7PX2NQ4VARLW", "version": 1}},
    "stripe-object": {"id": "prod_1", "object": "product", "name": "Mug"},
}


def fetcher(kind, url=None, *, seconds=None, **options):
    """Return a fetcher of *kind*, configured with as little as it takes."""
    given = Fetcher("it", kind, TOKEN, url, LEAST.get(kind, {}) | options)
    made = build(given)
    return made if seconds is None else replace(made, api=replace(made.api, seconds=seconds))


@contextmanager
def system(*answers):
    """A server whose answers are *answers* in turn, the last one for ever: documents or bytes."""
    left = list(answers)

    def answer(connection):
        each = left.pop(0) if len(left) > 1 else left[0]
        whole = each if isinstance(each, bytes) else answered(each)
        connection.sendall(whole)

    with Server(answer) as server:
        yield server


def answered(document, status=200, *headers):
    """Return a whole answer that holds *document* as JSON."""
    return respond(status, json.dumps(document).encode(), *headers)


def asked(server):
    """Return method, path and query of each request that *server* had."""
    found = []
    for request in server.requests:
        parts = urlsplit(request.target)
        found.append((request.method, parts.path, dict(parse_qsl(parts.query))))
    return found


def every_kind():
    return sorted(KINDS)
