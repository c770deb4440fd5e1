import gzip
import io
import json
import logging

import pytest

from service.mapping.registry import Mapped
from tests.support.application import PROOF, Mappings, Outbox, make
from workers.errors import StoreFull, StoreUnavailable, StoreUnsafe


@pytest.fixture
def outbox():
    return Outbox()


@pytest.fixture
def client(tmp_path, outbox):
    return make(tmp_path, outbox)


@pytest.mark.parametrize("outcome", ["kept", "duplicate"])
def test_what_is_kept_is_answered_200(client, outbox, outcome):
    outbox.outcome = outcome
    response = client.post("/webhooks/erp", data=b"{}", headers=PROOF)
    assert (response.status_code, response.json) == (200, {"status": outcome})


def test_what_nothing_wants_is_answered_200(client, monkeypatch):
    monkeypatch.setattr(Mappings, "changes", lambda *_, **__: Mapped())
    response = client.post("/webhooks/erp", data=b"{}", headers=PROOF)
    assert (response.status_code, response.json) == (200, {"status": "unwanted"})


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 10_000])
def test_a_proven_body_that_cannot_be_read_is_answered_200(client, outbox, body):
    response = client.post("/webhooks/erp", data=body, headers=PROOF)
    assert response.status_code == 200
    assert outbox.deliveries[0].events[0].problems


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer no"}, {"Authorization": b"Bearer \xff".decode("latin-1")}],
)
def test_a_bad_proof_is_answered_401_without_a_word(client, outbox, headers):
    response = client.post("/webhooks/erp", data=b"{}", headers=headers)
    assert (response.status_code, response.data) == (401, b"")
    assert outbox.refusals == [("erp", "refused")]


@pytest.mark.parametrize(
    "path",
    [
        "/webhooks/none",
        "/webhooks/erp/token",
        "/webhooks",
        "/webhooks/erp//",
        "/webhooks//erp",
        "/webhooks/",
        "/none",
    ],
)
def test_no_such_source_is_answered_404(client, path):
    response = client.post(path, data=b"{}", headers=PROOF)
    assert (response.status_code, response.json) == (404, {"error": "Not Found"})


@pytest.mark.parametrize(
    "path", ["/webhooks/hidden", "/webhooks/hidden/token", "/webhooks/hidden/t"]
)
def test_a_source_with_a_path_token_is_not_there_without_it(client, outbox, path):
    assert client.post(path, data=b"{}", headers=PROOF).status_code == 404
    assert outbox.deliveries == []


def test_a_source_with_a_path_token_is_reached_with_it(client):
    assert client.post("/webhooks/hidden/tøken/1", data=b"{}", headers=PROOF).status_code == 200


@pytest.mark.parametrize("path", ["/webhooks/erp/", "/webhooks/hidden/tøken/1/"])
def test_one_slash_more_at_the_end_is_the_same_source(client, outbox, path):
    assert client.post(path, data=b"{}", headers=PROOF).status_code == 200
    assert len(outbox.deliveries) == 1


@pytest.mark.parametrize("path", ["/webhooks/erp/", "/webhooks/hidden/tøken/1/"])
def test_a_slash_in_disguise_is_none(client, outbox, path):
    environ = {"RAW_URI": path.removesuffix("/") + "%2F?a=/"}
    response = client.post(path, data=b"{}", headers=PROOF, environ_overrides=environ)
    assert (response.status_code, outbox.deliveries) == (404, [])


@pytest.mark.parametrize("path", ["/webhooks/hidden//", "/webhooks/hidden/tøken/1//"])
def test_two_slashes_more_are_another_path(client, path):
    assert client.post(path, data=b"{}", headers=PROOF).status_code == 404


@pytest.mark.parametrize("path", ["//webhooks/erp", "///webhooks/erp", "//webhooks/erp/"])
def test_a_slash_more_at_the_beginning_is_another_path(client, outbox, path):
    environ = {"PATH_INFO": path}
    response = client.post("/", data=b"{}", headers=PROOF, environ_overrides=environ)
    assert (response.status_code, outbox.deliveries) == (404, [])
    assert outbox.refusals == [("(unknown)", "not-found")]


@pytest.mark.parametrize(
    ("method", "path", "refusal"),
    [
        ("POST", "/webhooks/none", ("(unknown)", "not-found")),
        ("POST", "/webhooks/", ("(unknown)", "not-found")),
        ("POST", "/webhooks/hidden/wrong", ("hidden", "not-found")),
        ("GET", "/webhooks/erp", ("erp", "method")),
        ("GET", "/webhooks/none", ("(unknown)", "method")),
    ],
)
def test_a_refusal_is_one_line_in_the_log_and_counted(
    client, outbox, caplog, method, path, refusal
):
    client.open(path, method=method, data=b"{}", headers=PROOF)
    assert outbox.refusals == [refusal]
    (line,) = (vars(record) for record in caplog.records)
    assert (line["message"], line["source"], line["outcome"]) == ("delivery", *refusal)
    assert "wrong" not in json.dumps(line, default=str)


def test_what_is_too_large_is_counted(client, outbox):
    client.post("/webhooks/small", data=b"12345678901", headers=PROOF)
    assert outbox.refusals == [("small", "too-large")]


def test_an_address_that_is_none_of_deliveries_is_not_counted(client, outbox):
    assert client.get("/none").status_code == 404
    assert outbox.refusals == []


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
def test_another_method_is_answered_405(client, method):
    response = client.open("/webhooks/erp", method=method)
    assert response.status_code == 405
    assert response.headers["Allow"] == "POST"


def test_a_body_of_the_limit_passes_and_one_byte_more_is_answered_413(client, outbox):
    assert client.post("/webhooks/small", data=b"1234567890", headers=PROOF).status_code == 200
    response = client.post("/webhooks/small", data=b"12345678901", headers=PROOF)
    assert response.status_code == 413
    assert "max_body" in response.json["error"]
    assert len(outbox.deliveries) == 1


class Dribble(io.RawIOBase):
    """A body that comes in pieces and without a length."""

    def __init__(self, body):
        self.body = body
        self.taken = 0

    def read(self, size=-1):
        size = 3 if size < 0 else min(size, 3)
        piece, self.body = self.body[:size], self.body[size:]
        self.taken += len(piece)
        return piece


def streamed(client, path, stream, **environ):
    environ |= {"wsgi.input": stream, "wsgi.input_terminated": True}
    return client.post(path, headers=PROOF, environ_overrides=environ)


def chunked(client, body):
    stream = Dribble(body)
    return streamed(client, "/webhooks/small", stream, HTTP_TRANSFER_ENCODING="chunked"), stream


def test_a_chunked_body_is_read_to_its_end(client, outbox):
    response, _ = chunked(client, b"1234567890")
    assert response.status_code == 200
    assert outbox.deliveries[0].body == b"1234567890"


def test_a_chunked_body_over_the_limit_is_read_to_its_end_so_that_the_answer_is_seen(client):
    response, stream = chunked(client, b"1" * 1_000)
    assert (response.status_code, stream.taken) == (413, 1_000)


def test_an_endless_body_is_answered_too(client):
    class Endless:
        def read(self, size):
            return b"1" * size

    environ = {"HTTP_TRANSFER_ENCODING": "chunked"}
    assert streamed(client, "/webhooks/small", Endless(), **environ).status_code == 413


def test_a_body_that_ends_before_its_length_is_not_taken(client, outbox):
    response = streamed(client, "/webhooks/erp", Dribble(b"{}"), CONTENT_LENGTH="9")
    assert response.status_code == 400
    assert outbox.deliveries == []


def test_the_bytes_are_read_before_anything_parses_them(client, outbox):
    form = PROOF | {"Content-Type": "application/x-www-form-urlencoded"}
    client.post("/webhooks/erp", data=b"id=e1&note=r%C3%A4+x", headers=form)
    assert outbox.deliveries[0].body == b"id=e1&note=r%C3%A4+x"
    assert outbox.deliveries[0].events[0].id == "e1"


@pytest.mark.parametrize("outcome", [None, "full"])
def test_what_could_not_be_kept_is_answered_503(client, outbox, outcome):
    outbox.outcome = outcome
    response = client.post("/webhooks/erp", data=b"{}", headers=PROOF)
    assert response.status_code == 503
    assert "send again later" in response.json["error"]
    assert "passw0rd" not in response.text
    assert "Retry-After" not in response.headers


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (StoreUnavailable, "the store does not answer"),
        (StoreFull, "the store's memory is full"),
        (StoreUnsafe, "the store may lose what it is given"),
    ],
)
def test_a_503_says_why_and_no_more(client, outbox, monkeypatch, error, words):
    def accept(_):
        raise error("redis://:passw0rd@store")

    monkeypatch.setattr(outbox, "accept", accept)
    response = client.post("/webhooks/erp", data=b"{}", headers=PROOF)
    assert response.json == {"error": f"{words}; send again later"}


def test_every_delivery_is_one_line_in_the_log(client, caplog):
    with caplog.at_level(logging.INFO, logger="service"):
        client.post("/webhooks/erp", data=b'{"id": "e1"}', headers=PROOF)
        client.post("/webhooks/erp", data=b"{}")
    kept, refused = (vars(record) for record in caplog.records)
    assert kept["message"] == refused["message"] == "delivery"
    assert (kept["source"], kept["status"]) == ("erp", 200)
    assert (kept["event_ids"], kept["events"], kept["accepted"]) == (("e1",), 1, 1)
    assert {"collections", "keys", "records", "problems", "ms"} <= set(kept)
    assert (refused["outcome"], refused["status"]) == ("refused", 401)
    assert refused["reason"] == "header authorization is missing"
    assert "s3cret" not in json.dumps([kept, refused], default=str)


def test_a_delivery_that_is_a_dead_letter_alone_is_logged_as_unmapped(client, caplog):
    with caplog.at_level(logging.INFO, logger="service.web"):
        response = client.post("/webhooks/erp", data=b"{", headers=PROOF)
    (line,) = (vars(record) for record in caplog.records)
    assert (response.json["status"], line["outcome"], line["status"]) == ("kept", "unmapped", 200)


def test_a_packed_body_is_taken_and_one_that_is_too_large_unpacked_is_413(client, outbox):
    packed = PROOF | {"Content-Encoding": "gzip"}
    body = gzip.compress(b'{"id": 1}', mtime=0)
    assert client.post("/webhooks/erp", data=body, headers=packed).json == {"status": "kept"}
    assert outbox.deliveries[0].body == b'{"id": 1}'
    large = gzip.compress(b" " * 1_048_577, mtime=0)
    response = client.post("/webhooks/erp", data=large, headers=packed)
    assert response.status_code == 413
    assert "max_body" in response.json["error"]
