"""A right request with one thing wrong is refused, whatever that is."""

import random

import pytest

from service.senders import SENDERS
from tests.support.mutants import proofs, requests, spoiled
from tests.support.recorded_vectors import VALID
from workers.errors import SignatureInvalid

REQUESTS = requests()


def test_every_sender_whose_proof_covers_the_body_is_among_them():
    senders = {vector.sender for vector in VALID if vector.covered}
    assert senders == {name for name, kind in SENDERS.items() if kind.covers_body}
    assert {request.name for request in REQUESTS} <= {vector.name for vector in VALID}


@pytest.mark.parametrize("vector", [v for v in VALID if v.covered], ids=lambda v: v.name)
def test_the_headers_that_are_spoiled_are_there(vector):
    signed, present = proofs(vector)
    assert {*signed, *present} <= set(vector.headers)


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: request.name)
def test_one_thing_wrong_is_enough_to_be_refused(request_):
    request_.verify(request_.headers, request_.body)
    source = random.Random(request_.name)  # noqa: S311 - to be the same in every run
    for _ in range(500):
        headers, body = spoiled(request_, source)
        with pytest.raises(SignatureInvalid):
            request_.verify(headers, body)
