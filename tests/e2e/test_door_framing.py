"""An incomplete body is never accepted, whatever the framing and the proof."""

import json

import pytest

from tests.support.raw_door import delivery, event, head, signature, start, talk

CHUNKED = b"Transfer-Encoding: chunked"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    instep, _ = start(tmp_path_factory.mktemp("door"))
    yield instep.address
    instep.close()


def chunk(body):
    return b"%x\r\n%b\r\n" % (len(body), body)


# Each is sent a whole body and makes of it what arrives; each of them is valid JSON by itself, so
# that nothing but the framing tells that it is not whole.
CUTS = {
    "no last chunk": lambda body: chunk(body),
    "cut within the last chunk": lambda body: chunk(body) + b"0\r\n",
    "cut within a chunk": lambda body: b"%x\r\n%b" % (len(body) + 9, body),
    "no size": lambda body: chunk(body) + b"\r\n\r\n",
    "a size of no number": lambda body: chunk(body) + b"ZZ\r\n\r\n",
    "a negative size": lambda body: chunk(body) + b"-1\r\n\r\n",
    "a size that is too large": lambda body: chunk(body) + b"FFFFFFFFFFFFFFFFF\r\n\r\n",
    "a size that is too small": lambda body: b"%x\r\n%b\r\n0\r\n\r\n" % (len(body) - 3, body),
    "no line end after a chunk": lambda body: chunk(body)[:-2] + b"0\r\n\r\n",
}
PROOFS = {
    "erp": lambda body: (b"/webhooks/erp", signature(body)),
    "bearer": lambda _: (b"/webhooks/bearer", b"Authorization: Bearer sesame"),
    "basic": lambda _: (b"/webhooks/basic", b"Authorization: Basic dXNlcjp3b3Jk"),
    "header": lambda _: (b"/webhooks/header", b"X-Key: sesame"),
    "query": lambda _: (b"/webhooks/query?key=sesame", b"X-Any: 1"),
    "form": lambda _: (b"/webhooks/form", b"Content-Type: application/json"),
}


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("source", PROOFS)
def test_a_chunked_body_that_is_not_whole_is_not_taken_and_its_repeat_is(address, source, cut):
    body = event(f"{source} {cut}", token="sesame")
    target, proof = PROOFS[source](body)
    lines = (proof, b"X-Id: " + cut.encode())
    broken = head(target, *lines, CHUNKED) + CUTS[cut](body)
    status, _ = talk(address, broken, half_close=True)
    assert status == 400
    whole = head(target, *lines, CHUNKED) + chunk(body) + b"0\r\n\r\n"
    status, said = talk(address, whole)
    assert (status, json.loads(said)) == (200, {"status": "kept"})


@pytest.mark.parametrize("source", PROOFS)
def test_a_body_shorter_than_its_length_is_not_taken_and_its_repeat_is(address, source):
    body = event(f"{source} short", token="sesame")
    target, proof = PROOFS[source](body)
    lines = (proof, b"X-Id: short")
    broken = head(target, *lines, b"Content-Length: %d" % (len(body) + 1)) + body
    assert talk(address, broken, half_close=True)[0] == 400
    whole = head(target, *lines, b"Content-Length: %d" % len(body)) + body
    status, said = talk(address, whole)
    assert (status, json.loads(said)) == (200, {"status": "kept"})


@pytest.mark.parametrize(
    "encoding", [b"gzip, chunked", b"chunked, chunked", b"identity", b"xchunked", b"chunked, gzip"]
)
def test_another_transfer_encoding_is_not_taken(address, encoding):
    body = event(encoding.decode())
    line = b"Transfer-Encoding: " + encoding
    request = head(b"/webhooks/erp", signature(body), line) + chunk(body) + b"0\r\n\r\n"
    # It is answered before its body is read, so that the answer may be cut off by the close.
    assert talk(address, request, half_close=True)[0] in (0, 400)
    assert json.loads(talk(address, delivery(body))[1]) == {"status": "kept"}


@pytest.mark.parametrize("lengths", [(b"3", b"%d"), (b"%d", b"3")])
def test_two_lengths_are_not_taken(address, lengths):
    body = event("two lengths")
    lines = [b"Content-Length: " + (each % len(body) if b"%" in each else each) for each in lengths]
    assert talk(address, head(b"/webhooks/erp", signature(body), *lines) + body)[0] in (0, 400)


def test_a_body_in_one_byte_chunks_is_taken(address):
    body = event("one byte")
    chunks = b"".join(chunk(body[at : at + 1]) for at in range(len(body)))
    request = head(b"/webhooks/erp", signature(body), CHUNKED) + chunks + b"0\r\n\r\n"
    assert talk(address, request)[0] == 200


def test_a_body_of_max_body_is_taken_and_one_byte_more_is_not(address):
    room = 1_048_576 - len(event("large", text=""))
    for more, status in ((0, 200), (1, 413)):
        body = event("large", text="x" * (room + more))
        assert talk(address, delivery(body))[0] == status
        chunks = chunk(body) + b"0\r\n\r\n"
        request = head(b"/webhooks/erp", signature(body), CHUNKED) + chunks
        assert talk(address, request)[0] == status


def test_who_waits_for_our_word_hears_413_before_the_body(address):
    lines = (b"Content-Length: 2000000", b"Expect: 100-continue")
    assert talk(address, head(b"/webhooks/erp", *lines))[0] == 413


def test_two_requests_in_one_go_are_both_answered(address):
    first = delivery(event("pipelined 1")).replace(b"Connection: close\r\n", b"")
    status, rest = talk(address, first + delivery(event("pipelined 2")))
    assert (status, rest.count(b"HTTP/1.1 200")) == (200, 1)
