"""Every recorded delivery: the right ones are read, the others refused."""

import base64
import hashlib
import json
from datetime import UTC, datetime

import pytest

from service.senders.event_fields import composite
from tests.support.recorded_vectors import FOLDER, INVALID, VALID, VECTORS, named
from workers.errors import SignatureInvalid
from workers.model.changes import sequence_version, time_version

# Positions in a log or a table: they order better than the time, and are numbers.
SEQUENCES = {"source.lsn"}
# Of these, the vector names the position of the payload, and the time of the event beside it.
BY_PAYLOAD = {
    "data.object.inventory_counts[].calculated_at",
    "data.object.catalog_version.updated_at",
    "updated_at",
    "record.updated_at",
    "InputParameters.Target.modifiedon",
}


def read(vector):
    sender = vector.configured()
    sender.verify(vector.headers, vector.body, now=vector.now)
    return list(sender.events(vector.headers, vector.body))


def pairs(vector):
    found = read(vector)
    assert len(found) == len(vector.events)
    return list(zip(found, vector.events, strict=True))


def test_there_are_as_many_as_were_recorded():
    assert (len(VALID), len(INVALID)) == (59, 70)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_the_bodies_stand_as_they_were_recorded(path):
    file = json.loads(path.read_text(encoding="utf-8"))
    for entry in (file, *file["variants"]):
        request = entry["request"]
        text = request.get("body")
        body = base64.b64decode(request["body_base64"]) if text is None else text.encode()
        assert hashlib.sha256(body).hexdigest() == request["body_sha256"]


@pytest.mark.parametrize("vector", VALID, ids=named)
def test_a_valid_delivery_tells_its_topics_and_has_no_problem(vector):
    for event, expected in pairs(vector):
        assert event.topic == expected["topic"]
        assert event.problems == ()


def wanted_id(expected):
    """Return the key that the vector names; where there is no time in it, a body has none."""
    parts = expected.get("dedup")
    if parts is None:
        return None
    by_body = len(parts[-1]) == 64
    return composite(*parts) if not by_body or expected.get("order") else None


@pytest.mark.parametrize("vector", [each for each in VALID if each.sender != "debezium"], ids=named)
def test_a_valid_delivery_tells_what_its_events_are_known_by(vector):
    for event, expected in pairs(vector):
        assert event.id == wanted_id(expected)


@pytest.mark.parametrize("vector", [v for v in VALID if v.sender == "debezium"], ids=named)
def test_a_change_is_known_by_its_position_whatever_its_message_is_called(vector):
    for event, expected in pairs(vector):
        name, table, position, _ = expected["dedup"]
        assert event.id.split(" ")[:3] == [name, table, position]
    keyed = vector.configured(options={"key": "sku"}).events(vector.headers, vector.body)
    assert [event.id.split(" ")[-1] for event in keyed] == [e["dedup"][-1] for e in vector.events]


def wanted_version(expected):
    """Return the version that the vector names, or None."""
    order = expected.get("order") or {}
    value = order.get("value")
    if order.get("by") in SEQUENCES:
        return sequence_version(value)
    if order.get("by") in BY_PAYLOAD:
        at = (
            datetime.fromtimestamp(value / 1000, UTC)
            if isinstance(value, int)
            else datetime.fromisoformat(value)
        )
        return time_version(at)
    at = expected["occurred_at"]
    return at and time_version(datetime.fromisoformat(at))


@pytest.mark.parametrize("vector", VALID, ids=named)
def test_a_valid_delivery_tells_what_orders_its_events(vector):
    for event, expected in pairs(vector):
        wanted = wanted_version(expected)
        if wanted is None:
            # It names no time of its own; it may name the row that was there before.
            assert event.version is None or event.version[18:] == "z0000000001"
        elif wanted.startswith("s"):
            assert event.version.startswith("s")
            assert event.version.endswith(wanted[1:])  # behind the last commit, where it is told
        else:
            assert event.version[:15] == wanted[:15]  # to the ms, which the vectors are cut to


@pytest.mark.parametrize(
    "vector", [each for each in VALID if "duplicate_of" in each.expected], ids=named
)
def test_a_repeated_delivery_holds_nothing_but_events_of_the_first(vector):
    family = vector.name.partition(" ")[0]
    first = next(
        each for each in VALID if each.name == f"{family} {vector.expected['duplicate_of']}"
    )
    known = {event.id for event in read(first)}
    assert {event.id for event in read(vector)} <= known
    assert None not in known


@pytest.mark.parametrize("vector", [v for v in VALID if v.expected.get("respond")], ids=named)
def test_a_sender_that_wants_a_special_answer_gets_it(vector):
    answer = vector.configured().answer
    assert (answer.status if answer else 200) == vector.expected["respond"]
    assert vector.expected.get("respond_contains", "") in (answer.body if answer else "")


@pytest.mark.parametrize("vector", INVALID, ids=named)
def test_a_delivery_without_proof_is_refused(vector):
    with pytest.raises(SignatureInvalid):
        vector.configured().verify(vector.headers, vector.body, now=vector.now)


def test_every_vector_has_a_name_of_its_own():
    assert len({vector.name for vector in VECTORS}) == len(VECTORS)
