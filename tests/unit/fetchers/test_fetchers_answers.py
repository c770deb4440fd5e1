"""What every kind makes of every answer that a system may give, or not give."""

import re
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from service.fetchers import requests_once
from service.fetchers.api_client import part
from tests.support.fetched_systems import (
    GOOD,
    NOTICES,
    TOKEN,
    answered,
    every_kind,
    fetcher,
    system,
)
from tests.support.http_server import Server, respond
from workers.errors import FetchRefused, FetchUnavailable

SECONDS = 0.5
# Which of them it is depends on how long a busy machine takes to connect.
TIME_IS_UP = r"no whole answer within|no connection within|no time is left|too late to send"
SLACK = 6.0  # s that a busy machine may add; each server here would hold on for longer

kinds = pytest.mark.parametrize("kind", every_kind())


def failure(kind, answer, error, seconds=5):
    """Return the error of a fetch that was answered *answer*."""
    with system(answer) as server, pytest.raises(error) as caught:
        fetcher(kind, server.url, seconds=seconds)(NOTICES[kind])
    assert TOKEN not in str(caught.value)
    return caught.value


@kinds
@pytest.mark.parametrize("status", [401, 403, 408, 429, 500, 502, 503, 504, 301, 302, 307])
def test_what_everybody_would_be_answered_holds_nothing_against_the_object(kind, status):
    error = failure(kind, respond(status, b"{}"), FetchUnavailable)
    assert f": {status}" in str(error)


@kinds
@pytest.mark.parametrize("status", [400, 404, 405, 409, 410, 422, 204, 202])
def test_what_concerns_the_object_is_refused(kind, status):
    error = failure(kind, respond(status, b""), FetchRefused)
    assert f": {status}" in str(error)


@kinds
@pytest.mark.parametrize("body", [b"<html>Hello</html>", b"", b"{", b"\xff"])
def test_a_success_that_is_not_json_is_refused_with_what_was_found(kind, body):
    error = failure(kind, respond(200, body), FetchRefused)
    assert ": 200, but the body is not" in str(error)
    assert body.decode("utf-8", "replace")[:6] in str(error)


# Of one kind each object says something: that nothing changed.
SHAPES = [[], 7, None, "text", {"data": [], "objects": {}}]


@pytest.mark.parametrize(
    ("kind", "document"),
    [(kind, document) for kind in every_kind() for document in SHAPES]
    + [(kind, {}) for kind in every_kind() if kind != "square-changes"],
)
def test_a_success_of_another_shape_is_refused_with_what_is_wrong(kind, document):
    error = failure(kind, answered(document), FetchRefused)
    assert str(error).endswith((" is missing", " is not an object", " is not a list"))


@kinds
def test_the_message_names_method_path_and_the_words_of_the_system(kind):
    said = {"error": {"type": "NOT_FOUND", "message": "No such thing"}}
    error = failure(kind, answered(said, 404), FetchRefused)
    method = "POST" if kind == "square-changes" else "GET"
    assert str(error).startswith(f"{method} /")
    assert str(error).endswith(": 404, NOT_FOUND: No such thing")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"error": {"code": "resource_missing", "message": "No such product"}}, "resource_missing"),
        ({"error": "NOT_FOUND"}, "NOT_FOUND"),
        ({"errors": [{"category": "C", "code": "NOT_FOUND", "detail": "gone"}]}, "NOT_FOUND: gone"),
        ({"status": 404, "title": "Not there", "errors": {}}, "Not there"),
        ([{"status": 404, "message": "Not there"}], "Not there"),
        ({"errors": [], "error": None}, ""),
        ([], ""),
    ],
)
def test_the_words_are_found_wherever_a_system_puts_them(said, words):
    error = failure("square-object", answered(said, 404), FetchRefused)
    assert words in str(error)


def test_a_system_that_repeats_the_token_does_not_get_it_into_a_message():
    for padding in ("", "x" * 290):
        said = {"error": {"message": f"{padding}{TOKEN} is not valid"}}
        error = failure("stripe-object", answered(said, 401), FetchUnavailable)
        assert TOKEN[:6] not in str(error)
    assert TOKEN not in str(failure("stripe-object", respond(200, TOKEN.encode()), FetchRefused))


def test_a_system_that_answers_with_the_token_instead_of_http_does_not_get_it_in_either():
    error = failure("stripe-object", f"{TOKEN} is not valid\r\n\r\n".encode(), FetchUnavailable)
    assert "*** is not valid" in str(error)


def test_a_long_answer_is_cut():
    error = failure("stripe-object", respond(404, b"very  long\n" * 10_000), FetchRefused)
    assert len(str(error)) < 400
    assert "very long very long" in str(error)


@kinds
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_read_in_seconds(kind, status):
    error = failure(kind, respond(status, b"", "Retry-After: 17"), FetchUnavailable)
    assert error.retry_after == 17


@kinds
def test_retry_after_is_read_as_a_date(kind):
    moment = datetime.now(UTC) + timedelta(hours=1)
    header = f"Retry-After: {format_datetime(moment, usegmt=True)}"
    error = failure(kind, respond(503, b"", header), FetchUnavailable)
    assert 3_500 < error.retry_after <= 3_600


def test_a_time_that_is_over_is_now():
    header = "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT"
    assert failure("stripe-object", respond(503, b"", header), FetchUnavailable).retry_after == 0


@pytest.mark.parametrize("text", ["soon", "-1", "1e9", "1.5", "٣", "", "9" * 12])
def test_a_retry_after_that_says_nothing_is_none(text):
    header = f"Retry-After: {text}".encode().decode("latin-1")
    error = failure("stripe-object", respond(503, b"", header), FetchUnavailable)
    assert error.retry_after is None


def test_bigcommerce_tells_its_wait_in_milliseconds():
    header = "X-Rate-Limit-Time-Reset-Ms: 15000"
    limited = failure("bigcommerce-product", respond(429, b"", header), FetchUnavailable)
    assert limited.retry_after == 15
    broken = failure("bigcommerce-product", respond(500, b"", header), FetchUnavailable)
    assert broken.retry_after is None  # it stands in every answer


def test_airtable_wants_half_a_minute_and_does_not_say_so():
    assert failure("airtable-payloads", respond(429, b""), FetchUnavailable).retry_after == 30
    assert failure("airtable-payloads", respond(500, b""), FetchUnavailable).retry_after is None


@kinds
def test_a_redirect_is_not_followed_and_its_query_is_not_told(kind):
    with system(GOOD[kind]) as other:
        header = f"Location: {other.url}/else?sig=s3cret"
        error = failure(kind, respond(302, b"", header), FetchUnavailable)
    assert other.requests == []
    assert "a redirect to 127.0.0.1" in str(error)
    assert "s3cret" not in str(error)


def in_time(kind, answer, error=FetchUnavailable):
    before = set(threading.enumerate())
    begun = time.monotonic()
    with Server() as server:
        server.answer = answer(server)
        with pytest.raises(error) as caught:
            fetcher(kind, server.url, seconds=SECONDS)(NOTICES[kind])
        assert time.monotonic() - begun < SECONDS + SLACK
        timers = {each for each in threading.enumerate() if isinstance(each, threading.Timer)}
        assert not timers - before
    return str(caught.value)


def drip(text):
    def behave(connection):
        connection.sendall(text)
        while True:
            connection.sendall(b" ")
            time.sleep(0.03)

    return lambda _: behave


@kinds
def test_a_system_that_never_answers_is_left_in_time(kind):
    told = in_time(kind, lambda server: lambda _: server.over.wait(10))
    assert re.search(TIME_IS_UP, told)


@kinds
@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{", b"HTTP/1.1 200 OK\r\n\r\n{}"]
)
def test_a_system_that_drips_its_answer_is_left_in_time(kind, head):
    assert re.search(TIME_IS_UP, in_time(kind, drip(head)))


@kinds
def test_an_answer_that_is_cut_is_none(kind):
    whole = answered(GOOD[kind])
    assert failure(kind, whole[:-3] + b"\r\n", FetchUnavailable)


@kinds
def test_a_system_that_is_not_there_is_unavailable(kind):
    with system(b"") as server:
        url = server.url
    with pytest.raises(FetchUnavailable):
        fetcher(kind, url)(NOTICES[kind])


@kinds
def test_an_answer_that_is_too_long_is_refused(kind, monkeypatch):
    monkeypatch.setattr(requests_once, "LARGEST", 1_000)
    error = failure(kind, answered(GOOD[kind] | {"more": "x" * 1_000}), FetchRefused)
    assert "longer than 1000 bytes" in str(error)


@kinds
def test_proxies_and_netrc_of_the_environment_do_not_count(kind, monkeypatch, tmp_path):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login other password one")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with system(GOOD[kind]) as server:
        fetcher(kind, server.url)(NOTICES[kind])
    headers = server.requests[0].headers
    assert TOKEN in headers.get("authorization", "") + headers.get("x-auth-token", "")
    assert "Basic" not in headers.get("authorization", "")
    assert headers["accept"] == "application/json"


@pytest.mark.parametrize(
    "text", ["", ".", "..", "...", "a/b", "../x", "a\\b", "%2e%2e", "a\nb", "a" * 256]
)
def test_what_would_leave_its_place_in_a_path_is_refused(text):
    with pytest.raises(FetchRefused, match="expected an id"):
        part(text)


@pytest.mark.parametrize(
    ("text", "quoted"), [("prod_1", "prod_1"), ("a b?c#d", "a%20b%3Fc%23d"), ("é", "%C3%A9")]
)
def test_other_ids_are_quoted(text, quoted):
    assert part(text) == quoted
