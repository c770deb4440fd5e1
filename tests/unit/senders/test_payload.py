import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.senders.payload import (
    MAX_DEPTH,
    MAX_FIELDS,
    MAX_VALUES,
    canonical_text,
    mended,
    parse,
    parse_form,
    parse_json,
    pluck,
)
from workers.errors import PayloadInvalid

FORM = {"content-type": "Application/X-WWW-Form-Urlencoded; charset=utf-8"}


@pytest.mark.parametrize(
    ("body", "value"),
    [
        pytest.param('{"a": "räknat ✓"}'.encode(), {"a": "räknat ✓"}, id="unicode"),
        pytest.param(b'\xef\xbb\xbf{"a": 1}', {"a": 1}, id="byte order mark"),
        pytest.param(b' \r\n\t{"a" :1} \n', {"a": 1}, id="odd whitespace"),
        pytest.param(b'{"a": 1, "a": 2}', {"a": 2}, id="the last of equal keys"),
        pytest.param(
            b'{"a": 123456789012345678901234567890}',
            {"a": 123456789012345678901234567890},
            id="huge",
        ),
        pytest.param(b'{"a": "\\ud83d\\ude00"}', {"a": "😀"}, id="surrogate pair"),
        pytest.param(b"null", None, id="null"),
        pytest.param(b'["\\ud800", 1]', ["\ufffd", 1], id="half a pair"),
        pytest.param(b'{"a": ["nice \\uD83D"]}', {"a": ["nice \ufffd"]}, id="half of it inside"),
        pytest.param(b'{"\\uDC00": {"\\udfff": 1}}', {"\ufffd": {"\ufffd": 1}}, id="half in keys"),
        pytest.param(
            b'["\\ude00\\ud83d\\ud83d\\ude00"]',
            ["\ufffd\ufffd😀"],
            id="two halves and a whole pair",
        ),
        pytest.param(b'["\xed\xa0\xbd"]', ["\ufffd"], id="half a pair, unescaped"),
        pytest.param(b'["\xed\xa0\xbd\xed\xb8\x80"]', ["😀"], id="CESU-8"),
        pytest.param(b"[-Infinity, 1e999]", [-math.inf, math.inf], id="infinities"),
        pytest.param(b"[" + b"9" * 5000 + b", 7]", [math.inf, 7], id="too many digits"),
        pytest.param(b"[-" + b"9" * 5000 + b"]", [-math.inf], id="too many, below zero"),
    ],
)
def test_json_is_read(body, value):
    assert parse_json(body) == value


BLANK = st.text(" \t\r\n\ufeff\xa0", max_size=3)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


@given(BLANK, JSON.map(json.dumps) | st.text('[]{}",:01e.-\\u', max_size=8), BLANK)
def test_json_is_read_as_the_library_reads_it(before, text, after):
    whole = before + text + after
    try:
        expected = mended(json.loads(whole.removeprefix("\ufeff")))
    except json.JSONDecodeError as error:
        expected = f"the body is not JSON: {error}"
    try:
        found = parse_json(whole.encode())
    except PayloadInvalid as error:
        found = str(error)
    assert repr(found) == repr(expected)


def test_what_is_no_number_is_read_beside_what_is_one():
    value = parse_json(b'{"qty": NaN, "price": 5}')
    assert math.isnan(value["qty"])
    assert value["price"] == 5


def test_equal_payloads_have_one_text_whatever_is_in_them():
    one, other = parse_json(b'{"a": NaN, "b": 1}'), parse_json(b'{"b": 1, "a": NaN}')
    assert canonical_text(one) == canonical_text(other) == '{"a":NaN,"b":1}'


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param(b"", "not JSON", id="empty"),
        pytest.param(b"{", "not JSON", id="cut off"),
        pytest.param(b'{"a": 1}x', "not JSON", id="more"),
        pytest.param(b'{"a": "\xe9"}', "not UTF-8 at byte 7", id="latin-1"),
        pytest.param('{"a": 1}'.encode("utf-16"), "not UTF-8", id="utf-16"),
        pytest.param(b"[" * 100_000, "deeper than 100 levels", id="very deep"),
        pytest.param(b'{"a": "\x00"}', "not JSON", id="control character"),
    ],
)
def test_what_is_no_json_is_refused_with_the_reason(body, message):
    with pytest.raises(PayloadInvalid, match=message):
        parse_json(body)


def test_json_may_nest_to_the_limit_and_no_deeper():
    deepest = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    parse_json(deepest)
    parse_json(b"[" + b"[]," * 500 + b"[]]")  # many, but flat
    for one_more in (b"[" + deepest + b"]", b'{"a":' * 101 + b"1" + b"}" * 101):
        with pytest.raises(PayloadInvalid, match="deeper than 100 levels"):
            parse_json(one_more)


def test_a_form_becomes_text_and_lists_of_repeated_names():
    body = "kind=stock&note=r%C3%A4knat+f%C3%B6r+hand&empty=&tag=a&tag=b&raw=ä"
    assert parse_form(body.encode()) == {
        "kind": "stock",
        "note": "räknat för hand",
        "empty": "",
        "tag": ["a", "b"],
        "raw": "ä",
    }


def test_half_a_surrogate_pair_in_a_form_is_replaced():
    assert parse_form(b"a=nice%ED%A0%BD&%ED%B0%80=1") == {"a": "nice\ufffd", "\ufffd": "1"}
    assert parse_form(b"a=%ED%A0%BD%ED%B8%80") == {"a": "😀"}


@pytest.mark.parametrize(
    "body",
    [b"a=%ff", b"a=\xff", b"&".join([b"a=1"] * (MAX_FIELDS + 1))],
    ids=["escaped", "raw", "many"],
)
def test_what_is_no_form_is_refused(body):
    with pytest.raises(PayloadInvalid):
        parse_form(body)


def test_the_content_type_tells_a_form_from_json():
    assert parse(FORM, b"a=1") == {"a": "1"}
    assert parse({"content-type": "text/plain"}, b'{"a":1}') == {"a": 1}
    assert parse({}, b'{"a":1}') == {"a": 1}
    with pytest.raises(PayloadInvalid):
        parse({}, b"a=1")


def test_json_that_is_called_a_form_is_read_as_json():
    assert parse(FORM, b' {"a": "b=c&d"}') == {"a": "b=c&d"}
    assert parse(FORM, b"[1]") == [1]


@pytest.mark.parametrize("body", [b"'{type: price}'", b'"type": 1', b"%7B%22a%22%3A1%7D"])
def test_broken_json_that_is_called_a_form_is_refused_and_told_as_neither(body):
    with pytest.raises(PayloadInvalid, match="neither JSON nor the form"):
        parse(FORM, body)
    assert parse(FORM, b" ") == {" ": ""}


def test_pluck_finds_a_value_by_its_path():
    payload = {"product": {"revision": 7, "live": True}}
    assert pluck(payload, "product.revision", int) == 7
    assert pluck(payload, "product.live", bool) is True
    assert pluck(payload, "", dict) is payload


@pytest.mark.parametrize(
    ("path", "kind", "message"),
    [
        ("product.id", int, "product.id is missing"),
        ("product.revision.x", int, "product.revision.x is missing"),
        ("product.revision", str, "product.revision is not text"),
        ("product.live", int, "product.live is not an integer"),
        ("", list, "the body is not a list"),
    ],
)
def test_pluck_names_the_path_that_it_missed(path, kind, message):
    with pytest.raises(PayloadInvalid, match=message):
        pluck({"product": {"revision": 7, "live": True}}, path, kind)


MANY = [
    pytest.param(b"[" * 1_000_000, id="lists that never end"),
    pytest.param(b"[]" * 500_000, id="pairs of brackets"),
    pytest.param(b"[" + b"0," * 400_000 + b"0]", id="numbers"),
    pytest.param(b"[" + b'"",' * 300_000 + b"0]", id="texts"),
    pytest.param(b"{" + b'"":0,' * 200_000 + b'"":0}', id="keys"),
    pytest.param(b'["' + b'\\\\","' * 200_000 + b'"]', id="backslashes before a quotation mark"),
]


@pytest.mark.parametrize("body", MANY)
def test_more_values_than_a_body_may_hold_are_refused_before_it_is_parsed(body, monkeypatch):
    monkeypatch.setattr("service.senders.payload.json.loads", lambda *_, **__: 1 / 0)
    with pytest.raises(PayloadInvalid, match=r"more than 1\d\d,\d{3} values"):
        parse_json(body)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'["' + b",[{" * 200_000 + b'"]', id="brackets in a text"),
        pytest.param(b'["' + b'\\",[' * 200_000 + b'"]', id="quotation marks in a text"),
        pytest.param(b"[" + b"0," * (MAX_VALUES - 2) + b"0]", id="as many as may be"),
        pytest.param(b"[" + b"1234567890," * 200_000 + b"0]", id="a larger body may hold more"),
    ],
)
def test_a_body_may_hold_as_many_as_that(body):
    assert parse_json(body)
