"""Where a body, or an entry of ours, holds a key, and where it does not."""

import json
import unicodedata

import pytest

from workers.store.key_text import KeyText

NFD = unicodedata.normalize("NFD", "Größe-7")
KEYS = {"A/B-77", "REF-77/B", "REF-77 blue"}


def text(key="REF-77", **options):
    given = {"names": ("sku",), "is_key": KEYS.__contains__, "others": {"stores"}}
    return KeyText("products", key, **given | options)


@pytest.mark.parametrize(
    ("key", "body"),
    [
        pytest.param("REF-77", b'{"sku": "REF-77"}', id="its value"),
        pytest.param("REF-77", b'{"sku": "  REF-77\\t"}', id="padded"),
        pytest.param("REF-77", b'{"REF-77": {"qty": 1}}', id="a name"),
        pytest.param("REF-77", b'[[["a", {"b": ["REF-77"]}]]]', id="deep"),
        pytest.param("REF-77", b'{"url": "https://shop/p/REF-77?x=1"}', id="in an address"),
        pytest.param("REF-77", b'{"note": "goes with REF-77."}', id="in a sentence"),
        pytest.param("REF-77", b'{"message": "{\\"sku\\": \\"REF-77\\"}"}', id="JSON in JSON"),
        pytest.param("123456", b'{"admin_graphql_api_id": "gid://shop/P/123456"}', id="a gid"),
        pytest.param("123456", b'{"id": 123456}', id="a number"),
        pytest.param("7", b'{"sku": 7}', id="a small number under its name"),
        pytest.param("7", b'{"SKU": "7"}', id="a short key under its name"),
        pytest.param("Größe-7", json.dumps({"sku": "Größe-7"}).encode(), id="escaped"),
        pytest.param("Größe-7", b'{"sku": "Gr\\u00F6\\u00DFe-7"}', id="escaped in capitals"),
        pytest.param("Größe-7", json.dumps({"sku": NFD}).encode(), id="taken apart"),
        pytest.param("Größe-7", json.dumps({"sku": NFD}, ensure_ascii=False).encode(), id="NFD"),
        pytest.param("Größe-7", "<sku>Größe-7</sku>".encode("latin-1"), id="latin-1"),
        pytest.param("A/B-1", b'{"sku": "A\\/B-1"}', id="a slash escaped"),
        pytest.param("a&b-7", b"<sku>a&amp;b-7</sku>", id="XML"),
        pytest.param("a b-77", b"sku=a+b-77&qty=1", id="a form"),
        pytest.param("a/b-77", b"sku=a%2fb-77&qty=1", id="a form in lower case"),
        pytest.param('5" pipe', b'{"sku": "5\\" pipe"}', id="a quotation mark"),
        pytest.param("REF-77", b'{"sku": "REF-77", "cut off', id="cut off"),
    ],
)
def test_a_body_holds_it(key, body):
    assert text(key).in_body(body)


@pytest.mark.parametrize(
    ("key", "body"),
    [
        pytest.param("REF-77", b'{"sku": "REF-770"}', id="longer"),
        pytest.param("REF-77", b'{"sku": "XREF-77"}', id="longer before"),
        pytest.param("REF-77", b'{"sku": "REF-77-B"}', id="with a hyphen"),
        pytest.param("REF-77", b'{"sku": "REF-77/B"}', id="another record, by a slash"),
        pytest.param("REF-77", b'{"sku": "REF-77 blue"}', id="another record, by a space"),
        pytest.param("REF-77", "REF-77\u0308".encode(), id="a letter with a mark"),
        pytest.param("123456", b'{"id": 1234567}', id="a longer number"),
        pytest.param("7", b'{"qty": 7, "size": "7"}', id="any number"),
        pytest.param("red", b'{"sku": "A-1", "color": "red"}', id="any word"),
        pytest.param("true-7", b'{"sku": true}', id="no text"),
    ],
)
def test_a_body_does_not_hold_it(key, body):
    assert not text(key).in_body(body)


def test_a_key_of_parts_is_in_a_body_with_all_of_them():
    key = text("REF-77|AT", parts=2, names=("sku", "market"))
    assert key.in_body(b'{"sku": "REF-77", "market": "AT"}')
    assert not key.in_body(b'{"sku": "REF-77", "market": "DE", "note": "AT"}')


@pytest.mark.parametrize(
    ("entry", "held"),
    [
        ({"changes": [["products", "7", [["stock", 1, "accepted"]]]]}, True),
        ({"collection": "products", "items": [["7", ["stock"]]]}, True),
        ({"collection": "products", "record": "7"}, True),
        ({"collection": "stores", "record": "7"}, False),
        ({"changes": [["stores", "7", [["stock", 1, "accepted"]]]]}, False),
        ({"changes": [["products", "8", [["7", 7, "accepted"]]]]}, False),
        ({"collection": "products", "items": [["8", ["7"]]]}, False),
    ],
)
def test_an_entry_of_ours_is_about_it_by_its_place(entry, held):
    assert text("7").in_entry(json.dumps(entry)) is held


def test_what_is_no_json_at_any_depth_ends():
    assert not text().in_body(b"[" * 100_000 + b'"REF-770"')
    assert text().in_body(b"[" * 100_000 + b'"REF-77"')
