"""The vectors of tests/vectors/more, by the senders themselves."""

import pytest

from service.senders.configured_sender import Request
from tests.support.more_vectors import MORE, named
from workers.errors import PayloadInvalid, SignatureInvalid

# A wrong path is refused before the sender is asked.
DIRECT = [each for each in MORE if not each.as_sent and each.status != 404]
PROVEN = [each for each in DIRECT if each.status < 300]


def read(vector):
    sender = vector.configured()
    request = Request(vector.headers, vector.body)
    sender.prove(request, now=vector.now)
    request = sender.read(request)
    return list(sender.events(request.headers, request.body))


def test_there_are_as_many_as_were_written():
    assert (len(MORE), len(PROVEN)) == (581, 356)
    assert len({vector.name for vector in MORE}) == len(MORE)


@pytest.mark.parametrize("vector", [v for v in DIRECT if v.status == 401], ids=named)
def test_what_is_not_proven_is_refused(vector):
    with pytest.raises(SignatureInvalid):
        vector.configured().verify(vector.headers, vector.body, now=vector.now)


@pytest.mark.parametrize("vector", [v for v in PROVEN if v.expected.get("dead")], ids=named)
def test_what_is_proven_and_no_payload_is_for_the_dead_letters(vector):
    with pytest.raises(PayloadInvalid):
        read(vector)


@pytest.mark.parametrize("vector", [v for v in PROVEN if "events" in v.expected], ids=named)
def test_what_is_proven_tells_its_events(vector):
    found = [
        {"id": event.id, "topic": event.topic, "version": event.version}
        | ({"dead": True} if event.problems else {})
        | ({"ping": True} if event.ping else {})
        for event in read(vector)
    ]
    assert found == vector.events


@pytest.mark.parametrize("vector", [v for v in PROVEN if "duplicate_of" in v.expected], ids=named)
def test_what_comes_again_has_the_ids_of_the_first(vector):
    family = vector.name.partition(" ")[0]
    (first,) = (v for v in MORE if v.name == f"{family} {vector.expected['duplicate_of']}")
    known = {event["id"] for event in first.events}
    assert {event["id"] for event in vector.events} <= known - {None}
