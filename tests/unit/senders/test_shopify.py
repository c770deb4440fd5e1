import pytest

from service.senders import build
from workers.config.settings import Source
from workers.errors import PayloadInvalid

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
    assert event.version.startswith("t01778578181000000")


def test_of_two_edits_in_one_second_the_later_trigger_is_the_newer():
    body = b'{"id": 1, "updated_at": "2026-05-12T11:29:41+02:00"}'
    times = ("2026-05-12T09:29:42.318441Z", "2026-05-12T09:29:42.318442Z")
    first, second = (events(body, HEADERS | {"x-shopify-triggered-at": at})[0] for at in times)
    assert first.version < second.version


def test_a_later_second_is_newer_whatever_was_triggered_when():
    (older,) = events(b'{"id": 1, "updated_at": "2026-05-12T11:29:41+02:00"}')
    before = HEADERS | {"x-shopify-triggered-at": "2026-05-12T09:29:41.9Z"}
    (newer,) = events(b'{"id": 1, "updated_at": "2026-05-12T11:29:42+02:00"}', before)
    assert older.version < newer.version


@pytest.mark.parametrize("headers", [{}, {"x-shopify-triggered-at": "soon"}], ids=["none", "bad"])
def test_an_edit_without_its_trigger_is_ordered_by_the_second_alone(headers):
    named = {name: text for name, text in HEADERS.items() if "triggered" not in name}
    (event,) = events(b'{"id": 1, "updated_at": "2026-05-12T11:29:41+02:00"}', named | headers)
    assert (event.version, event.problems) == ("t01778578181000000", ())


@pytest.mark.parametrize("name", ["x-shopify-test", "shopify-test"])
@pytest.mark.parametrize(("text", "ping"), [("true", True), ("True", True), ("false", False)])
def test_a_test_of_the_admin_pages_tells_of_no_record(name, text, ping):
    (event,) = events(b'{"id": 1}', HEADERS | {name: text})
    assert event.ping is ping


def test_a_test_is_known_as_one_when_it_is_read_again():
    sender = build(Source("shop", "shopify", ("s",)), public_url=None)
    assert "x-shopify-test" in sender.headers


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
