import base64
import codecs
import contextlib
import gc
import gzip
import json
import weakref
from datetime import UTC, datetime

import pytest

from service.senders.base import QUERY
from service.senders.configured_sender import Request
from tests.support.signed_requests import sender
from workers.errors import SignatureInvalid


def verify(name, headers, body=b"{}", **changes):
    return sender(name, **changes).verify(headers, body, now=None)


@pytest.mark.parametrize(
    "query", ["code=a%20b%2B", "code=a+b%2B", "code=a%20b+", "x=1&code=a b%2b"]
)
def test_a_value_in_the_query_may_be_encoded_in_any_way(query):
    assert verify("query", {QUERY: query}, secrets=("a b+",)) == 1


@pytest.mark.parametrize(
    "query",
    ["", "code", "code=", "Code=s3cret", "code=s3cret&code=s3cret", "code=s3cret;", "x=s3cret"],
)
def test_any_other_query_is_refused(query):
    assert verify("query", {QUERY: "code=s3cret"}) == 1
    with pytest.raises(SignatureInvalid):
        verify("query", {QUERY: query})


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, b'{"token": "s3cret"}'),
        ({"content-type": "application/x-www-form-urlencoded"}, b"a=1&token=s3cret"),
    ],
)
def test_a_token_in_the_body_may_be_in_json_or_a_form(headers, body):
    assert verify("body-token", headers, body) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b"[]",
        b"{}",
        b'{"token": null}',
        b'{"token": 7}',
        b'{"token": ["s3cret"]}',
    ],
)
def test_a_body_without_its_token_is_refused(body):
    with pytest.raises(SignatureInvalid):
        verify("body-token", {}, body)


@pytest.mark.parametrize("secret", ['a"b', "räv", "a b+", "s3cret", "a/b", "t"])
def test_a_token_is_not_kept_however_it_is_written(secret):
    found = sender("body-token", secrets=(secret,))
    for body in (
        json.dumps({"token": secret}).encode(),
        json.dumps({"token": secret}, ensure_ascii=False).encode(),
        json.dumps({"token": secret}).replace("/", r"\/").encode(),
        b'{"token":"%b"}' % "".join(rf"\u{ord(letter):04X}" for letter in secret).encode(),
        codecs.BOM_UTF8 + json.dumps({"token": secret}).encode(),
    ):
        found.verify({}, body, now=None)
        assert json.loads(found.concealed(body)) == {"token": "***"}


def test_a_token_in_a_form_is_not_kept_either():
    found = sender("body-token", secrets=("a b+",))
    assert found.concealed(b"a=1&token=a+b%2b&c=a") == b"a=1&token=***&c=a"


LOGIN = "Basic " + base64.b64encode(b"u:p").decode()


@pytest.mark.parametrize(
    ("name", "secrets", "options", "headers"),
    [
        ("supabase", ("t",), {}, {"authorization": "Bearer t"}),
        ("supabase", ("t",), {"header": "X-A"}, {"x-a": "t"}),
        ("supabase", ("u:p",), {"scheme": "basic"}, {"authorization": LOGIN}),
        ("hasura", ("t",), {"scheme": "bearer"}, {"authorization": "bearer t"}),
        ("dataverse", ("t",), {}, {QUERY: "code=t"}),
        ("dataverse", ("t",), {"parameter": "key"}, {QUERY: "key=t"}),
        ("dataverse", ("t",), {"header": "X-A"}, {"x-a": "t"}),
        ("debezium", ("t",), {"scheme": "bearer"}, {"authorization": "Bearer t"}),
        ("debezium", ("t",), {"scheme": "header", "header": "X-A"}, {"x-a": "t"}),
        ("bigcommerce", ("t",), {"header": "X-A"}, {"x-a": "t"}),
    ],
)
def test_where_a_secret_stands_is_a_setting(name, secrets, options, headers):
    assert verify(name, headers, secrets=secrets, options=options) == 1
    with pytest.raises(SignatureInvalid):
        verify(name, {}, secrets=secrets, options=options)
    with pytest.raises(SignatureInvalid):
        verify(name, headers, secrets=("x:y",), options=options)


class Headers(dict):
    """One to which a weak reference can be had."""


@pytest.mark.parametrize("name", ["hmac", "bearer"])
def test_what_is_refused_is_let_go_without_a_collection_of_garbage(name):
    headers = Headers({"content-encoding": "gzip"})
    held = weakref.ref(headers)
    gc.disable()
    try:
        with contextlib.suppress(SignatureInvalid):
            sender(name).prove(Request(headers, gzip.compress(b"{}")), now=datetime.now(UTC))
        del headers
        assert held() is None
    finally:
        gc.enable()
