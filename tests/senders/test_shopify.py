import pytest

from service.senders import build
from workers.errors import PayloadInvalid
from workers.settings import Source

HEADERS = {
    "x-shopify-topic": "products/update",
    "x-shopify-webhook-id": "w-1",
    "x-shopify-triggered-at": "2026-05-12T09:29:42.318442Z",
}


def events(body, headers=HEADERS):
    sender = build(Source("shop", "shopify", ("s",)), public_url=None)
    return list(sender.events(headers, body))


def test_the_change_is_ordered_by_the_time_in_the_payload():
    (event,) = events(b'{"id": 1, "updated_at": "2026-05-12T11:29:41+02:00"}')
    assert event.version == "t01778578181000000"


@pytest.mark.parametrize("body", [b'{"id": 1}', b'{"id": 1, "updated_at": null}'])
def test_a_payload_without_a_time_is_ordered_by_its_trigger(body):
    (event,) = events(body)
    assert event.version == "t01778578182318442"


def test_the_webhook_id_is_the_event_id_and_not_the_one_of_the_merchants_action():
    (event,) = events(b"{}", HEADERS | {"x-shopify-event-id": "e-1"})
    assert event.id == "w-1"


def test_an_unreadable_time_is_a_problem_of_the_event():
    (event,) = events(b'{"id": 1, "updated_at": "soon"}')
    assert [problem.path for problem in event.problems] == ["updated_at"]


@pytest.mark.parametrize("body", [b"[]", b"1", b"null", b""])
def test_a_body_that_is_no_resource_is_refused(body):
    with pytest.raises(PayloadInvalid):
        events(body)
