"""What is refused at the door, whatever the framing and the proof, and how it is told."""

import json
import re
from collections import Counter

import pytest

from tests.support.raw_door import delivery, event, eventually, head, signature, start, talk


@pytest.fixture(scope="module")
def instep(tmp_path_factory):
    instep, _ = start(tmp_path_factory.mktemp("door"))
    yield instep
    instep.close()


@pytest.fixture
def address(instep):
    return instep.address


def told_of(instep):
    """Return how often /metrics says each pair of reason and source."""
    _, metrics = talk(instep.address, head(b"/metrics", method=b"GET"))
    counts = re.findall(
        r'instep_refusals_total{reason="(.*)",source="(.*)"} (.*)', metrics.decode()
    )
    return Counter({(reason, source): float(count) for reason, source, count in counts})


def test_each_kind_is_counted_by_source_and_logged_once(instep):
    body = event("e1")
    requests = {
        ("erp", "refused"): head(b"/webhooks/erp", b"Content-Length: 0"),
        ("erp", "not-found"): delivery(body, target=b"/webhooks/erp/token"),
        ("erp", "method"): head(b"/webhooks/erp", method=b"GET"),
        ("erp", "too-large"): head(b"/webhooks/erp", b"Content-Length: 99999999"),
        ("erp", "malformed"): delivery(body).replace(b"POST", b"post", 1),
        ("bearer", "incomplete"): head(b"/webhooks/bearer", b"Content-Length: 9"),
        ("(unknown)", "not-found"): delivery(body, target=b"/webhooks/none"),
        ("(unknown)", "method"): head(b"/webhooks/other", method=b"PUT"),
    }
    before, counted, logged = instep.status(), told_of(instep), len(instep.log())
    for (_, reason), request in requests.items():
        # Who closes its side is let go at once, maybe before its request is looked at.
        status, _ = talk(instep.address, request, half_close=reason == "incomplete")
        assert status >= 400, reason
    expected = {source: dict(reasons) for source, reasons in before["refusals"].items()}
    for source, reason in requests:
        expected.setdefault(source, {})
        expected[source][reason] = expected[source].get(reason, 0) + 1
    found = eventually(lambda: (status := instep.status())["refusals"] == expected and status)
    assert found["sources"]["erp"]["refused"] - before["sources"]["erp"]["refused"] == 1
    assert "(unknown)" not in found["sources"]
    told = told_of(instep) - counted
    assert told == {(reason, source): 1.0 for source, reason in requests}
    for source, reason in requests:
        told = {"message": "delivery", "outcome": reason, "source": source}
        lines = map(json.loads, instep.log()[logged:].splitlines())
        assert len([line for line in lines if told.items() <= line.items()]) == 1, reason


def test_what_any_part_of_the_door_refuses_is_listed(instep):
    requests = (
        ("erp", 401, head(b"/webhooks/erp", b"Content-Length: 0")),
        ("erp", 413, head(b"/webhooks/erp", b"Content-Length: 99999999")),
        ("bearer", 400, head(b"/webhooks/bearer", b"Content-Length: 9")),
        ("(unknown)", 404, delivery(event("e1"), target=b"/webhooks/none")),
    )
    for _, status, request in requests:
        assert talk(instep.address, request, half_close=status == 400)[0] == status
    wanted = {(source, status) for source, status, _ in requests}

    def listed():
        found = instep.asked("deliveries", "list", "--outcome", "refused", "--limit", "200") or ()
        return wanted <= {(each["source"], each["status"]) for each in found}

    eventually(listed)


def test_an_underscore_overrides_no_dash(address):
    body = event("underscore")
    length = b"Content-Length: %d" % len(body)
    wrong = b"X_Signature: 00"
    right = signature(body)
    assert talk(address, head(b"/webhooks/erp", right, wrong, length) + body)[0] == 200
    assert talk(address, head(b"/webhooks/erp", wrong, right, length) + body)[0] == 200
    alone = right.replace(b"-", b"_")
    assert talk(address, head(b"/webhooks/erp", alone, length) + body)[0] == 401


@pytest.mark.parametrize("method", [b"post", b"Post", b"pOST"])
def test_a_method_in_lower_case_is_none(address, method):
    assert talk(address, delivery(event("lower")).replace(b"POST", method, 1))[0] == 400


@pytest.mark.parametrize(
    ("target", "status"),
    [
        (b"/webhooks/erp/", 200),
        (b"/webhooks/erp/?a=b", 200),
        (b"/webhooks/%65rp", 200),
        (b"http://x/webhooks/erp", 200),
        (b"/webhooks/erp//", 404),
        (b"//webhooks/erp", 404),
        (b"/webhooks//erp", 404),
        (b"/webhooks/erp%2F", 404),
        (b"/webhooks%2Ferp", 200),
        (b"/webhooks/ERP", 404),
        (b"/webhooks/erp%00", 404),
        (b"/webhooks/%ff", 404),
        (b"/webhooks/", 404),
        (b"/webhooks", 404),
    ],
)
def test_an_address_is_taken_as_it_is_written(address, target, status):
    body = event(target.decode())
    assert talk(address, delivery(body, target=target))[0] == status


# An incomplete body is never accepted.
CHUNKED = b"Transfer-Encoding: chunked"


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
