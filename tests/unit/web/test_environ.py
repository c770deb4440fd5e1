"""Names of headers in an environ: short ones are remembered, long ones only read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.web import environ
from service.web.webhooks import read_headers


def head(*headers):
    return environ.head(
        {
            "http_version": "1.1",
            "method": "POST",
            "raw_path": b"/",
            "query_string": b"",
            "server": ("127.0.0.1", 8000),
            "client": ("127.0.0.1", 40000),
            "scheme": "http",
            "headers": headers,
        }
    )


@pytest.mark.parametrize(("length", "remembered"), [(64, True), (65, False), (60_000, False)])
def test_only_short_names_are_remembered(length, remembered):
    name = b"x-" + b"a" * (length - 2)
    environ._known.cache_clear()
    for _ in range(2):
        assert head((name, b"value"))[f"HTTP_X_{'A' * (length - 2)}"] == "value"
    assert environ._known.cache_info().hits == remembered


def test_a_name_that_is_dropped_is_dropped_each_time():
    assert [
        any("X_SIGNATURE" in name for name in head((b"x_signature", b""))) for _ in range(2)
    ] == [
        False,
        False,
    ]


NAMES = [
    *(b"host", b"content-type", b"Content-Type", b"content-length", b"content-encoding"),
    *(b"x-signature", b"X-Signature", b"x_signature", b"x--a-", b"cookie", b"transfer-encoding"),
    *(b"http-content-type", b"x-" + b"a" * 80),
]
HEADERS = st.tuples(st.sampled_from(NAMES), st.sampled_from([b"", b"a", b"a, b", b"\xff", b"12"]))


@given(st.lists(HEADERS))
def test_the_headers_that_it_hands_on_are_those_of_its_other_names(headers):
    found = environ.with_body(head(*headers), b"body")
    others = {name: value for name, value in found.items() if name != environ.HEADERS}
    assert read_headers(found) == read_headers(others)


def test_the_headers_of_one_who_reads_them_are_its_own():
    found = environ.with_body(head((b"x-a", b"1")), b"")
    read_headers(found)["x-a"] = "2"
    assert read_headers(found)["x-a"] == "1"
