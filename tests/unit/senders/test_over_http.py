"""Every recorded delivery, through the application: the right status, and never a 5xx."""

from dataclasses import dataclass, replace

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from service.mapping.registry import Mapped
from service.senders.base import QUERY
from service.web.app import create_app
from tests.support.depth import examples
from tests.support.recorded_vectors import INVALID, ONE_EACH, VALID, named
from workers.config.settings import Settings, StoreSettings

FORM = "application/x-www-form-urlencoded"


class Mappings:
    def changes(self, source, topic, payload, *, version, placed="arrival"):
        return Mapped(wanted=True)


@dataclass
class Accepted:
    outcome: str = "kept"
    accepted: int = 0
    wake: tuple = ()
    letters: int = 0
    stalled: dict | None = None


class Outbox:
    def __init__(self):
        self.deliveries = []

    def accept(self, delivery):
        self.deliveries.append(delivery)
        return Accepted()


@dataclass
class Configuration:
    settings: Settings
    senders: dict
    mappings: Mappings


def application(vector, outbox):
    source = vector.source()
    whole = Settings("instep.toml", StoreSettings(), {}, {}, {source.name: source})
    app = create_app(
        Configuration(whole, {source.name: vector.configured()}, Mappings()),
        outbox=outbox,
        wake=print,
        status=dict,
        check_store=dict,
        workers_alive=lambda: 1,
        clock=lambda: vector.now,
    )
    app.testing = False  # an exception is a 500, as it would be outside
    return app.test_client()


def send(client, vector, headers=None, body=None):
    token = vector.common.get("path_token")
    path = f"/webhooks/shop{f'/{token}' if token else ''}"
    real = vector.headers if headers is None else headers
    return client.post(
        f"{path}?{vector.headers[QUERY]}",
        headers=[(name.title(), value) for name, value in real.items() if name != QUERY],
        data=vector.body if body is None else body,
    )


@pytest.mark.parametrize("vector", VALID, ids=named)
def test_a_valid_delivery_is_kept_and_answered_as_its_sender_wants(vector):
    outbox = Outbox()
    response = send(application(vector, outbox), vector)
    assert response.status_code == vector.expected.get("respond", 200)
    assert vector.expected.get("respond_contains", "") in response.text
    (delivery,) = outbox.deliveries
    assert [event.topic for event in delivery.events] == [e["topic"] for e in vector.events]
    assert not any(event.problems for event in delivery.events)


@pytest.mark.parametrize("vector", INVALID, ids=named)
def test_any_other_delivery_is_answered_401_without_a_word(vector):
    outbox = Outbox()
    response = send(application(vector, outbox), vector)
    assert (response.status_code, response.data) == (401, b"")
    assert outbox.deliveries == []


def test_airtable_gets_an_empty_answer_and_salesforce_a_soap_body():
    by_name = {vector.name: vector for vector in VALID}
    airtable = by_name["airtable ping"]
    response = send(application(airtable, Outbox()), airtable)
    assert (response.data, response.content_type) == (b"", None)
    salesforce = by_name["salesforce two-notifications"]
    response = send(application(salesforce, Outbox()), salesforce)
    assert response.content_type == "text/xml; charset=utf-8"


@pytest.mark.parametrize("name", ["woocommerce ping", "github ping"])
def test_a_ping_is_mapped_by_nothing(name):
    vector = next(vector for vector in VALID if vector.name == name)
    response = send(application(vector, Outbox()), vector)
    assert response.json == {"status": "unwanted"}


LATIN = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=40)


@pytest.mark.parametrize("vector", ONE_EACH, ids=lambda vector: vector.sender)
def test_no_request_is_answered_5xx(vector):
    client = application(vector, Outbox())
    names = sorted({*vector.headers} - {QUERY, "content-length"})

    @examples(10, 50, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        st.dictionaries(st.sampled_from(names), LATIN), st.binary(max_size=60) | st.none(), LATIN
    )
    def attempt(changed, body, query):
        spoiled = replace(vector, headers=vector.headers | {QUERY: query})
        response = send(client, spoiled, vector.headers | changed, body)
        assert response.status_code in (200, 204, 401)

    attempt()
