"""Packed bodies and other charsets on the way in: what proves them, and what is kept of them."""

import base64
import gzip
import hashlib
import hmac
import json
import zlib

import pytest

from service.ingest.intake import Intake
from service.senders import build
from tests.support.way_in import NOW, Letter, Mappings, Outbox
from workers.config.settings import Source
from workers.errors import BodyTooLarge, SignatureInvalid

LIMIT = 10_000
BODY = b'{"id": "e-1", "qty": 27}'
TYPED = {"content-type": "application/json"}
GZIP = TYPED | {"content-encoding": "gzip"}


def packed(body):
    return gzip.compress(body, mtime=0)


@pytest.fixture
def outbox():
    return Outbox()


def intake(outbox, sender="hmac", secrets=("s3cret",), mappings=None, **common):
    options = {"hmac": {"header": "X-Signature"}, "body-token": {"field": "token"}}.get(sender, {})
    source = Source(
        "erp", sender, secrets, max_body=LIMIT, options=options | {"id": "id"}, **common
    )
    senders = {"erp": build(source, public_url=None)}
    return Intake(senders, mappings or Mappings(), outbox, str)


def signed(headers, over):
    return headers | {"x-signature": hmac.digest(b"s3cret", over, "sha256").hex()}


def receive(way_in, headers, body):
    return way_in.receive("erp", headers, body, now=NOW)


@pytest.mark.parametrize("over", [BODY, packed(BODY)], ids=["unpacked", "as sent"])
def test_a_packed_body_is_proven_by_the_bytes_that_its_sender_signs(outbox, over):
    assert receive(intake(outbox), signed(GZIP, over), packed(BODY)).outcome == "kept"
    assert outbox.deliveries[0].events[0].changes[0].fields[0].value == "27"


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (signed(GZIP, b"{}"), packed(BODY)),
        (GZIP, packed(BODY)),
        (signed(GZIP, BODY), packed(BODY + b" ")),
        (signed(GZIP, packed(BODY)), packed(BODY)[:-1]),
        (signed(GZIP | {"content-encoding": "br"}, BODY), packed(BODY)),
        (signed(GZIP | {"content-encoding": "gzip, gzip"}, BODY), packed(packed(BODY))),
        (signed(TYPED, BODY), packed(BODY)),
        (signed(TYPED | {"content-type": "a/b; charset=latin-1"}, "ü".encode()), b"\xfc"),
    ],
    ids=[
        *("another body", "no signature", "another body unpacked", "cut off", "unknown coding"),
        *("packed twice", "without the header", "over the text in another charset"),
    ],
)
def test_any_other_packed_body_is_refused(outbox, headers, body):
    with pytest.raises(SignatureInvalid):
        receive(intake(outbox), headers, body)
    assert outbox.deliveries == []


@pytest.mark.parametrize("over", ["sent", "unpacked"])
def test_what_is_too_large_unpacked_is_refused_as_too_large(outbox, over):
    large = b" " * (LIMIT + 1)
    body = packed(large)
    headers = signed(GZIP, body if over == "sent" else large)
    with pytest.raises(BodyTooLarge):
        receive(intake(outbox), headers, body)
    assert outbox.deliveries == []


@pytest.mark.parametrize(
    ("coding", "body", "message"),
    [
        ("gzip", packed(BODY)[:-9], "the body is not gzip, as its Content-Encoding says"),
        ("deflate", zlib.compress(BODY)[:-9], "the body is not deflate"),
        ("br", b"\x0b\x02\x80", "found Content-Encoding: br, expected gzip, deflate or none"),
        ("gzip, br", b"\x1f\x8b", "found Content-Encoding: gzip, br"),
    ],
)
def test_what_is_proven_and_cannot_be_unpacked_is_a_dead_letter_as_it_was_sent(
    outbox, coding, body, message
):
    headers = signed(TYPED | {"content-encoding": coding}, body)
    (problem,) = receive(intake(outbox), headers, body).problems
    assert problem.path == "body"
    assert problem.message.startswith(message)
    (delivery,) = outbox.deliveries
    assert delivery.body == body
    assert delivery.headers == TYPED | {"content-encoding": coding}
    letter = Letter(body=delivery.body, headers=delivery.headers, index=-1)
    assert intake(outbox).replay(letter).problems == (problem,)


def test_what_is_kept_of_a_packed_body_is_unpacked_and_read_alike_once_more(outbox):
    body = b'{"id": "e-1", "quantity": 27}'
    receive(intake(outbox), signed(GZIP, packed(body)), packed(body))
    (delivery,) = outbox.deliveries
    assert (delivery.body, delivery.headers) == (body, TYPED)
    letter = Letter(body=delivery.body, headers=delivery.headers, index=0)
    assert intake(outbox).replay(letter).problems == delivery.events[0].problems


LATIN = {"content-type": "application/json; charset=ISO-8859-1"}


def test_a_body_in_another_charset_is_kept_in_utf_8_and_says_so(outbox):
    body = '{"id": "Ü-1", "qty": 27}'.encode("latin-1")
    receipt = receive(intake(outbox), signed(LATIN, body), body)
    assert receipt.ids == ("Ü-1",)
    (delivery,) = outbox.deliveries
    assert delivery.body.decode() == '{"id": "Ü-1", "qty": 27}'
    assert delivery.headers == {"content-type": "application/json; charset=utf-8"}
    letter = Letter(body=delivery.body, headers=delivery.headers, index=0)
    assert intake(outbox).replay(letter).ids == ("Ü-1",)


def test_a_packed_body_may_be_in_another_charset_too(outbox):
    body = packed('{"id": "Ü-1", "qty": 27}'.encode("utf-16"))
    headers = GZIP | {"content-type": "application/json; charset=utf-16"}
    assert receive(intake(outbox), signed(headers, body), body).ids == ("Ü-1",)


def test_an_unknown_charset_is_a_dead_letter_that_names_it(outbox):
    headers = signed({"content-type": "application/json; charset=x-none"}, BODY)
    (problem,) = receive(intake(outbox), headers, BODY).problems
    assert problem.message.startswith("found charset x-none, expected a known one")
    assert outbox.deliveries[0].body == BODY


@pytest.mark.parametrize("coding", ["identity", "gzip"])
@pytest.mark.parametrize("charset", ["utf-8", "utf-16", "latin-1", "x-none"])
def test_a_secret_in_the_body_proves_it_in_any_charset_and_is_kept_in_none(outbox, charset, coding):
    text = json.dumps({"id": "e-1", "token": "s3crét", "qty": "a"}, ensure_ascii=False)
    body = text.encode("utf-8" if charset == "x-none" else charset)
    headers = {"content-type": f"a/b; charset={charset}", "content-encoding": coding}
    sent = packed(body) if coding == "gzip" else body
    receive(intake(outbox, "body-token", secrets=("s3crét",)), headers, sent)
    (delivery,) = outbox.deliveries
    assert "e-1" in delivery.body.decode("utf-8")
    assert "***" in delivery.body.decode("utf-8")
    assert "s3crét" not in delivery.body.decode("utf-8")


def test_another_secret_in_a_packed_body_is_refused(outbox):
    body = packed(b'{"token": "other"}')
    with pytest.raises(SignatureInvalid):
        receive(intake(outbox, "body-token"), GZIP, body)


def test_a_repeat_that_is_packed_is_known_by_the_same_id():
    """Some ids are made of the body."""
    body = b'{"id": 5, "date_modified_gmt": "2026-05-12T09:28:58"}'
    names = {"x-wc-webhook-source": "s", "x-wc-webhook-id": "7", "x-wc-webhook-topic": "stock"}
    ids = []
    for headers, sent in ((names, body), (names | GZIP, packed(body))):
        sender = build(Source("woo", "woocommerce", ("s",)), public_url=None)
        outbox = Outbox()
        way_in = Intake({"woo": sender}, Mappings(), outbox, str)
        key = hmac.digest(b"s", sent, "sha256")
        proof = {"x-wc-webhook-signature": base64.b64encode(key).decode()}
        ids += way_in.receive("woo", headers | proof, sent, now=NOW).ids
    assert ids == [f"s 7 {hashlib.sha256(body).hexdigest()}"] * 2


def test_no_number_that_is_none_keeps_an_event_from_being_read(outbox):
    body = b'{"id": "e-1", "qty": 27, "weight": NaN, "size": 1e999}'
    assert receive(intake(outbox), signed(TYPED, body), body).problems == ()


def test_a_mapping_sees_no_secret_that_stands_in_the_body(outbox):
    seen = []

    class Seeing(Mappings):
        def changes(self, source, topic, payload, *, version, placed="arrival"):
            seen.append(payload)
            return super().changes(source, topic, payload, version=version, placed=placed)

    way_in = intake(outbox, "body-token", mappings=Seeing())
    receive(way_in, TYPED, b'{"id": "e1", "token": "s3cret", "qty": 27}')
    assert [payload["token"] for payload in seen] == ["***"]
