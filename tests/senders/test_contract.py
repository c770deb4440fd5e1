"""What holds for every sender in the registry."""

import contextlib
import dataclasses
import json

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from recorded import VALID, named

from service.senders import SENDERS
from workers.errors import SignatureInvalid, SourceError

# What they send is a password: it says nothing of the body.
BODY_NOT_PROVEN = {"basic", "bearer", "header"}

SIGNED = [vector for vector in VALID if vector.sender not in BODY_NOT_PROVEN]

# No vector was recorded of a plain header.
HEADER_OF_OWN = dataclasses.replace(
    next(vector for vector in VALID if vector.sender == "bearer"),
    name="header",
    sender="header",
    options={"header": "X-Token", "id": "seq", "topic": "kind", "occurred_at": "at"},
    headers={"content-type": "application/json", "x-token": "9c1e5a-internal"},
)
PROVEN = [*VALID, HEADER_OF_OWN]
ONE_EACH = list({vector.sender: vector for vector in PROVEN}.values())


def test_every_sender_has_a_valid_vector():
    assert {vector.sender for vector in PROVEN} == set(SENDERS)


@pytest.mark.parametrize("vector", PROVEN, ids=named)
def test_what_is_recorded_is_proven(vector):
    vector.configured().verify(vector.headers, vector.body, now=vector.now)


@pytest.mark.parametrize("vector", SIGNED, ids=named)
def test_a_flipped_bit_in_any_byte_of_the_body_is_refused(vector):
    sender = vector.configured()
    for place in range(len(vector.body)):
        body = bytearray(vector.body)
        body[place] ^= 1 << place % 8
        with pytest.raises(SignatureInvalid):
            sender.verify(vector.headers, bytes(body), now=vector.now)


@pytest.mark.parametrize("vector", PROVEN, ids=named)
def test_a_longer_or_shorter_proof_is_refused(vector):
    sender = vector.configured()
    proofs = set(vector.headers) - {"content-type", *sender.headers}
    proofs -= {
        name for name in vector.headers if name.startswith("x-shopify-") and "hmac" not in name
    }
    assert proofs
    for name in proofs:
        for value in (vector.headers[name] + "A", vector.headers[name][:-1], ""):
            with pytest.raises(SignatureInvalid):
                sender.verify(vector.headers | {name: value}, vector.body, now=vector.now)


@pytest.mark.parametrize("vector", PROVEN, ids=named)
def test_a_missing_header_of_the_proof_is_refused(vector):
    sender = vector.configured()
    with pytest.raises(SignatureInvalid):
        sender.verify({}, vector.body, now=vector.now)


@pytest.mark.parametrize("vector", PROVEN, ids=named)
def test_a_second_secret_is_accepted_while_it_is_rotated(vector):
    longer = (
        "whsec_bmV3ZXI=" if vector.sender == "standard-webhooks" else "new:er",
        *vector.secrets,
    )
    for secrets in (longer, longer[::-1]):
        vector.configured(secrets=secrets).verify(vector.headers, vector.body, now=vector.now)


@pytest.mark.parametrize("vector", PROVEN, ids=named)
def test_another_secret_is_refused(vector):
    other = ("whsec_bmV3ZXI=" if vector.sender == "standard-webhooks" else "new:er",)
    with pytest.raises(SignatureInvalid):
        vector.configured(secrets=other).verify(vector.headers, vector.body, now=vector.now)


@pytest.mark.parametrize("vector", PROVEN, ids=named)
def test_what_is_kept_with_a_dead_letter_is_no_proof_and_suffices_to_read_it_again(vector):
    sender = vector.configured()
    kept = {
        name: value
        for name, value in vector.headers.items()
        if name in ("content-type", *sender.headers)
    }
    assert list(sender.events(kept, vector.body)) == list(
        sender.events(vector.headers, vector.body)
    )
    with pytest.raises(SignatureInvalid):
        sender.verify(kept, vector.body, now=vector.now)


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

    @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.dictionaries(st.sampled_from(names), VALUES), st.booleans(), BODIES)
    @example({}, True, b"[" * 100_000)
    @example({}, True, b'{"a":' * 100_000)
    @example({}, True, b'{"seq": 1e999}')
    @example({}, True, b'{"seq": NaN}')
    @example({}, True, b'{"seq": ' + b"9" * 5000 + b"}")
    @example({}, True, b'{"seq": "\\ud800"}')
    @example({}, True, b"\xff\xfe{\x00}\x00")
    @example({}, False, b"a=%ff")
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
