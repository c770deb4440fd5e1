"""Who may read the metrics, and how long a delivery waits for its answer."""

from dataclasses import replace

import pytest

from service.web import environ
from service.web.app import create_app
from tests.support.application import PROOF, STATUS, Outbox, configuration, make

TOKEN = "s3cret-tøken"


def page(tmp_path, headers, token=TOKEN):
    chosen = configuration(tmp_path)
    chosen.settings = replace(chosen.settings, metrics_token=token)
    app = create_app(
        chosen,
        outbox=Outbox(),
        wake=lambda _: None,
        status=lambda: STATUS,
        check_store=dict,
        workers_alive=lambda: 2,
    )
    return app.test_client().get("/metrics", headers=headers)


def test_the_metrics_are_open_without_a_token(tmp_path):
    assert page(tmp_path, {}, token=None).status_code == 200


def test_who_has_the_token_reads_them(tmp_path):
    response = page(tmp_path, {"Authorization": f"Bearer {TOKEN}".encode().decode("latin-1")})
    assert (response.status_code, "instep_balanced 1.0" in response.text) == (200, True)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "Bearer s3cret",
        "Bearer ",
        "Bearer",
        f"Basic {TOKEN}",
        "Basic OnMzY3JldA==",
        "Bearer \udcff",
    ],
)
def test_nobody_else_does(tmp_path, header):
    headers = {} if header is None else {"Authorization": header}
    response = page(
        tmp_path,
        {name: each.encode("utf-8", "replace").decode("latin-1") for name, each in headers.items()},
    )
    assert (response.status_code, response.headers["WWW-Authenticate"]) == (
        401,
        'Bearer realm="Instep metrics"',
    )
    assert "instep_balanced" not in response.text
    assert "INSTEP_METRICS_TOKEN" in response.text


def test_the_token_is_in_no_text_of_the_settings(tmp_path):
    settings = replace(configuration(tmp_path).settings, metrics_token=TOKEN)
    assert TOKEN not in repr(settings)


@pytest.fixture
def outbox():
    return Outbox()


def posted(tmp_path, outbox, headers=PROOF):
    timed = []
    client = make(tmp_path, outbox, time_ack=lambda *each: timed.append(each))
    client.post("/webhooks/erp", data=b'{"id": 1}', headers=headers)
    return timed


@pytest.mark.parametrize("outcome", ["kept", "duplicate"])
def test_the_time_to_an_answer_is_told_for_its_source(tmp_path, outbox, outcome):
    outbox.outcome = outcome
    ((source, seconds),) = posted(tmp_path, outbox)
    assert source == "erp"
    assert 0 < seconds < 60


def test_a_refusal_is_no_acknowledgement(tmp_path, outbox):
    assert posted(tmp_path, outbox, headers={}) == []


def test_a_delivery_that_could_not_be_kept_is_not_acknowledged(tmp_path, outbox):
    outbox.outcome = None
    assert posted(tmp_path, outbox) == []


def test_the_time_begins_when_the_body_is_whole(tmp_path, outbox):
    timed = []
    client = make(tmp_path, outbox, time_ack=lambda *each: timed.append(each))
    whole = environ.with_body({}, b"{}")[environ.COMPLETE]
    client.post(
        "/webhooks/erp",
        data=b'{"id": 1}',
        headers=PROOF,
        environ_overrides={environ.COMPLETE: whole - 1000},
    )
    assert timed[0][1] > 1000
