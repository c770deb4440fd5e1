"""What holds for every sender in the registry."""

import contextlib
import json
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st

from service.senders import SENDERS
from service.senders.base import QUERY
from service.senders.configured_sender import Request
from tests.support.depth import examples, some
from tests.support.mutants import proofs
from tests.support.recorded_vectors import INVALID, VALID, named
from workers.errors import SignatureInvalid, SourceError

# Their secret stands in the body, or in the address.
NO_HEADER = {"body-token", "query", "salesforce", "zoho"}
UNSIGNED = {"woocommerce ping"}
OTHER = {
    "airtable": "bmV3ZXI=",
    "debezium": "whsec_bmV3ZXI=",
    "standard-webhooks": "whsec_bmV3ZXI=",
    "svix": "whsec_bmV3ZXI=",
}

PROVEN = [vector for vector in VALID if vector.name not in UNSIGNED]
SIGNED = [vector for vector in PROVEN if vector.covered]
WITH_SECRET = [vector for vector in PROVEN if SENDERS[vector.sender].needs_secret]
ONE_EACH = list({vector.sender: vector for vector in PROVEN}.values())


def proof_headers(vector):
    if vector.covered:
        return proofs(vector)[0]
    if vector.sender == "query":
        return (QUERY,)
    return (str(vector.options.get("header", "authorization")).lower(),)


def test_every_sender_has_a_valid_vector():
    assert {vector.sender for vector in PROVEN} == set(SENDERS)


@pytest.mark.parametrize("name", sorted(SENDERS))
def test_every_sender_has_a_vector_that_is_to_be_refused(name):
    assert name in {vector.sender for vector in INVALID}


@pytest.mark.parametrize("vector", VALID, ids=named)
def test_what_is_recorded_is_proven_by_its_secret(vector):
    assert vector.configured().verify(vector.headers, vector.body, now=vector.now) == 1


@pytest.mark.parametrize("vector", SIGNED, ids=named)
def test_a_flipped_bit_in_any_byte_of_the_body_is_refused(vector):
    sender = vector.configured()
    for place in some(range(len(vector.body)), 7):
        body = bytearray(vector.body)
        body[place] ^= 1 << place % 8
        with pytest.raises(SignatureInvalid):
            sender.verify(vector.headers, bytes(body), now=vector.now)


@pytest.mark.parametrize(
    "vector",
    [v for v in PROVEN if v.sender not in NO_HEADER - {"query"} and "two-" not in v.name],
    ids=named,
)
def test_a_longer_or_shorter_proof_is_refused(vector):
    sender = vector.configured()
    for name in proof_headers(vector):
        for value in (vector.headers[name] + "A", vector.headers[name][:-1], ""):
            with pytest.raises(SignatureInvalid):
                sender.verify(vector.headers | {name: value}, vector.body, now=vector.now)


@pytest.mark.parametrize("vector", [v for v in PROVEN if v.sender not in NO_HEADER], ids=named)
def test_a_missing_header_of_the_proof_is_refused(vector):
    sender = vector.configured()
    with pytest.raises(SignatureInvalid):
        sender.verify({}, vector.body, now=vector.now)


@pytest.mark.parametrize("vector", WITH_SECRET, ids=named)
def test_a_second_secret_is_accepted_while_it_is_rotated_and_which_one_it_was_is_told(vector):
    other = OTHER.get(vector.sender, "new:er")
    for secrets, place in (((other, *vector.secrets), 2), ((*vector.secrets, other), 1)):
        sender = vector.configured(secrets=secrets)
        assert sender.verify(vector.headers, vector.body, now=vector.now) == place


@pytest.mark.parametrize("vector", WITH_SECRET, ids=named)
def test_another_secret_is_refused(vector):
    sender = vector.configured(secrets=(OTHER.get(vector.sender, "new:er"),))
    with pytest.raises(SignatureInvalid):
        sender.verify(vector.headers, vector.body, now=vector.now)


@pytest.mark.parametrize("vector", WITH_SECRET, ids=named)
def test_a_secret_is_taken_until_its_time_is_over(vector):
    sender = vector.configured(ends=(vector.now + timedelta(microseconds=1),))
    assert sender.verify(vector.headers, vector.body, now=vector.now) == 1
    over = vector.configured(ends=(vector.now,))
    with pytest.raises(SignatureInvalid):
        over.verify(vector.headers, vector.body, now=vector.now)


@pytest.mark.parametrize("vector", VALID, ids=named)
def test_what_is_kept_with_a_dead_letter_is_no_proof_and_suffices_to_read_it_again(vector):
    sender = vector.configured()
    request = sender.kept(Request(vector.headers, vector.body))
    kept, body = request.headers, request.body
    assert not any(secret.encode() in body for secret in vector.secrets)
    for again, event in zip(
        sender.events(kept, body), sender.events(vector.headers, vector.body), strict=True
    ):
        assert (again.id, again.topic, again.version) == (event.id, event.topic, event.version)
    if vector.sender != "salesforce" and vector in PROVEN:
        with pytest.raises(SignatureInvalid):
            sender.verify(kept, body, now=vector.now)


@pytest.mark.parametrize("vector", PROVEN, ids=named)
def test_no_secret_shows_in_the_repr_of_a_sender(vector):
    shown = repr(vector.configured())
    for secret in vector.secrets:
        assert secret not in shown
        assert secret.encode().hex() not in shown


FORM = "application/x-www-form-urlencoded"
BODIES = st.one_of(
    st.binary(max_size=200),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["seq", "kind", "at", "type", "timestamp"]), inner)
        ),
        max_leaves=8,
    ).map(lambda value: json.dumps(value).encode()),
)
VALUES = st.one_of(
    st.text(st.characters(max_codepoint=255), max_size=40),
    st.text(max_size=20),
    st.sampled_from(
        ["", "v1,", "v1", ",", "Bearer", "Basic é", "sha256=", "-1", "1e9", "٣", "1" * 13]
    ),
)


@pytest.mark.parametrize("vector", ONE_EACH, ids=lambda vector: vector.sender)
def test_no_bytes_raise_anything_but_a_source_error(vector):
    sender = vector.configured()
    names = sorted(set(vector.headers) | set(sender.headers))

    @examples(15, 100, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.dictionaries(st.sampled_from(names), VALUES), st.booleans(), BODIES)
    @example({}, True, b"[" * 100_000)
    @example({}, True, b'{"a":' * 100_000)
    @example({}, True, b'{"seq": 1e999}')
    @example({}, True, b'{"seq": NaN}')
    @example({}, True, b'{"seq": ' + b"9" * 5000 + b"}")
    @example({}, True, b'{"seq": "\\ud800"}')
    @example({}, True, b"\xff\xfe{\x00}\x00")
    @example({}, False, b"a=%ff")
    @example({}, True, b"<a>" * 1000)
    @example({}, True, b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>")
    @example({}, True, b"payload=%ff")
    @example({}, True, b"[{}, 1, null, []]")
    def attempt(changed, real, body):
        headers = vector.headers | changed if real else changed
        for step in (
            lambda: sender.verify(headers, body, now=vector.now),
            lambda: sender.verify(headers, vector.body, now=vector.now),
            lambda: list(sender.events(headers, body)),
            lambda: list(sender.events(headers | {"content-type": FORM}, body)),
        ):
            with contextlib.suppress(SourceError):
                step()

    attempt()
