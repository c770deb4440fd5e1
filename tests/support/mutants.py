"""Requests as recorded, with one thing wrong: none of them may be accepted."""

import dataclasses
from collections.abc import Callable
from random import Random

from tests.support.recorded_vectors import VALID

# By sender: headers whose every bit is proven, and such as are only there, once.
STANDARD = ("webhook-id", "webhook-timestamp", "webhook-signature")
PROOFS = {
    "airtable": (("x-airtable-content-mac",), ()),
    "bigcommerce": (STANDARD, ()),
    "debezium": (STANDARD, ()),
    "github": (("x-hub-signature-256",), ("x-github-event", "x-github-delivery")),
    "hubspot": (("x-hubspot-signature-v3", "x-hubspot-request-timestamp"), ()),
    "lightspeed": (("x-signature",), ()),
    "shopify": (("x-shopify-hmac-sha256",), ("x-shopify-webhook-id", "x-shopify-topic")),
    "square": (("x-square-hmacsha256-signature",), ()),
    "standard-webhooks": (STANDARD, ()),
    "stripe": (("stripe-signature",), ()),
    "svix": (("svix-id", "svix-timestamp", "svix-signature"), ()),
    "webflow": (("x-webflow-timestamp", "x-webflow-signature"), ()),
    "woocommerce": (
        ("x-wc-webhook-signature",),
        ("x-wc-webhook-topic", "x-wc-webhook-source", "x-wc-webhook-id"),
    ),
}
# One right signature among others is enough, so a bit in another does no harm.
SEVERAL = {"list", "two-secrets-active", "two-signatures"}


def proofs(vector):
    """Return the headers that *vector* is proven by, and those that only have to be there."""
    if vector.sender == "hmac":
        names = (vector.options["header"], vector.options.get("timestamp_header"))
        return tuple(name.lower() for name in names if name), ()
    if vector.options.get("accept") == ["v1"]:
        return ("x-hubspot-signature",), ()
    if vector.sender == "svix" and "svix-id" not in vector.headers:
        return STANDARD, ()
    return PROOFS[vector.sender]


@dataclasses.dataclass(frozen=True)
class Request:
    """A right request of one source, and how to spoil it."""

    name: str
    verify: Callable[..., object]
    headers: dict[str, str]
    body: bytes
    signed: tuple[str, ...]
    present: tuple[str, ...]


def requests():
    """Return all that are recorded of senders whose proof covers the body."""
    found = []
    for vector in VALID:
        if not vector.covered or SEVERAL & set(vector.name.split()):
            continue
        sender = vector.configured()

        def verify(headers, body, *, sender=sender, now=vector.now):
            return sender.verify(headers, body, now=now)

        found.append(Request(vector.name, verify, vector.headers, vector.body, *proofs(vector)))
    return found


def spoiled(request: Request, random: Random) -> tuple[dict[str, str], bytes]:
    """Return headers and body of *request* with one thing wrong."""
    return random.choice(WAYS)(request, random)


def _flipped(raw: bytes, random: Random) -> bytes:
    changed = bytearray(raw)
    changed[random.randrange(len(raw))] ^= 1 << random.randrange(8)
    return bytes(changed)


def _body(request, random):
    return request.headers, _flipped(request.body, random)


def _length(request, random):
    place = random.randrange(len(request.body) + 1)
    if random.random() < 0.5:
        return request.headers, request.body[:place] + b" " + request.body[place:]
    place = min(place, len(request.body) - 1)
    return request.headers, request.body[:place] + request.body[place + 1 :]


def _value(request, random):
    name = random.choice(request.signed)
    changed = _flipped(request.headers[name].encode(), random).decode("latin-1")
    return request.headers | {name: changed}, request.body


def _name(request, random):
    name = random.choice(request.signed + request.present)
    changed = name
    while changed == name:  # names have no case
        changed = _flipped(name.encode(), random).decode("latin-1").lower()
    headers = {key: value for key, value in request.headers.items() if key != name}
    return headers | {changed: request.headers[name]}, request.body


def _dropped(request, random):
    name = random.choice(request.signed + request.present)
    headers = {key: value for key, value in request.headers.items() if key != name}
    return headers, request.body


def _doubled(request, random):
    name = random.choice(request.signed + request.present)
    value = request.headers[name]
    joined = random.choice((",", ", ")).join((value, value))
    return request.headers | {name: joined}, request.body


WAYS = (_body, _length, _value, _name, _dropped, _doubled)
