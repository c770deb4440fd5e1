import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest

from tests.support.signed_requests import event, events, paths, sender
from workers.errors import SignatureInvalid

NOW = datetime(2026, 5, 12, 9, 30, tzinfo=UTC)
MS = 1778578200000
CHANGE = {
    "eventId": 100871,
    "portalId": 44120087,
    "occurredAt": 1778578195800,
    "subscriptionType": "product.propertyChange",
    "attemptNumber": 0,
    "objectId": 2250113,
    "propertyName": "price",
    "propertyValue": "19.90",
}
BODY = b"[]"
V1 = hashlib.sha256(b"s3cret" + BODY).hexdigest()
V2 = hashlib.sha256(b"s3cretPOSThttps://a.example/x" + BODY).hexdigest()


def v3(url="https://a.example/x", stamp=MS, body=BODY):
    digest = hmac.digest(b"s3cret", f"POST{url}".encode() + body + str(stamp).encode(), "sha256")
    return {
        "x-hubspot-signature-v3": base64.b64encode(digest).decode(),
        "x-hubspot-request-timestamp": str(stamp),
    }


def verify(headers, accept="v3", **changes):
    sender("hubspot", options={"accept": accept}, **changes).verify(headers, BODY, now=NOW)


@pytest.mark.parametrize("age", [-300_000, 0, 300_000])
def test_a_v3_signature_of_at_most_five_minutes_passes(age):
    verify(v3(stamp=MS - age))


@pytest.mark.parametrize("age", [-300_001, 300_001])
def test_an_older_or_newer_one_is_refused(age):
    with pytest.raises(SignatureInvalid):
        verify(v3(stamp=MS - age))


@pytest.mark.parametrize(
    ("url", "signed"),
    [
        ("https://a.example/x?q=%3A%2F%3F%40%21%24%27", "https://a.example/x?q=:/?@!$'"),
        ("https://a.example/x?q=%28%29%2A%2C%3B", "https://a.example/x?q=()*,;"),
        ("https://a.example/x?q=%20%26%3D%25%2B", "https://a.example/x?q=%20%26%3D%25%2B"),
    ],
)
def test_twelve_codes_of_the_address_are_decoded_and_no_others(url, signed):
    verify(v3(signed), url=url)


@pytest.mark.parametrize(("accept", "found"), [("v1", V1), ("v2", V2), (["v1", "v2"], V2)])
def test_an_older_generation_passes_by_choice(accept, found):
    verify({"x-hubspot-signature": found}, accept)


@pytest.mark.parametrize(
    ("accept", "headers"),
    [
        ("v3", {"x-hubspot-signature": V1}),
        ("v2", {"x-hubspot-signature": V1}),
        ("v1", {"x-hubspot-signature": V2}),
        ("v1", v3()),
        (["v3", "v1"], v3() | {"x-hubspot-signature-v3": "AAAA", "x-hubspot-signature": V1}),
    ],
)
def test_no_generation_stands_in_for_another(accept, headers):
    with pytest.raises(SignatureInvalid):
        verify(headers, accept)


def test_an_event_is_known_by_all_that_tells_it_apart_but_not_by_the_attempt():
    first = event("hubspot", [CHANGE])
    assert first.id == "44120087 product.propertyChange 2250113 price 100871 1778578195800"
    assert event("hubspot", [CHANGE | {"attemptNumber": 3}]).id == first.id
    for key in CHANGE.keys() - {"attemptNumber", "propertyValue"}:
        assert event("hubspot", [CHANGE | {key: 7}]).id != first.id


def test_an_association_is_known_by_both_its_ends():
    ends = {"fromObjectId": 1, "toObjectId": 2, "objectId": None}
    first = event("hubspot", [CHANGE | ends])
    assert event("hubspot", [CHANGE | ends | {"toObjectId": 3}]).id != first.id


def test_the_older_name_of_the_type_is_read_too():
    older = {key: value for key, value in CHANGE.items() if key != "subscriptionType"}
    found = event("hubspot", [older | {"eventType": "product.deletion"}])
    assert found.topic == "product.deletion"


def test_the_changed_property_stands_by_its_name():
    assert event("hubspot", [CHANGE]).payload["properties"] == {"price": "19.90"}


def test_a_bad_entry_does_not_spoil_the_others():
    good, bad, late = events("hubspot", [CHANGE, 7, CHANGE | {"occurredAt": "soon"}])
    assert good.problems == ()
    assert paths(bad) == ["subscriptionType || eventType", "occurredAt"]
    assert paths(late) == ["occurredAt"]


def test_a_workflow_posts_one_object_of_its_own_shape():
    found = event("hubspot", {"objectId": 7, "properties": {"name": "x"}}, accept="v2")
    assert (found.id, found.topic, found.version, found.problems) == (None, None, None, ())


@pytest.mark.parametrize(
    ("accept", "url", "shown"),
    [("v1", None, None), ("v3", "https://a.example/x?key=1", "https://a.example/x?…")],
)
def test_what_was_checked_names_the_address_where_it_is_signed(accept, url, shown):
    made = sender("hubspot", options={"accept": accept}, url=url)
    assert made.checked({}, BODY, now=NOW).get("url") == shown
