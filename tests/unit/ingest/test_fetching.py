"""What a fetcher returns and raises, and what is made of it."""

import logging
from decimal import Decimal

import pytest
import requests

from service.fetchers.base import Fetched
from service.ingest import fetch_runner
from service.ingest.fetch_runner import checked, failure
from workers.errors import FetchRefused, FetchUnavailable, PayloadInvalid
from workers.store.fetch_queue import Claim

CLAIM = Claim("token", "shop", "erp", "p1", 1, "t1", {})


def answered(status, **headers):
    answer = requests.Response()
    answer.status_code = status
    answer.headers.update({name.replace("_", "-"): text for name, text in headers.items()})
    return requests.HTTPError(f"{status} at https://shop.example/?key=s3cret", response=answer)


def meant(error, token=""):
    found = failure(error, token, CLAIM)
    return found.unavailable, found.rest


MEANINGS = [
    (FetchUnavailable("down"), True, None),
    (FetchUnavailable("busy", retry_after=7.0), True, 7.0),
    (FetchRefused("gone"), False, None),
    *((answered(status), True, None) for status in (401, 403, 500, 502, 503, 504)),
    *((answered(status), False, None) for status in (400, 404, 410, 422)),
    (answered(429), True, fetch_runner.THROTTLED),
    (answered(429, Retry_After="30"), True, 30.0),
    (answered(503, Retry_After="5"), True, 5.0),
    (answered(503, Retry_After="soon"), True, None),
    (answered(404, Retry_After="5"), False, None),
    (requests.ConnectionError("refused"), True, None),
    (requests.ReadTimeout("late"), True, None),
    (requests.exceptions.ChunkedEncodingError("cut off"), True, None),
    (ConnectionResetError(), True, None),
    (TimeoutError(), True, None),
    (requests.exceptions.InvalidURL("no address"), False, None),
    (requests.exceptions.JSONDecodeError("no JSON", "<html>", 0), False, None),
    (requests.TooManyRedirects("round and round"), False, None),
    (FileNotFoundError("x"), False, None),
    (KeyError("id"), False, None),
]


@pytest.mark.parametrize(
    ("error", "unavailable", "rest"),
    MEANINGS,
    ids=[f"{number}-{type(row[0]).__name__}" for number, row in enumerate(MEANINGS)],
)
def test_what_an_exception_says_of_the_fetcher_and_of_the_object(error, unavailable, rest):
    assert meant(error) == (unavailable, rest)


def test_the_words_of_an_answer_have_no_address_in_them():
    assert failure(answered(404), "", CLAIM).reason == "the answer 404"
    assert failure(requests.ConnectionError("https://x/?key=s"), "", CLAIM).reason == (
        "no answer: ConnectionError"
    )


def test_the_token_of_a_fetcher_is_in_no_log(caplog):
    failure(KeyError("s3cret"), "s3cret", CLAIM)
    failure(KeyError("other"), "s3cret", CLAIM)
    assert "s3cret" not in caplog.text
    assert "KeyError: 'other'" in caplog.text


def test_the_token_of_a_fetcher_is_in_no_reason():
    assert failure(FetchRefused("no such token s3cret"), "s3cret", CLAIM).reason == (
        "no such token ***"
    )


def test_a_reason_is_short():
    assert len(failure(ValueError("x" * 5000), "", CLAIM).reason) < 400


def test_a_mistake_in_a_fetcher_is_logged_with_its_place(caplog):
    try:
        raise KeyError("id")
    except KeyError as error:
        failure(error, "", CLAIM)
    (record,) = caplog.records
    assert (record.levelno, record.object) == (logging.ERROR, "p1")
    assert record.exc_info[0] is KeyError


def test_what_is_known_to_happen_is_no_mistake(caplog):
    for error in (FetchRefused("gone"), FetchUnavailable("down"), answered(503)):
        failure(error, "", CLAIM)
    assert caplog.records == []


def test_one_payload_is_all_that_was_fetched():
    assert checked({"a": 1}, None) == Fetched(({"a": 1},))
    assert checked([{"a": 1}], None) == Fetched(([{"a": 1}],))


def test_payloads_are_taken_as_json_has_them():
    assert checked({"a": (1, 2), 3: "x"}, None).payloads == ({"a": [1, 2], "3": "x"},)


def test_half_a_surrogate_pair_that_was_fetched_is_replaced():
    assert checked("\ud800", None).payloads == ("\ufffd",)


def test_a_cursor_that_moves_may_say_that_there_is_more():
    assert checked(Fetched((), cursor="2", more=True), "1").more
    assert checked(Fetched((), cursor="1"), "1") == Fetched((), cursor="1")


LOOP = []
LOOP.append(LOOP)


@pytest.mark.parametrize(
    "result",
    [
        None,
        Decimal("1.5"),
        {"price": Decimal("1.5")},
        pytest.param(object(), id="object"),
        LOOP,
        Fetched((1,), cursor=5),
        Fetched((1,), cursor="x" * 5000),
        Fetched((1,), more=True),
        Fetched((1,), cursor="1", more=True),
        Fetched((1,) * (fetch_runner.MOST_PAYLOADS + 1)),
        "x" * fetch_runner.MOST_BYTES,
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_cannot_be_kept_is_refused(result):
    with pytest.raises((TypeError, ValueError, PayloadInvalid)) as caught:
        checked(result, "1")
    assert not failure(caught.value, "", CLAIM).unavailable
