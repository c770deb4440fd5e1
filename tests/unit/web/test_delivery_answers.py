"""A response that was prepared is answered as one that is made for its request."""

import pytest
from flask import Flask, request

from service.ingest.receipt import Receipt
from service.senders.base import Answer
from service.web import delivery_answers
from tests.support.application import PROOF, Outbox, make

ANSWERS = [
    None,
    Answer(204),
    Answer(body="<ack/>", content_type="text/xml; charset=utf-8"),
    Answer(201, "ok", headers=(("X-Answer", "1"),)),
    Answer(599),
]
CLOSED = []


def changed_status(response):
    response.status_code = 204
    return response


def changed_header(response):
    response.headers["X-Added"] = "1"
    return response


def changed_body(response):
    response.set_data("another")
    return response


def longer_body(response):
    response.make_sequence()
    response.stream.write(b" more")
    return response


def closed(response):
    response.call_on_close(lambda: CLOSED.append(1))
    return response


def posted(respond, *hooks):
    app = Flask("test")
    app.add_url_rule("/", view_func=respond, methods=["POST"])
    for hook in hooks:
        app.after_request(hook)
    with app.test_client().post("/") as response:
        return response.status, [*response.headers], response.data


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize(
    "hooks", [(), (changed_status,), (changed_header,), (changed_body,), (longer_body,), (closed,)]
)
def test_it_is_answered_as_a_response_of_its_own(answer, hooks):
    receipt = Receipt("kept", answer=answer)
    expected = answer or Answer(200, '{"status":"kept"}\n', "application/json")
    CLOSED.clear()
    wanted = posted(lambda: delivery_answers.response_of(expected), *hooks)
    assert posted(lambda: delivery_answers.accepted(receipt), *hooks) == wanted
    assert len(CLOSED) == 2 * (closed in hooks)
    # What a hook has changed is changed for that request alone.
    assert posted(lambda: delivery_answers.accepted(receipt)) == posted(
        lambda: delivery_answers.response_of(expected)
    )


def test_the_answer_of_a_sender_is_not_that_of_a_delivery_that_was_not_kept():
    assert delivery_answers.accepted(Receipt("full", answer=Answer(204))).status_code == 503


def test_a_hook_sees_what_is_answered():
    seen = []
    receipt = Receipt("kept")

    def look(response):
        seen.append((response.status_code, response.data, response.content_length, response.json))
        return response

    posted(lambda: delivery_answers.accepted(receipt), look)
    assert seen == [(200, b'{"status":"kept"}\n', 18, {"status": "kept"})]


@pytest.fixture
def client(tmp_path):
    return make(tmp_path, Outbox())


def test_the_hooks_of_the_application_and_of_the_routes_apply_to_a_delivery(client):
    app, seen = client.application, []
    app.before_request(lambda: seen.append(request.url_rule.rule))
    app.after_request(changed_header)
    app.before_request_funcs.setdefault("webhooks", []).append(lambda: seen.append("routes"))
    app.teardown_request(lambda error: seen.append(error))
    response = client.post("/webhooks/erp", data=b"{}", headers=PROOF)
    assert (response.status_code, response.headers["X-Added"]) == (200, "1")
    assert seen == ["/webhooks/<source>", "routes", None]


def test_a_hook_may_answer_a_delivery(client):
    client.application.before_request(lambda: ("not now", 503))
    response = client.post("/webhooks/erp", data=b"{}", headers=PROOF)
    assert (response.status_code, response.text) == (503, "not now")


def test_an_error_of_a_delivery_is_answered_by_the_handler_of_its_kind(client, monkeypatch):
    def away(*_, **__):
        raise ZeroDivisionError

    client.application.register_error_handler(ZeroDivisionError, lambda _: ("handled", 500))
    monkeypatch.setattr("service.ingest.intake.Intake.receive", away)
    assert client.post("/webhooks/erp", data=b"{}", headers=PROOF).text == "handled"
