"""
The senders' own libraries sign, or accept, the requests that Instep accepts.

Each test imports its own: together they take most of a second, and every process collects them.
"""

import base64
import hmac
import json
from datetime import UTC, datetime

from tests.support.signed_requests import sender

BODY = json.dumps({"type": "stock.adjusted", "data": {"sku": "LMP-OAK-01", "note": "räknat"}})
PLAIN = json.dumps(
    {"base": {"id": "appQ"}, "webhook": {"id": "achN"}, "timestamp": "2026-05-12T09:29:59Z"}
)
URL = "https://hooks.example.com/webhooks/shop"
KEY = base64.b64encode(bytes(range(32))).decode()
NOW = datetime.now(UTC).replace(microsecond=0)  # some libraries look at the clock themselves
STAMP = str(int(NOW.timestamp()))


def accepted(name, headers, body=BODY, **changes):
    return sender(name, **changes).verify(headers, body.encode(), now=NOW) == 1


def test_stripe_signs():
    import stripe

    signature = stripe.WebhookSignature.generate_signature_header(BODY, "whsec_x", int(STAMP))
    assert accepted("stripe", {"stripe-signature": signature}, secrets=("whsec_x",))


def test_standard_webhooks_signs():
    from standardwebhooks import Webhook

    signature = Webhook("whsec_" + KEY).sign("msg_1", NOW, BODY)
    headers = {"webhook-id": "msg_1", "webhook-timestamp": STAMP, "webhook-signature": signature}
    assert accepted("standard-webhooks", headers, secrets=("whsec_" + KEY,))
    assert accepted(
        "debezium", headers, secrets=("whsec_" + KEY,), options={"scheme": "standard-webhooks"}
    )


def test_standard_webhooks_signs_for_bigcommerce_whose_key_is_the_text_of_the_secret():
    from standardwebhooks import Webhook

    signature = Webhook(base64.b64encode(b"c3e0f8a1d1f74a8c").decode()).sign("msg_1", NOW, BODY)
    headers = {"webhook-id": "msg_1", "webhook-timestamp": STAMP, "webhook-signature": signature}
    assert accepted("bigcommerce", headers, secrets=("c3e0f8a1d1f74a8c",))


def test_a_secret_without_padding_is_the_one_that_the_library_takes_it_for():
    from standardwebhooks import Webhook

    secret = "whsec_" + KEY.rstrip("=")
    headers = {"webhook-id": "msg_1", "webhook-timestamp": STAMP}
    headers["webhook-signature"] = Webhook(secret).sign("msg_1", NOW, BODY)
    assert accepted("standard-webhooks", headers, secrets=(secret,))


def test_svix_signs():
    from svix.webhooks import Webhook

    signature = Webhook("whsec_" + KEY).sign("msg_1", NOW, BODY)
    headers = {"svix-id": "msg_1", "svix-timestamp": STAMP, "svix-signature": signature}
    assert accepted("svix", headers, secrets=("whsec_" + KEY,))


def test_hubspot_signs():
    from hubspot.utils.signature import Signature

    stamp = STAMP + "000"
    signature = Signature.get_signature("s3cret", BODY, "v3", URL, "POST", stamp)
    headers = {"x-hubspot-signature-v3": signature, "x-hubspot-request-timestamp": stamp}
    assert accepted("hubspot", headers, url=URL)
    for version in ("v1", "v2"):
        headers = {"x-hubspot-signature": Signature.get_signature("s3cret", BODY, version, URL)}
        assert accepted("hubspot", headers, url=URL, options={"accept": version})


def test_square_accepts_what_instep_accepts():
    from square.utils.webhooks_helper import verify_signature

    digest = hmac.digest(b"s3cret", (URL + BODY).encode(), "sha256")
    signature = base64.b64encode(digest).decode()
    assert verify_signature(
        request_body=BODY, signature_header=signature, signature_key="s3cret", notification_url=URL
    )
    assert accepted("square", {"x-square-hmacsha256-signature": signature}, url=URL)


def test_pyairtable_accepts_what_instep_accepts():
    from pyairtable.models.webhook import WebhookNotification

    mac = "hmac-sha256=" + hmac.digest(bytes(range(32)), PLAIN.encode(), "sha256").hex()
    assert WebhookNotification.from_request(PLAIN, mac, KEY).webhook.id == "achN"
    assert accepted("airtable", {"x-airtable-content-mac": mac}, PLAIN, secrets=(KEY,))
