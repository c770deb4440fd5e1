"""Requests of the pages signed as their senders do, where the page cannot show a signature."""

import base64
import hmac
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import urlsplit

PUBLIC_URL = "https://hooks.example.com"


@dataclass(frozen=True)
class Sent:
    secret: str
    url: str
    headers: dict[str, str]
    body: bytes
    now: int


def signed(sender, secret, request, *, now):
    """
    Return the headers of *request*, by lower-case names, with its proof among them.

    Args:
        sender: Name of the sender; of one that signs nothing the page shows the proof.
        secret: The first of its source.
        request: As ``cookbook.Request``.
        now: When it is sent.
    """
    headers = {name.lower(): value for name, value in request.headers.items()}
    if sender not in SCHEMES:
        return headers
    url = PUBLIC_URL + urlsplit(request.path).path
    sent = Sent(secret, url, headers, request.body.encode(), int(now.timestamp()))
    return headers | SCHEMES[sender](sent)


def _digest(key, text):
    return hmac.digest(key, text, sha256)


def _base64(key, text):
    return base64.b64encode(_digest(key, text)).decode()


def _hex_of_body(name, form="{}", decode=str.encode):
    return lambda sent: {name: form.format(_digest(decode(sent.secret), sent.body).hex())}


def _base64_of_body(name):
    return lambda sent: {name: _base64(sent.secret.encode(), sent.body)}


def _hubspot(sent):
    text = f"POST{sent.url}".encode() + sent.body + str(sent.now * 1000).encode()
    return {
        "x-hubspot-request-timestamp": str(sent.now * 1000),
        "x-hubspot-signature-v3": _base64(sent.secret.encode(), text),
    }


def _square(sent):
    digest = _base64(sent.secret.encode(), sent.url.encode() + sent.body)
    return {"x-square-hmacsha256-signature": digest}


def _standard(family, decode):
    def sign(sent):
        id = sent.headers.get(f"{family}-id", "msg_1")
        text = f"{id}.{sent.now}.".encode() + sent.body
        return {
            f"{family}-id": id,
            f"{family}-timestamp": str(sent.now),
            f"{family}-signature": f"v1,{_base64(decode(sent.secret), text)}",
        }

    return sign


def _stripe(sent):
    digest = _digest(sent.secret.encode(), f"{sent.now}.".encode() + sent.body).hex()
    return {"stripe-signature": f"t={sent.now},v1={digest}"}


def _webflow(sent):
    stamp = str(sent.now * 1000)
    digest = _digest(sent.secret.encode(), f"{stamp}:".encode() + sent.body).hex()
    return {"x-webflow-timestamp": stamp, "x-webflow-signature": digest}


def _whsec(secret):
    return base64.b64decode(secret.removeprefix("whsec_"))


SCHEMES = {
    "airtable": _hex_of_body("x-airtable-content-mac", "hmac-sha256={}", base64.b64decode),
    "bigcommerce": _standard("webhook", str.encode),
    "debezium": _standard("webhook", _whsec),
    "github": _hex_of_body("x-hub-signature-256", "sha256={}"),
    "hubspot": _hubspot,
    "lightspeed": _hex_of_body("x-signature", "signature={},algorithm=HMAC-SHA256"),
    "shopify": _base64_of_body("x-shopify-hmac-sha256"),
    "square": _square,
    "standard-webhooks": _standard("webhook", _whsec),
    "stripe": _stripe,
    "svix": _standard("svix", _whsec),
    "webflow": _webflow,
    "woocommerce": _base64_of_body("x-wc-webhook-signature"),
}
