"""Every recorded delivery: the right ones are read, the others refused."""

import hashlib
import json
from datetime import datetime

import pytest
from recorded import ASYMMETRIC, FOLDER, INVALID, VALID, VECTORS, every, named

from workers.changes import time_version
from workers.errors import SignatureInvalid

# Shopify's own clock is later than the change: the vector names what orders instead.
ORDERED_BY_PAYLOAD = {"shopify"}


def only_event(vector):
    sender = vector.configured()
    sender.verify(vector.headers, vector.body, now=vector.now)
    (event,) = sender.events(vector.headers, vector.body)
    return event


def test_only_vectors_of_a_public_key_are_left_out():
    left_out = [vector for vector in every() if vector not in VECTORS]
    assert {vector.name for vector in left_out} == ASYMMETRIC
    assert all(secret.startswith("whpk_") for vector in left_out for secret in vector.secrets)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_the_bodies_stand_as_they_were_recorded(path):
    file = json.loads(path.read_text())
    for entry in (file, *file["variants"]):
        body = entry["request"]["body"].encode()
        assert hashlib.sha256(body).hexdigest() == entry["request"]["body_sha256"]


@pytest.mark.parametrize("vector", VALID, ids=named)
def test_a_valid_delivery_tells_its_id_and_topic(vector):
    event = only_event(vector)
    assert (event.id, event.topic) == (vector.expected["event_id"], vector.expected["topic"])
    assert [event.id] == vector.expected["dedup"]
    assert event.problems == ()


@pytest.mark.parametrize("vector", VALID, ids=named)
def test_a_valid_delivery_tells_when_the_change_was_made(vector):
    if vector.sender in ORDERED_BY_PAYLOAD:
        wanted = time_version(datetime.fromisoformat(vector.expected["order"]["value"]))
    else:
        wanted = time_version(datetime.fromisoformat(vector.expected["occurred_at"]))
    version = only_event(vector).version
    assert version is not None
    assert version[:14] == wanted[:14]  # to the ms, which the vectors are cut to


@pytest.mark.parametrize(
    "vector", [each for each in VALID if "duplicate_of" in each.expected], ids=named
)
def test_a_repeated_delivery_has_the_id_of_the_first(vector):
    family = vector.name.partition(" ")[0]
    first = next(
        each for each in VALID if each.name == f"{family} {vector.expected['duplicate_of']}"
    )
    assert only_event(vector).id == only_event(first).id


@pytest.mark.parametrize("vector", INVALID, ids=named)
def test_a_delivery_without_proof_is_refused(vector):
    with pytest.raises(SignatureInvalid):
        vector.configured().verify(vector.headers, vector.body, now=vector.now)
