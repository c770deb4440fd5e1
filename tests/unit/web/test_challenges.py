import pytest

from service.senders import build
from service.web.app import create_app
from service.web.challenges import LONGEST, METHODS
from tests.support.application import NOW, Mappings, Outbox
from workers.config.schemas import CHALLENGES
from workers.config.settings import Settings, Source, StoreSettings

PROOF = {"Authorization": "Bearer s3cret"}
NAMES = {"hub": "hub.challenge", "json": "challenge", "graph": "validationToken"}
NAMES |= {"events": "WebHook-Request-Origin", "trello": "HEAD"}


class Configuration:
    def __init__(self):
        sources = {
            name: Source(name, "bearer", ("s3cret",), challenge=challenge)
            for name, challenge in NAMES.items()
        }
        sources["meta"] = Source(
            "meta", "bearer", ("s3cret",), challenge="hub.challenge", verify_token="tök&n"
        )
        sources["plain"] = Source("plain", "bearer", ("s3cret",))
        sources["hidden"] = Source(
            "hidden", "bearer", ("s3cret",), challenge="hub.challenge", path_token="part"
        )
        self.settings = Settings("instep.toml", StoreSettings(), {}, {}, sources)
        self.senders = {name: build(source, public_url=None) for name, source in sources.items()}
        self.mappings = Mappings()


@pytest.fixture
def outbox():
    return Outbox()


@pytest.fixture
def client(outbox):
    return create_app(
        Configuration(),
        outbox=outbox,
        wake=print,
        status=dict,
        check_store=dict,
        workers_alive=lambda: 1,
        clock=lambda: NOW,
    ).test_client()


def test_each_challenge_that_can_be_configured_is_answered():
    assert set(METHODS) == set(CHALLENGES) == set(NAMES.values())


def test_a_parameter_of_a_get_is_echoed(client):
    response = client.get("/webhooks/hub?hub.mode=subscribe&hub.challenge=a%3Cb%26")
    assert (response.status_code, response.text) == (200, "a<b&")
    assert response.content_type == "text/plain; charset=utf-8"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_a_hub_that_knows_the_token_gets_its_echo(client):
    response = client.get("/webhooks/meta?hub.verify_token=t%C3%B6k%26n&hub.challenge=7")
    assert (response.status_code, response.text) == (200, "7")


@pytest.mark.parametrize(
    "query",
    ["", "hub.verify_token=", "hub.verify_token=other", "hub.verify_token=t%C3%B6k%26n&" * 2],
)
def test_a_hub_that_does_not_is_answered_403_without_a_word(client, query):
    response = client.get(f"/webhooks/meta?hub.challenge=7&{query}")
    assert (response.status_code, response.text) == (403, "")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_validation_token_is_echoed(client, outbox, method):
    response = client.open("/webhooks/graph?validationToken=a%20b", method=method)
    assert (response.status_code, response.text) == (200, "a b")
    assert outbox.deliveries == outbox.refusals == []


def test_a_challenge_in_json_is_echoed(client, outbox):
    body = {"challenge": "3eZbrw", "type": "url_verification", "token": "x"}
    response = client.post("/webhooks/json", json=body)
    assert (response.status_code, response.json) == (200, {"challenge": "3eZbrw"})
    assert outbox.deliveries == outbox.refusals == []


@pytest.mark.parametrize(
    "body", [{"challenge": "x", "id": 1}, {"challenge": 7}, {"challenge": "x" * (LONGEST + 1)}, []]
)
def test_an_event_with_a_key_of_that_name_is_an_event(client, outbox, body):
    assert client.post("/webhooks/json", json=body).status_code == 401
    assert client.post("/webhooks/json", json=body, headers=PROOF).json == {"status": "kept"}
    assert len(outbox.deliveries) == 1


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_who_asks_by_head_or_get_whether_the_address_is_there_gets_200(client, outbox, method):
    response = client.open("/webhooks/trello", method=method)
    assert (response.status_code, response.data) == (200, b"")
    assert outbox.deliveries == outbox.refusals == []
    assert client.post("/webhooks/trello", json={}).status_code == 401


def test_an_origin_that_asks_is_allowed(client):
    headers = {"WebHook-Request-Origin": "eventemitter.example.com", "WebHook-Request-Rate": "120"}
    response = client.options("/webhooks/events", headers=headers)
    assert response.status_code == 200
    assert response.headers["WebHook-Allowed-Origin"] == "eventemitter.example.com"
    assert response.headers["WebHook-Allowed-Rate"] == "*"
    assert response.headers["Allow"] == "POST"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/webhooks/hub"),
        ("GET", "/webhooks/hub?hub.challenge="),
        ("GET", "/webhooks/hub?hub.challenge=a&hub.challenge=b"),
        ("GET", f"/webhooks/hub?hub.challenge={'a' * (LONGEST + 1)}"),
        ("GET", "/webhooks/hub?validationToken=a"),
        ("GET", "/webhooks/hub?" + "a=1&" * 200),
        ("OPTIONS", "/webhooks/events"),
    ],
)
def test_a_request_that_asks_nothing_is_answered_400(client, method, path):
    assert client.open(path, method=method).status_code == 400


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/webhooks/plain?hub.challenge=a"),
        ("GET", "/webhooks/json?challenge=a"),
        ("OPTIONS", "/webhooks/plain"),
        ("OPTIONS", "/webhooks/hub"),
        ("GET", "/webhooks/events?hub.challenge=a"),
    ],
)
def test_a_source_answers_no_challenge_but_its_own(client, method, path):
    response = client.open(path, method=method)
    assert response.status_code == 405
    assert "POST" in response.headers["Allow"]


def test_a_challenge_does_not_open_a_source_that_needs_a_part_of_the_address(client):
    assert client.get("/webhooks/hidden/part?hub.challenge=a").text == "a"
    assert client.get("/webhooks/hidden/other?hub.challenge=a").status_code == 404


def test_deliveries_still_need_their_proof(client):
    assert client.post("/webhooks/graph", data=b"{}").status_code == 401
    assert client.post("/webhooks/graph", data=b"{}", headers=PROOF).status_code == 200
