"""Deliveries made by hand: each sender proves those of its own kind, and reads a new event."""

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest

from service.onboarding.payload_edit import placed
from service.onboarding.sample_events import ANY_TOPIC, Occasion, example_topic, samples
from service.onboarding.signing import Outgoing, sign
from service.onboarding.trigger import address, delivery
from service.senders import SENDERS, build
from service.senders.base import QUERY
from tests.support.signed_requests import LEAST
from workers.config.settings import Source
from workers.errors import RequestRefused, SelectionInvalid, SignatureInvalid, UnknownName

NOW = datetime(2026, 5, 12, 9, 30, tzinfo=UTC)
ONE = Occasion("0f6e1c5263a84f0e9d2c0a4a1f7e9c11", NOW)
OTHER = Occasion("6b1b7b060d194a558a2fcc1a3b2f7d22", NOW + timedelta(seconds=2))
PLACES = {"id": "id", "topic": "type", "occurred_at": "at"}
OTHER_FORMS = {
    "several secrets": ("hmac", {"secrets": ("new", "old")}, PLACES),
    "a signed time": (
        "hmac",
        {},
        PLACES
        | {
            "header": "X-Signature",
            "prefix": "sha256=",
            "encoding": "base64",
            "signed": "{id}.{timestamp}.{body}",
            "id_header": "X-Id",
            "timestamp_header": "X-Time",
            "timestamp_unit": "ms",
        },
    ),
    "an attribute": ("hmac", {}, PLACES | {"attribute": "signature"}),
    "a list of events": ("hmac", {}, PLACES | {"events": "changes"}),
    "headers": ("bearer", {}, {"id": "header:X-Id", "topic": "header:X-Topic"}),
    "a form": ("hmac", {}, PLACES | {"body": "form:payload", "topic": "form:kind"}),
    "a token of a form": ("body-token", {}, PLACES | {"body": "form:p", "field": "token"}),
    "a token in the query": ("supabase", {}, {"parameter": "code"}),
    "a user and a password": ("hasura", {"secrets": ("a:b",)}, {"scheme": "basic"}),
    "a header instead": ("bigcommerce", {}, {"header": "X-Token"}),
    "names of its own": ("standard-webhooks", {}, {"topic": "kind", "occurred_at": "when"}),
}
EACH = [
    pytest.param(name, {}, {}, topic, id=f"{name} {topic}")
    for name in sorted(SENDERS)
    for topic in samples(name, ONE)
] + [
    pytest.param(name, own, options, next(iter(samples(name, ONE))), id=f"{name} {form}")
    for form, (name, own, options) in OTHER_FORMS.items()
]


def source(name, **changes):
    least = LEAST.get(name, {})
    options = least.get("options", {}) | changes.pop("options", {})
    values = {"name": "shop", "sender": name, "secrets": ("s3cret",), "url": "https://a.example/x"}
    return Source(**values | least | changes | {"options": options})


def made(of, topic, changes=(), occasion=ONE):
    sender = build(of, public_url=None)
    return sender, delivery(of, sender, topic, changes, occasion)


def received(sender, request, now=NOW):
    return sender.receive({**request.headers, QUERY: request.query}, request.body, now=now)


def event_of(sender, request, now=NOW):
    found = received(sender, request, now)
    assert found.problem == ""
    return found.events[0]


def test_a_sample_of_every_sender_ships():
    assert not {name for name in SENDERS if not samples(name, ONE)}


@pytest.mark.parametrize(("name", "own", "options", "topic"), EACH)
def test_its_sender_proves_it_and_reads_its_topic(name, own, options, topic):
    sender, request = made(source(name, **own, options=options), topic)
    event = event_of(sender, request)
    assert event.problems == ()
    # An own system that names no place for a topic has none.
    named = name not in ANY_TOPIC or bool(sender.senders[0].reader.topic)
    assert event.topic == (topic if named else None)


@pytest.mark.parametrize(("name", "own", "options", "topic"), EACH)
def test_a_second_one_is_another_event(name, own, options, topic):
    of = source(name, **own, options=options)
    sender, one = made(of, topic)
    _, other = made(of, topic, occasion=OTHER)
    first, second = event_of(sender, one), event_of(sender, other, OTHER.at)
    assert first.id is None or first.id != second.id
    if first.version is not None and topic != "public.products.DELETE":
        assert first.version < second.version


@pytest.mark.parametrize(("name", "own", "options", "topic"), EACH)
def test_another_secret_does_not_prove_it(name, own, options, topic):
    of = source(name, **own, options=options)
    if not of.secrets:
        return  # Salesforce signs nothing: its address is the secret
    _, request = made(of, topic)
    altered = {"airtable": "b2xkZXI=", "basic": "erp:other", "pipedrive": "erp:other"}
    standard = name in ("standard-webhooks", "svix", "debezium")
    secret = altered.get(name, "whsec_b2xkZXI=" if standard else "a:other")
    other = build(source(name, secrets=(secret,), options=options), public_url=None)
    with pytest.raises(SignatureInvalid):
        received(other, request)


def test_values_are_set_as_json_or_as_text():
    changes = [("title", "Oak & lamp"), ("variants[0].price", '"9.90"'), ("variants[0].n", "3")]
    sender, request = made(source("shopify"), "products/update", changes)
    payload = event_of(sender, request).payload
    assert payload["title"] == "Oak & lamp"
    assert (payload["variants"][0]["price"], payload["variants"][0]["n"]) == ("9.90", 3)


def test_a_value_is_set_in_the_first_event_of_a_list_and_in_a_form():
    sender, request = made(source("hubspot"), "product.propertyChange", [("objectId", "7")])
    assert event_of(sender, request).payload["objectId"] == 7
    sender, request = made(source("lightspeed"), "product.update", [("price", "61")])
    assert event_of(sender, request).payload["price"] == 61
    assert parse_qs(request.body.decode())["type"] == ["product.update"]


def test_objects_on_the_way_are_made():
    assert placed({"a": None}, ("a", "b"), 1) == {"a": {"b": 1}}
    assert placed({"a": [1]}, ("a", 1), 2) == {"a": [1, 2]}
    assert placed({}, (), 3) == 3


def test_a_topic_of_a_change_is_named_as_an_example():
    assert example_topic("shopify") == "products/update"
    assert example_topic("svix") == "order.paid"


def test_of_a_sender_without_samples_there_are_none():
    assert samples("unheard", ONE) == {}


@pytest.mark.parametrize(
    ("path", "found"),
    [("a b", "'a b'"), ("variants[9].sku", "element 9"), ("title.part", "could hold part")],
)
def test_a_path_that_leads_nowhere_is_refused(path, found):
    with pytest.raises(SelectionInvalid, match=found):
        made(source("shopify"), "products/update", [(path, "1")])


def test_what_is_no_json_takes_no_value():
    with pytest.raises(SelectionInvalid, match="XML"):
        made(source("salesforce"), "Product2", [("Name", "Oak")])


def test_an_unknown_topic_lists_those_that_ship():
    with pytest.raises(UnknownName, match="products/create, products/update, products/delete"):
        made(source("shopify"), "products/changed")


def test_an_own_system_has_any_topic():
    sender, request = made(source("hmac", options=PLACES), "price.changed")
    event = event_of(sender, request)
    assert (event.id, event.topic) == (ONE.id, "price.changed")
    assert json.loads(request.body)["data"]["sku"] == "P-0001"


def test_a_public_key_signs_nothing():
    key = "whpk_" + "A" * 43 + "="
    with pytest.raises(RequestRefused, match="public key"):
        made(source("standard-webhooks", secrets=(key,)), "stock.adjusted")


def test_hubspot_is_signed_by_its_newest_version_alone():
    with pytest.raises(RequestRefused, match="accept = v1"):
        made(source("hubspot", options={"accept": "v1"}), "product.creation")


def test_a_proof_that_nobody_else_can_make_is_refused():
    with pytest.raises(RequestRefused, match="only the system itself"):
        sign(object(), Outgoing({}, b"", "1", NOW))


def test_the_address_has_the_path_token_of_its_source():
    assert address("http://h:1/", source("shopify")) == "http://h:1/webhooks/shop"
    of = source("salesforce", path_token="a/b")
    assert address("http://h:1", of) == "http://h:1/webhooks/shop/a%2Fb"


def test_no_secret_is_in_its_repr():
    _, request = made(source("query"), "stock.changed")
    assert "s3cret" in request.query
    assert "s3cret" not in repr(request)
