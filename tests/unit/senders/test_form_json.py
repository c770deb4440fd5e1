"""JSON in a field of a form, and a signature among attributes, by settings."""

import hmac
import json
from urllib.parse import urlencode

import pytest

from tests.support.signed_requests import event, sender
from workers.errors import ConfigurationInvalid, PayloadInvalid, SignatureInvalid

TYPE = "application/x-www-form-urlencoded"
BODY = urlencode({"payload": json.dumps({"id": 7, "sku": "Büro"}), "type": "inventory.update"})
DIGEST = hmac.new(b"s3cret", BODY.encode(), "sha256").hexdigest()
WAYS = {"body": "form:payload", "topic": "form:type", "id": "id"}


@pytest.mark.parametrize("name", ["hmac", "bearer", "basic", "header", "query"])
def test_the_payload_is_the_json_in_the_field_and_the_others_are_places(name):
    found = event(name, BODY.encode(), {"content-type": TYPE}, **WAYS)
    assert (found.id, found.topic) == ("7", "inventory.update")
    assert found.payload == {"id": 7, "sku": "Büro"}


def test_a_secret_in_another_field_of_the_form_proves_it():
    found = sender("body-token", options={"field": "token", "body": "form:payload", "id": "id"})
    body = urlencode({"payload": '{"id": 7}', "token": "s3cret"}).encode()
    assert found.verify({"content-type": TYPE}, body, now=None) == 1
    (only,) = found.events({"content-type": TYPE}, body)
    assert only.id == "7"
    assert b"s3cret" not in found.concealed(body)


def test_the_events_may_be_a_list_in_that_json():
    body = urlencode({"payload": '{"rows": [{"id": 1}, {"id": 2}]}'}).encode()
    found = sender("hmac", options=WAYS | {"events": "rows", "id": "id"})
    assert [each.id for each in found.events({}, body)] == ["1", "2"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"type=a", "payload is missing"),
        (b"payload=", "not JSON"),
        (b"payload=a", "not JSON"),
        (b"payload=1&payload=2", "payload is not text"),
        (b'{"payload": 1}', "payload is missing"),
        (b"payload=%ff", "not a form"),
    ],
)
def test_a_form_without_json_in_that_field_is_refused(body, message):
    with pytest.raises(PayloadInvalid, match=message):
        event("hmac", body, **WAYS)


def test_a_field_that_comes_twice_is_no_topic():
    assert event("hmac", b"payload={}&type=a&type=b", **WAYS).topic is None


def test_no_header_passes_for_a_field_of_the_form():
    headers = {"form:type": "a", "type": "a", "x-type": "a"}
    assert event("hmac", b"payload={}", headers, **WAYS).topic is None


@pytest.mark.parametrize("value", ["payload", "form:", "", 7, ["form:payload"]])
def test_any_other_body_is_an_error_of_the_configuration(value):
    with pytest.raises(ConfigurationInvalid, match=r"body.*form:NAME"):
        sender("hmac", options={"body": value})


def test_a_field_of_a_form_without_the_body_is_an_error_of_the_configuration():
    with pytest.raises(ConfigurationInvalid, match=r"topic.*body = .form:NAME"):
        sender("hmac", options={"topic": "form:type"})


def attributed(value, **options):
    found = sender("hmac", options={"attribute": "signature"} | options)
    return found.verify({"x-signature": value}, BODY.encode(), now=None)


@pytest.mark.parametrize(
    "value",
    [
        f"signature={DIGEST},algorithm=HMAC-SHA256",
        f"algorithm=HMAC-SHA256, signature={DIGEST}",
        f"t=1;signature={DIGEST}",
        f'keyId="k",signature="{DIGEST}"',
        f"signature={DIGEST}",
        f"signature={DIGEST.upper()}",
    ],
)
def test_a_signature_is_found_among_attributes(value):
    assert attributed(value) == 1


def test_a_prefix_stands_before_the_signature_in_its_attribute():
    assert attributed(f"a=b,signature=sha256={DIGEST}", prefix="sha256=") == 1


@pytest.mark.parametrize(
    "value",
    [
        "",
        DIGEST,
        "signature",
        "signature=",
        'signature=""',
        f"Signature={DIGEST}",
        f"x-signature={DIGEST}",
        f"signature={DIGEST},signature={DIGEST}",
        f"signature={'0' * 64},signature={DIGEST}",
        f"signature={DIGEST[:-1]}",
        f"signature={DIGEST}0",
        f"signature={DIGEST[:10]} {DIGEST[10:]}",
        f'signature="{DIGEST}',
        "signature=é",
        "signature=\ud800",
    ],
)
def test_anything_else_among_attributes_is_refused(value):
    with pytest.raises(SignatureInvalid):
        attributed(value)


def test_the_whole_header_is_no_signature_where_an_attribute_is_named():
    found = sender("hmac", options={"header": "X-Signature"})
    with pytest.raises(SignatureInvalid):
        found.verify({"x-signature": f"signature={DIGEST}"}, BODY.encode(), now=None)
