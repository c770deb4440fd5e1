"""Square's catalogue objects, named by stock counts."""

import time

import pytest
from http_server import respond
from systems import COUNT, GOOD, TOKEN, answered, asked, fetcher, system

from service.fetchers.base import Fetched, Notice
from service.mapping.paths import compile_path
from workers.errors import FetchRefused, FetchUnavailable

KIND = "square-object"
ONE, OTHER = ({"object": {"type": "ITEM_VARIATION", "id": name}} for name in ("A", "B"))


def test_the_object_is_what_stands_under_object():
    with system(GOOD[KIND]) as server:
        found = fetcher(KIND, server.url)(Notice("K7PX2NQ4VARLW", {}))
    assert found == Fetched((GOOD[KIND]["object"],))
    path = "/v2/catalog/object/K7PX2NQ4VARLW"
    assert asked(server) == [("GET", path, {"include_related_objects": "false"})]
    assert server.requests[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_the_version_is_sent_where_one_is_set():
    with system(GOOD[KIND]) as server:
        fetcher(KIND, server.url, version="2026-09-16")(Notice("A", {}))
        fetcher(KIND, server.url)(Notice("A", {}))
    sent = [request.headers.get("square-version") for request in server.requests]
    assert sent == ["2026-09-16", None]


def test_every_object_that_was_counted_is_read_once():
    with system(ONE, OTHER) as server:
        found = fetcher(KIND, server.url)(Notice("A,A,B", {}))
    assert [each["id"] for each in found.payloads] == ["A", "B"]
    assert [path for _, path, _ in asked(server)] == [
        "/v2/catalog/object/A",
        "/v2/catalog/object/B",
    ]


def test_the_name_of_what_was_counted_does_not_depend_on_its_order():
    path = compile_path(fetcher(KIND).object)
    counts = [COUNT | {"catalog_object_id": name} for name in ("B", "A", "B")]
    notices = [{"data": {"object": {"inventory_counts": each}}} for each in (counts, counts[::-1])]
    assert [path.evaluate(each) for each in notices] == ["A,B,B"] * 2


def test_a_notice_that_counts_nothing_names_nothing():
    path = compile_path(fetcher(KIND).object)
    for held in ({}, {"inventory_counts": []}, {"catalog_version": {"updated_at": "x"}}):
        assert not path.evaluate({"data": {"id": "8f0e", "object": held}})


def test_one_object_that_is_refused_refuses_the_fetch():
    missing = answered({"errors": [{"code": "NOT_FOUND", "detail": "no object"}]}, 404)
    with system(ONE, missing) as server, pytest.raises(FetchRefused, match="NOT_FOUND: no object"):
        fetcher(KIND, server.url)(Notice("A,B", {}))


def test_all_objects_together_have_the_time_of_one():
    with system(ONE) as server:
        with pytest.raises(FetchUnavailable, match=r"the objects before it took 0\.04 s"):
            fetcher(KIND, server.url, seconds=0.04)(Notice("A", {}))
        begun = time.monotonic()
        with pytest.raises(FetchUnavailable):
            fetcher(KIND, server.url, seconds=0.3)(Notice(",".join(map(str, range(5_000))), {}))
        assert time.monotonic() - begun < 6


@pytest.mark.parametrize("text", ["", "A,", "../x", "A,..", "a/b"])
def test_what_is_no_id_is_refused(text):
    with system(respond(200, b'{"object": {}}')) as server, pytest.raises(FetchRefused):
        fetcher(KIND, server.url)(Notice(text, {}))
    assert len(server.requests) <= 1
