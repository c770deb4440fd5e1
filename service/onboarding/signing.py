"""
Signs a request as the system of a source would, by the proof that its sender asks for.

One function for each kind of proof; a new kind needs its own here before it can be triggered.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import singledispatch
from typing import Any, Final
from urllib.parse import quote

from service.senders.composed import BodyHmac
from service.senders.hmac_signed import HmacSignature
from service.senders.hubspot import HubSpotSignature
from service.senders.lightspeed import LightspeedSignature
from service.senders.salesforce import OrganizationProof
from service.senders.shared_secret import SharedSecret
from service.senders.shopify import ShopifySignature
from service.senders.signatures import signatures
from service.senders.standard_signature import StandardSignature
from service.senders.stripe import StripeSignature
from service.senders.webflow import WebflowSignature
from workers.errors import RequestRefused


@dataclass(frozen=True, slots=True)
class Outgoing:
    """
    A request before or after it is signed; header names are lower case.

    Args:
        event: The id of the event, for schemes that sign one.
        at: The time that is signed, aware.
    """

    headers: Mapping[str, str]
    body: bytes
    event: str
    at: datetime
    query: str = field(default="", repr=False)  # may hold a secret

    def adding(self, **headers: str) -> Outgoing:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return replace(self, headers={**self.headers, **named})


@singledispatch
def sign(proof: Any, _: Outgoing) -> Outgoing:
    """
    Return a request with the proof that *proof* will accept, by its newest secret.

    Raises:
        RequestRefused: Nothing here can sign for it.
    """
    found = f"a proof ({type(proof).__name__}) that only the system itself can make"
    raise RequestRefused(found, "one that is made with a shared secret", "send a real delivery")


def _hmac(key: bytes, text: bytes, encoding: str = "hex", algorithm: str = "sha256") -> str:
    return signatures(text, (key,), algorithm=algorithm, encoding=encoding)[0].decode()


def _ms(now: datetime) -> str:
    return str(int(now.timestamp() * 1000))


def _s(now: datetime) -> str:
    return str(int(now.timestamp()))


@sign.register
def _(proof: BodyHmac, request: Outgoing) -> Outgoing:
    found = _hmac(proof.keys[0], proof.before + request.body, proof.encoding)
    return replace(request, headers={**request.headers, proof.header: proof.prefix + found})


@sign.register
def _(proof: ShopifySignature, request: Outgoing) -> Outgoing:
    return sign(proof.usual, request)


@sign.register
def _(proof: SharedSecret, request: Outgoing) -> Outgoing:
    """One in the body was put there before: `carried`."""
    value = proof.values[0]
    if proof.scheme == "query":
        return replace(request, query=f"{quote(proof.name)}={quote(value, safe='')}")
    if proof.scheme == "body-token":
        return request
    text = value.decode("latin-1")  # as a header carries the bytes
    if proof.scheme == "header":
        return replace(request, headers={**request.headers, proof.name: text})
    basic = f"Basic {base64.b64encode(value).decode()}"
    return request.adding(authorization=basic if proof.scheme == "basic" else f"Bearer {text}")


@sign.register
def _(proof: HmacSignature, request: Outgoing) -> Outgoing:
    headers = dict(request.headers)
    stamp = _ms(request.at) if proof.unit == "ms" else _s(request.at)
    if "id" in proof.parts:
        headers.setdefault(proof.parts["id"], request.event)
    for name in (proof.stamp, proof.parts.get("timestamp")):
        if name:
            headers[name] = stamp
    values = {name: headers[at].encode() for name, at in proof.parts.items()}
    scheme = {name: proof.scheme[name] for name in ("encoding", "algorithm")}
    signed = proof.signed.fill(values | {"body": request.body})
    found = proof.scheme["prefix"] + _hmac(proof.keys[0], signed, **scheme)
    headers[proof.header] = f"{proof.attribute}={found}" if proof.attribute else found
    return replace(request, headers=headers)


@sign.register
def _(proof: StandardSignature, request: Outgoing) -> Outgoing:
    if not proof.keys:
        found = "a public key (whpk_…), with which nothing can be signed"
        raise RequestRefused(found, "a secret (whsec_…)", "send a real delivery")
    family = proof.families[0]
    headers = {
        f"{family}-id": request.event,
        **request.headers,
        f"{family}-timestamp": _s(request.at),
    }
    parts = (headers[f"{family}-id"].encode(), _s(request.at).encode(), request.body)
    headers[f"{family}-signature"] = f"v1,{_hmac(proof.keys[0], b'.'.join(parts), 'base64')}"
    return replace(request, headers=headers)


@sign.register
def _(proof: StripeSignature, request: Outgoing) -> Outgoing:
    found = _hmac(proof.keys[0], f"{_s(request.at)}.".encode() + request.body)
    return request.adding(stripe_signature=f"t={_s(request.at)},v1={found}")


@sign.register
def _(proof: WebflowSignature, request: Outgoing) -> Outgoing:
    found = _hmac(proof.keys[0], f"{_ms(request.at)}:".encode() + request.body)
    return request.adding(x_webflow_timestamp=_ms(request.at), x_webflow_signature=found)


@sign.register
def _(proof: HubSpotSignature, request: Outgoing) -> Outgoing:
    if "v3" not in proof.accept:
        found = f"accept = {', '.join(proof.accept)}"
        raise RequestRefused(found, "v3 among them: nothing else is signed here", "add v3")
    text = b"POST" + proof.url + request.body + _ms(request.at).encode()
    return request.adding(
        x_hubspot_request_timestamp=_ms(request.at),
        x_hubspot_signature_v3=_hmac(proof.keys[0], text, "base64"),
    )


@sign.register
def _(proof: LightspeedSignature, request: Outgoing) -> Outgoing:
    found = _hmac(proof.keys[0], request.body)
    return request.adding(x_signature=f"signature={found},algorithm=HMAC-SHA256")


@sign.register
def _(proof: OrganizationProof, request: Outgoing) -> Outgoing:
    """Nothing is signed: the path token proves it, and the message names the organisation."""
    text = request.body.replace(_ORGANIZATION, proof.organization.encode())
    return replace(request, body=text)


_ORGANIZATION: Final = b"{organization}"
