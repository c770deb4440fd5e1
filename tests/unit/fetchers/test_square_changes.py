"""What changed in Square's catalogue: pages, times, and a stand-in that keeps to both."""

import json

import pytest

from service.fetchers.base import Notice
from tests.support.fetched_systems import TOKEN, answered, fetcher, system
from tests.support.http_server import Server
from workers.errors import ConfigurationInvalid, FetchRefused, FetchUnavailable

KIND = "square-changes"


class Catalogue:
    """Objects with the time of their change; searches as documented, two objects a page."""

    def __init__(self):
        self.objects = {}  # id → time
        self.bodies = []
        self.known = set()  # page tokens that are still good

    def __call__(self, server):
        def answer(connection):
            body = json.loads(server.requests[-1].body)
            self.bodies.append(body)
            connection.sendall(self.search(body))

        return answer

    def search(self, body):
        token = body.get("cursor")
        if token is not None and token not in self.known:
            said = {"errors": [{"category": "INVALID_REQUEST_ERROR", "code": "INVALID_CURSOR"}]}
            return answered(said, 400)
        since = body.get("begin_time", "")
        found = sorted((at, name) for name, at in self.objects.items() if at > since)
        start = int(token or 0)
        said = {"latest_time": max(self.objects.values(), default="")}
        page = [{"type": "ITEM", "id": name, "updated_at": at} for at, name in found]
        if page[start : start + 2]:
            said["objects"] = page[start : start + 2]
        if len(page) > start + 2:
            said["cursor"] = str(start + 2)
            self.known.add(said["cursor"])
        return answered(said)


@pytest.fixture
def catalogue():
    return Catalogue()


@pytest.fixture
def fetch(catalogue):
    with Server() as server:
        server.answer = catalogue(server)
        made = fetcher(KIND, server.url)
        yield lambda cursor: made(Notice("M", {}, cursor=cursor))
        assert all(each.target == "/v2/catalog/search" for each in server.requests)
        assert all(each.headers["authorization"] == f"Bearer {TOKEN}" for each in server.requests)


def everything(fetch, cursor):
    """Return the ids that fetching until there is no more finds, and the cursor at the end."""
    found = []
    while True:
        fetched = fetch(cursor)
        found += [each["id"] for each in fetched.payloads]
        cursor = fetched.cursor
        if not fetched.more:
            return found, cursor


def test_the_first_fetch_reads_the_whole_catalogue_page_by_page(catalogue, fetch):
    catalogue.objects = {name: f"T{name}" for name in "12345"}
    found, _ = everything(fetch, None)
    assert found == list("12345")
    assert "begin_time" not in catalogue.bodies[0]
    assert len(catalogue.bodies) == 3


def test_later_ones_read_what_changed_since(catalogue, fetch):
    catalogue.objects = {name: f"T{name}" for name in "123"}
    _, cursor = everything(fetch, None)
    assert everything(fetch, cursor) == ([], cursor)
    catalogue.objects |= {"1": "T7", "9": "T8"}
    assert everything(fetch, cursor)[0] == ["1", "9"]


def test_what_changes_while_pages_are_read_is_read_next_time(catalogue, fetch):
    catalogue.objects = {name: f"T{name}" for name in "123"}
    first = fetch(None)
    assert first.more
    catalogue.objects["1"] = "T9"
    last = fetch(first.cursor)
    assert not last.more
    assert "1" in everything(fetch, last.cursor)[0]


def test_a_page_that_is_forgotten_begins_again_and_loses_nothing(catalogue, fetch):
    catalogue.objects = {name: f"T{name}" for name in "1234"}
    first = fetch(None)
    catalogue.known.clear()
    found, _ = everything(fetch, first.cursor)
    assert found == list("1234")


def test_deleted_objects_and_both_types_are_asked_for(catalogue, fetch):
    fetch(None)
    body = catalogue.bodies[0]
    assert body["include_deleted_objects"] is True
    assert body["object_types"] == ["ITEM", "ITEM_VARIATION"]


def test_other_types_may_be_asked_for():
    with system({}) as server:
        fetcher(KIND, server.url, object_types=["CATEGORY"])(Notice("M", {}))
    assert json.loads(server.requests[0].body)["object_types"] == ["CATEGORY"]


def test_no_type_at_all_is_not_asked_for():
    # Square would answer with objects of all types, of which there are new ones every year.
    with pytest.raises(ConfigurationInvalid, match=r"fetchers\.it\.object_types"):
        fetcher(KIND, object_types=[])


def test_an_answer_without_a_time_keeps_the_last_one():
    with system({"latest_time": "T1"}, {}) as server:
        fetch = fetcher(KIND, server.url)
        cursor = fetch(Notice("M", {})).cursor
        assert fetch(Notice("M", {}, cursor=cursor)).cursor == cursor


@pytest.mark.parametrize(("status", "error"), [(400, FetchRefused), (503, FetchUnavailable)])
def test_a_refusal_without_a_page_is_asked_once(status, error):
    with system(answered({}, status)) as server, pytest.raises(error):
        fetcher(KIND, server.url)(Notice("M", {}))
    assert len(server.requests) == 1
