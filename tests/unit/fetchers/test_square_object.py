"""Square's catalogue objects, named by stock counts."""

import pytest

from service.fetchers.base import Notice
from service.mapping.paths import compile_path
from tests.support.fetched_systems import COUNT, GOOD, TOKEN, asked, fetcher, system
from tests.support.http_server import respond
from workers.errors import FetchRefused

KIND = "square-object"


def test_the_object_is_what_stands_under_object():
    with system(GOOD[KIND]) as server:
        found = fetcher(KIND, server.url)(Notice("K7PX2NQ4VARLW", {}))
    assert found == GOOD[KIND]["object"]
    path = "/v2/catalog/object/K7PX2NQ4VARLW"
    assert asked(server) == [("GET", path, {"include_related_objects": "false"})]
    assert server.requests[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_the_version_is_sent_where_one_is_set():
    with system(GOOD[KIND]) as server:
        fetcher(KIND, server.url, version="2026-09-16")(Notice("A", {}))
        fetcher(KIND, server.url)(Notice("A", {}))
    sent = [request.headers.get("square-version") for request in server.requests]
    assert sent == ["2026-09-16", None]


def test_every_object_that_was_counted_is_named():
    path = compile_path(fetcher(KIND).object)
    counts = [COUNT | {"catalog_object_id": name} for name in ("B", "A", "B")]
    notice = {"data": {"object": {"inventory_counts": counts}}}
    assert path.evaluate(notice) == ["B", "A", "B"]


def test_a_notice_that_counts_nothing_names_nothing():
    path = compile_path(fetcher(KIND).object)
    for held in ({}, {"inventory_counts": []}, {"catalog_version": {"updated_at": "x"}}):
        assert not path.evaluate({"data": {"id": "8f0e", "object": held}})


@pytest.mark.parametrize("text", ["", "..", "../x", "a/b"])
def test_what_is_no_id_is_refused(text):
    with system(respond(200, b'{"object": {}}')) as server, pytest.raises(FetchRefused):
        fetcher(KIND, server.url)(Notice(text, {}))
    assert len(server.requests) <= 1
