import base64
import hmac
from datetime import UTC, datetime

import pytest

from service.senders import build
from workers.config.settings import Source
from workers.errors import SignatureInvalid

NOW = datetime(2026, 5, 12, 9, 30, tzinfo=UTC)
UNIX = 1778578200
KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()
BODY = b'{"type":"stock.adjusted","timestamp":"2026-05-12T09:29:55.25Z","data":{"sku":"L-1"}}'


def sender(**options):
    source = Source("shop", "standard-webhooks", (SECRET,), options=options)
    return build(source, public_url=None)


def request(signatures=None, stamp=str(UNIX)):
    digest = hmac.digest(KEY, b"msg_1." + stamp.encode() + b"." + BODY, "sha256")
    right = "v1," + base64.b64encode(digest).decode()
    given = right if signatures is None else signatures.replace("RIGHT", right)
    return {"webhook-id": "msg_1", "webhook-timestamp": stamp, "webhook-signature": given}


@pytest.mark.parametrize("age", [-300, 300])
def test_exactly_five_minutes_pass_both_ways(age):
    sender().verify(request(stamp=str(UNIX - age)), BODY, now=NOW)


@pytest.mark.parametrize("age", [-301, 301])
def test_more_than_five_minutes_are_refused_both_ways(age):
    with pytest.raises(SignatureInvalid):
        sender().verify(request(stamp=str(UNIX - age)), BODY, now=NOW)


@pytest.mark.parametrize("given", ["nocomma RIGHT", "v1,AAAA RIGHT v9,x", "RIGHT ", "v1,é , RIGHT"])
def test_one_right_signature_among_any_others_is_enough(given):
    sender().verify(request(given), BODY, now=NOW)


@pytest.mark.parametrize(
    "given", ["v1", "v1,", ",", " ", "v1,é", "v0,RIGHT", "v1a,RIGHT", "RIGHT,"]
)
def test_no_right_signature_is_refused(given):
    with pytest.raises(SignatureInvalid):
        sender().verify(request(given), BODY, now=NOW)


def test_a_secret_may_stand_without_its_prefix():
    plain = Source("shop", "standard-webhooks", (SECRET.removeprefix("whsec_"),))
    build(plain, public_url=None).verify(request(), BODY, now=NOW)


def test_a_system_that_names_its_fields_otherwise_is_told_by_settings():
    body = b'{"kind":"stock","at":1778578199}'
    (event,) = sender(topic="kind", occurred_at="at").events({"webhook-id": "msg_1"}, body)
    assert (event.id, event.topic, event.version) == ("msg_1", "stock", "t01778578199000000")
