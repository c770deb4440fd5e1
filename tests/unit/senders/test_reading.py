import jmespath
import pytest

from service.senders.event_fields import MAX_EVENTS, EventReader, Place
from workers.errors import PayloadInvalid


def reading(**places):
    at = places.pop("occurred_at", None)
    each = places.pop("each", None)
    parsed = {key: (Place.parse(text),) for key, text in places.items()}
    return EventReader(
        **parsed,
        occurred_at=(Place.parse(at),) if at else (),
        each=Place.parse(each) if each else None,
    )


def only(payload, headers=None, **places):
    (event,) = reading(**places).events(headers or {}, payload)
    return event


def test_id_and_topic_are_read_where_the_settings_say():
    event = only({"a": {"id": "e1"}}, {"x-kind": "stock"}, id="a.id", topic="header:X-Kind")
    assert (event.id, event.topic, event.version) == ("e1", "stock", None)


def test_an_integer_becomes_text():
    assert only({"seq": 88121}, id="seq").id == "88121"


@pytest.mark.parametrize("payload", [{}, {"id": None}, {"id": ""}, [1], "text", None], ids=repr)
def test_an_event_without_an_id_has_none(payload):
    event = only(payload, id="id")
    assert event.id is None
    assert event.problems == ()


@pytest.mark.parametrize(
    ("value", "found"),
    [(True, "true"), (1.5, "1.5"), ([1, 2], "a list of 2"), ({"a": 1}, "an object of 1")],
    ids=repr,
)
def test_an_id_of_another_type_is_a_problem_of_the_event(value, found):
    event = only({"id": value}, id="id")
    assert event.id is None
    assert [problem.path for problem in event.problems] == ["id"]
    assert event.problems[0].message == f"found {found}, expected text or an integer"


def test_a_time_orders_the_event():
    event = only({"at": "2026-05-12T11:29:59+02:00"}, occurred_at="at")
    assert event.version == "t01778578199000000"


def test_an_event_without_a_time_is_ordered_by_arrival():
    assert only({"at": None}, occurred_at="at").version is None


def test_an_unreadable_time_is_a_problem_of_the_event():
    event = only({"at": "yesterday"}, occurred_at="at")
    assert event.version is None
    assert event.problems[0].path == "at"
    assert event.problems[0].message.startswith('found "yesterday", expected a time')


def test_a_long_value_is_cut_in_a_problem():
    event = only({"at": "y" * 500}, occurred_at="at")
    assert len(event.problems[0].message) < 200


def test_a_path_that_cannot_be_evaluated_is_a_problem_of_the_event():
    event = only({"a": 1}, id="length(a)")
    assert event.problems[0].message.startswith("cannot be evaluated")


def test_the_first_time_that_is_there_counts():
    places = (Place.parse("updated_at"), Place.parse("header:x-at"))
    headers = {"x-at": "1778578200"}
    (both,) = EventReader(occurred_at=places).events(headers, {"updated_at": 1778578199})
    (second,) = EventReader(occurred_at=places).events(headers, {"updated_at": None})
    assert (both.version, second.version) == ("t01778578199000000", "t01778578200000000")


def test_each_element_of_the_list_is_an_event_of_its_own():
    items = [{"id": 1, "k": "a"}, {"id": 2, "k": "b"}]
    events = list(reading(each="items", id="id", topic="k").events({}, {"items": items}))
    assert [(event.id, event.topic, event.index) for event in events] == [
        ("1", "a", 0),
        ("2", "b", 1),
    ]
    assert [event.payload for event in events] == items


def test_a_bad_element_does_not_spoil_the_others():
    items = [{"at": 1778578199}, {"at": "never"}, {"at": 1778578200}]
    events = list(reading(each="items", occurred_at="at").events({}, {"items": items}))
    assert [bool(event.problems) for event in events] == [False, True, False]


def test_a_header_that_names_the_delivery_tells_its_events_apart_by_their_place():
    events = reading(each="@", id="header:x-id").events({"x-id": "d1"}, [{}, {}])
    assert [event.id for event in events] == ["d1#0", "d1#1"]


def test_a_list_of_php_with_holes_is_a_list_all_the_same():
    events = reading(each="items", id="id").events(
        {}, {"items": {"10": {"id": "c"}, "0": {"id": "a"}, "2": {"id": "b"}}}
    )
    assert [event.id for event in events] == ["a", "b", "c"]
    for other in ({}, {"0": {}, "a": {}}, {"-1": {}}, {"1" * 20: {}}):
        with pytest.raises(PayloadInvalid, match="expected a list"):
            list(reading(each="items").events({}, {"items": other}))


def test_an_empty_list_has_no_events():
    assert list(reading(each="items").events({}, {"items": []})) == []


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ({}, "items is nothing, expected a list"),
        ({"items": {"a": 1}}, "items is an object of 1, expected a list"),
        ({"items": [0] * (MAX_EVENTS + 1)}, "has 5001 elements, expected 5000 at most"),
    ],
    ids=["absent", "object", "too many"],
)
def test_a_payload_without_its_list_is_refused(payload, message):
    with pytest.raises(PayloadInvalid, match=message):
        list(reading(each="items").events({}, payload))


def test_a_list_that_cannot_be_evaluated_is_refused():
    with pytest.raises(PayloadInvalid, match="cannot be evaluated"):
        list(reading(each="keys(@)").events({}, [1]))


def test_the_headers_that_are_read_are_known():
    places = {"id": "header:X-Id", "topic": "kind", "occurred_at": "header:X-At"}
    assert reading(**places).headers == ("x-id", "x-at")


@pytest.mark.parametrize("text", ["", "a..b", "header:", "header: "], ids=repr)
def test_a_place_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        Place.parse(text)


def test_the_errors_of_jmespath_are_value_errors():
    assert issubclass(jmespath.exceptions.JMESPathError, ValueError)
