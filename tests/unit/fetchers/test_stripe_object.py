"""Stripe's objects, of thin events and of snapshots."""

import importlib

import pytest

from service.fetchers.base import Notice
from service.fetchers.stripe_object import PATHS
from service.mapping.paths import compile_path
from tests.support.fetched_systems import GOOD, TOKEN, asked, fetcher, system
from workers.errors import FetchRefused

KIND = "stripe-object"
METER = "/v1/billing/meters/mtr_1"


def thin(url=METER, **more):
    related = {"id": "mtr_1", "type": "billing.meter", "url": url}
    payload = {"id": "evt_1", "object": "v2.core.event", "related_object": related, **more}
    return Notice("mtr_1", payload)


def snapshot(kind="product", name="prod_1", **more):
    held = {"id": name, "object": kind}
    return Notice(name, {"id": "evt_1", "object": "event", "data": {"object": held}, **more})


def fetched(notice, **options):
    with system(GOOD[KIND]) as server:
        assert fetcher(KIND, server.url, **options)(notice) == GOOD[KIND]
    return server


def refused(notice):
    with system(GOOD[KIND]) as server, pytest.raises(FetchRefused) as caught:
        fetcher(KIND, server.url)(notice)
    assert server.requests == []
    return str(caught.value)


@pytest.mark.parametrize("url", [METER, "/v2/core/accounts/acct_1", "/v1/balance_settings"])
def test_a_thin_event_is_read_where_it_says(url):
    server = fetched(thin(url))
    assert asked(server) == [("GET", url, {})]
    assert server.requests[0].headers["authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/v1/x",
        "//evil.example/v1/x",
        "/v1@evil.example/x",
        "@evil.example/v1/x",
        "/v1/../v3/x",
        "/v1/x/..",
        "/v1/./x",
        "/v1/%2e%2e/x",
        "/v1/..%2fx",
        "/v1/x?expand=y",
        "/v1/x#y",
        "/v1//x",
        "/v1/x/",
        "/v1\\x",
        "/v1/x\r\nHost: evil.example",
        "/v3/x",
        "/v1",
        "/v1/",
        "/v12/x",
        "v1/x",
        "",
        "/v1/é",
    ],
)
def test_a_thin_event_chooses_no_other_address(url):
    assert "expected a path under /v1/ or /v2/" in refused(thin(url))


def test_a_thin_event_without_an_object_is_refused():
    payload = {"object": "v2.core.event", "id": "evt_1"}
    assert "related_object.url is missing" in refused(Notice("evt_1", payload))
    assert "not text" in refused(thin(url=7))


def test_a_snapshot_is_read_again_by_its_type():
    assert asked(fetched(snapshot())) == [("GET", "/v1/products/prod_1", {})]
    session = snapshot("checkout.session", "cs_1")
    assert asked(fetched(session)) == [("GET", "/v1/checkout/sessions/cs_1", {})]


def test_an_id_that_somebody_chose_is_quoted():
    assert asked(fetched(snapshot(name="mug 30 ml")))[0][1] == "/v1/products/mug%2030%20ml"


@pytest.mark.parametrize("name", ["..", "../customers/cus_1", "%2e%2e"])
def test_an_id_that_leaves_its_place_is_refused(name):
    assert "expected an id" in refused(snapshot(name=name))


def test_a_type_that_is_not_in_the_table_is_refused_with_the_table():
    told = refused(snapshot("application_fee", "fee_1"))
    assert "'application_fee', expected one of charge, checkout.session" in told


@pytest.mark.parametrize("payload", [None, [], "text", {}, {"data": 1}, {"data": {"object": {}}}])
def test_what_is_no_event_is_refused(payload):
    assert "the notice" in refused(Notice("prod_1", payload))


@pytest.mark.parametrize("kind", sorted(PATHS))
def test_the_table_is_that_of_stripes_own_library(kind):
    stripe = importlib.import_module("stripe")
    classes = importlib.import_module("stripe._object_classes")
    assert stripe.VERSION
    assert classes.get_object_class("V1", kind).class_url() == PATHS[kind]


def test_the_version_is_sent_where_one_is_set():
    version = "2026-09-30.endive"
    assert fetched(snapshot(), version=version).requests[0].headers["stripe-version"] == version
    assert "stripe-version" not in fetched(snapshot()).requests[0].headers


@pytest.mark.parametrize(
    ("notice", "header"),
    [
        (thin(context="org_1/acct_1"), ("stripe-context", "org_1/acct_1")),
        (snapshot(account="acct_1"), ("stripe-account", "acct_1")),
        (snapshot(account="acct_1", context="acct_0/acct_1"), ("stripe-context", "acct_0/acct_1")),
    ],
)
def test_an_event_of_another_account_is_read_for_that_account(notice, header):
    headers = fetched(notice).requests[0].headers
    acting = {name: value for name, value in headers.items() if name.startswith("stripe-")}
    assert acting == dict([header])


@pytest.mark.parametrize("context", ["a\r\nX-Evil: 1", "", 7, "a b", "/acct_1"])
def test_what_is_no_account_gets_into_no_header(context):
    assert "expected an account" in refused(thin(context=context))


@pytest.mark.parametrize(
    ("notice", "name"),
    [
        (thin().payload, "mtr_1"),
        (snapshot().payload, "prod_1"),
        ({"related_object": {"type": "t", "url": "/v1/balance_settings"}}, "/v1/balance_settings"),
    ],
)
def test_the_expression_names_the_object_of_either_kind_of_event(notice, name):
    assert compile_path(fetcher(KIND).object).evaluate(notice) == name
