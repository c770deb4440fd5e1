import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest

from service.senders import build
from workers.config.settings import Source
from workers.errors import SignatureInvalid

NOW = datetime(2026, 5, 12, 9, 30, tzinfo=UTC)
STAMP = "1778578200"
BODY = '{"note":"räknat"}'.encode()
KEY = bytes(range(24))


def sender(key="key", **options):
    source = Source("erp", "hmac", (key,), options={"header": "X-Sig"} | options)
    return build(source, public_url=None)


def signature(signed, key=b"key", algorithm="sha256"):
    return hmac.new(key, signed, algorithm).hexdigest()


def refuses(configured, headers, body=BODY):
    with pytest.raises(SignatureInvalid):
        configured.verify(headers, body, now=NOW)
    return True


@pytest.mark.parametrize("algorithm", ["sha256", "sha512", "sha1"])
def test_the_configured_algorithm_counts_and_no_other(algorithm):
    configured = sender(algorithm=algorithm)
    configured.verify({"x-sig": signature(BODY, algorithm=algorithm)}, BODY, now=NOW)
    for other in {"sha256", "sha512", "sha1"} - {algorithm}:
        assert refuses(configured, {"x-sig": signature(BODY, algorithm=other)})


def test_the_configured_encoding_counts_and_no_other():
    digest = hmac.new(b"key", BODY, hashlib.sha256).digest()
    found = {"x-sig": base64.b64encode(digest).decode()}
    sender(encoding="base64").verify(found, BODY, now=NOW)
    assert refuses(sender(encoding="base64"), {"x-sig": digest.hex()})
    assert refuses(sender(encoding="hex"), found)


@pytest.mark.parametrize(
    ("encoding", "secret"),
    [("hex", KEY.hex()), ("base64", base64.b64encode(KEY).decode()), ("text", "schlüssel")],
)
def test_the_key_is_decoded_as_configured(encoding, secret):
    key = secret.encode() if encoding == "text" else KEY
    configured = sender(secret, key_encoding=encoding)
    configured.verify({"x-sig": signature(BODY, key)}, BODY, now=NOW)
    if encoding != "text":
        assert refuses(configured, {"x-sig": signature(BODY, secret.encode())})


def test_the_signed_text_holds_id_and_time_in_any_order():
    configured = sender(
        signed="v0:{timestamp}:{id}:{body}:{ }", id_header="X-Id", timestamp_header="X-At"
    )
    signed = b"v0:" + STAMP.encode() + b":d-1:" + BODY + b":{ }"
    headers = {"x-sig": signature(signed), "x-id": "d-1", "x-at": STAMP}
    configured.verify(headers, BODY, now=NOW)
    assert refuses(configured, headers | {"x-id": "d-2"})
    assert refuses(configured, headers | {"x-at": "1778578201"})
    for name in ("x-id", "x-at", "x-sig"):
        assert refuses(configured, {key: headers[key] for key in headers if key != name})


def test_a_body_that_looks_like_a_placeholder_is_signed_as_it_stands():
    configured = sender(signed="{timestamp}.{body}", timestamp_header="X-At")
    body = b"{timestamp}{body}"
    headers = {"x-sig": signature(STAMP.encode() + b"." + body), "x-at": STAMP}
    configured.verify(headers, body, now=NOW)


def test_the_tolerance_is_as_configured():
    options = {"signed": "{timestamp}{body}", "timestamp_header": "X-At", "timestamp_unit": "ms"}
    configured = sender(**options, tolerance=10)
    for age, passes in ((10_000, True), (10_001, False)):
        stamp = str(1778578200_000 - age)
        headers = {"x-sig": signature(stamp.encode() + BODY), "x-at": stamp}
        assert passes or refuses(configured, headers)
        if passes:
            configured.verify(headers, BODY, now=NOW)


def test_a_signed_header_counts_by_the_bytes_that_came():
    configured = sender(signed="{id}{body}", id_header="X-Id")
    on_the_wire = "é".encode()
    headers = {"x-sig": signature(on_the_wire + BODY), "x-id": on_the_wire.decode("latin-1")}
    configured.verify(headers, BODY, now=NOW)


def test_a_timestamp_that_is_not_signed_must_be_recent_all_the_same():
    configured = sender(timestamp_header="X-At", id_header="X-Id")
    found = {"x-sig": signature(BODY)}
    configured.verify(found | {"x-at": STAMP}, BODY, now=NOW)
    assert refuses(configured, found | {"x-at": "1778577899"})
    assert refuses(configured, found)
