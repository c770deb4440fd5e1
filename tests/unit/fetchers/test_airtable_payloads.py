"""Airtable's list of payloads: cursors, pages, errors in it, and a stand-in that keeps to it."""

import logging
from urllib.parse import parse_qsl, urlsplit

import pytest

from service.fetchers import airtable_payloads
from service.fetchers.base import Notice
from tests.support.fetched_systems import (
    BASE,
    PING,
    TOKEN,
    WEBHOOK,
    answered,
    asked,
    fetcher,
    system,
)
from tests.support.http_server import Server
from workers.errors import FetchRefused

KIND = "airtable-payloads"
PATH = f"/v0/bases/{BASE}/webhooks/{WEBHOOK}/payloads"


def payload(*names, table="tbl1"):
    destroyed = {"destroyedRecordIds": list(names)}
    return {
        "timestamp": "2022-02-01T21:25:05.663Z",
        "baseTransactionNumber": 4,
        "payloadFormat": "v0",
        "changedTablesById": {table: destroyed},
    }


def error(code="INVALID_HOOK"):
    return payload() | {"error": True, "code": code}


class Webhook:
    """Lists as documented; *page* payloads at once, the first *lost* are deleted already."""

    def __init__(self, *payloads, page=50, lost=0):
        self.payloads = list(payloads)
        self.page = page
        self.lost = lost
        self.server = None

    def __call__(self, connection):
        query = dict(parse_qsl(urlsplit(self.server.requests[-1].target).query))
        start = max(int(query["cursor"]) - 1, self.lost)
        end = start + min(int(query["limit"]), self.page)
        found = self.payloads[start:end]
        more = end < len(self.payloads)
        said = {"payloads": found, "cursor": start + len(found) + 1, "mightHaveMore": more}
        connection.sendall(answered(said))


@pytest.fixture
def listing():
    """Return a function that fetches from a webhook until there is no more."""

    def fetch_all(webhook, cursor=None):
        fetches = []
        with Server(webhook) as server:
            webhook.server = server
            fetch = fetcher(KIND, server.url)
            while not fetches or fetches[-1].more:
                fetches.append(fetch(Notice(WEBHOOK, PING, cursor=cursor)))
                cursor = fetches[-1].cursor
        return fetches

    return fetch_all


def names(*fetches):
    return [row["recordId"] for fetched in fetches for row in fetched.payloads]


def test_the_first_fetch_begins_at_one():
    with system({"payloads": [], "cursor": 1, "mightHaveMore": False}) as server:
        found = fetcher(KIND, server.url)(Notice(WEBHOOK, PING))
    assert asked(server) == [("GET", PATH, {"cursor": "1", "limit": "50"})]
    assert server.requests[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert (found.payloads, found.cursor, found.more) == ((), "1", False)


def test_pages_are_read_until_there_is_no_more(listing):
    webhook = Webhook(*(payload(f"rec{n}") for n in range(5)), page=2)
    fetches = listing(webhook)
    assert names(*fetches) == [f"rec{n}" for n in range(5)]
    assert [fetched.cursor for fetched in fetches] == ["3", "5", "6"]


def test_the_cursor_of_the_last_fetch_is_where_the_next_begins(listing):
    webhook = Webhook(payload("rec0"), payload("rec1"))
    [first] = listing(webhook)
    webhook.payloads.append(payload("rec2"))
    [second] = listing(webhook, first.cursor)
    assert names(second) == ["rec2"]
    assert names(*listing(webhook, second.cursor)) == []


def test_each_record_has_the_number_of_its_payload_even_where_some_were_deleted(listing):
    [found] = listing(Webhook(*(payload(f"rec{n}") for n in range(4)), lost=2))
    assert [row["payloadNumber"] for row in found.payloads] == [3, 4]


def test_more_that_brings_nothing_is_not_asked_for_again():
    with system({"payloads": [], "cursor": 7, "mightHaveMore": True}) as server:
        found = fetcher(KIND, server.url)(Notice(WEBHOOK, PING, cursor="7"))
    assert not found.more


def test_a_cursor_that_goes_back_is_refused():
    said = {"payloads": [payload("rec1")], "cursor": 5, "mightHaveMore": True}
    with system(said) as server, pytest.raises(FetchRefused, match="from cursor 9"):
        fetcher(KIND, server.url)(Notice(WEBHOOK, PING, cursor="9"))


def test_many_records_are_read_in_several_fetches(listing, monkeypatch):
    monkeypatch.setattr(airtable_payloads, "MOST", 3)
    webhook = Webhook(
        payload("a", "b"), payload("c"), payload("d"), payload(*"efghi"), payload("j")
    )
    fetches = listing(webhook)
    assert [len(fetched.payloads) for fetched in fetches] == [3, 1, 5, 1]
    assert names(*fetches) == list("abcdefghij")


def test_an_error_at_the_end_is_told_after_what_was_before_it():
    webhook = Webhook(payload("rec0"), error())
    with Server(webhook) as server:
        webhook.server = server
        fetch = fetcher(KIND, server.url)
        first = fetch(Notice(WEBHOOK, PING))
        assert names(first) == ["rec0"]
        assert first.more
        with pytest.raises(FetchRefused) as caught:
            fetch(Notice(WEBHOOK, PING, cursor=first.cursor))
    assert "payload 2 is the error INVALID_HOOK" in str(caught.value)
    assert "make a new webhook" in str(caught.value)


def test_an_error_that_others_follow_is_logged_and_holds_up_nothing(listing, caplog):
    webhook = Webhook(error("INTERNAL_ERROR"), payload("rec1"), page=1)
    with caplog.at_level(logging.WARNING):
        assert names(*listing(webhook)) == ["rec1"]
    [record] = [each for each in caplog.records if each.message == "payload is an error"]
    assert (record.payload, record.reason) == (1, "INTERNAL_ERROR")


@pytest.mark.parametrize(
    "broken",
    [
        {"payloads": [{"timestamp": 1}], "cursor": 2, "mightHaveMore": False},
        {"payloads": ["text"], "cursor": 2, "mightHaveMore": False},
        {"payloads": {}, "cursor": 1, "mightHaveMore": False},
        {"payloads": [], "cursor": "1", "mightHaveMore": False},
        {"payloads": [], "cursor": 1},
    ],
)
def test_a_list_of_another_shape_is_refused_with_what_is_wrong(broken):
    with system(broken) as server, pytest.raises(FetchRefused, match=r"is missing|is not"):
        fetcher(KIND, server.url)(Notice(WEBHOOK, PING))


@pytest.mark.parametrize(
    "ping",
    [
        {"base": {"id": "../x"}, "webhook": {"id": WEBHOOK}},
        {"base": {"id": BASE}, "webhook": {"id": ".."}},
        {"base": {"id": BASE}, "webhook": {"id": "a/b"}},
        {"base": {"id": 7}, "webhook": {"id": WEBHOOK}},
        {"webhook": {"id": WEBHOOK}},
        [],
    ],
)
def test_a_ping_chooses_no_other_address(ping):
    with system({}) as server, pytest.raises(FetchRefused, match="the notice"):
        fetcher(KIND, server.url)(Notice(WEBHOOK, ping))
    assert server.requests == []
