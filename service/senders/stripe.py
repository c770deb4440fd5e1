"""
Stripe. HMAC-SHA256 of "<t>.<body>", hex, in ``Stripe-Signature: t=…,v1=…``.

The secret is used as text, ``whsec_`` included. During a roll there is one v1 for each secret;
other schemes are ignored. A retry has a new t. ``created`` has whole seconds.

https://docs.stripe.com/webhooks
https://docs.stripe.com/webhooks/signature
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from marshmallow import Schema

from service.senders.base import SenderConfig, SenderKind
from service.senders.composed import Sender
from service.senders.event_fields import EventReader, places
from service.senders.options import seconds
from service.senders.signatures import (
    header_bytes,
    matches,
    require_header,
    require_recent,
    signatures,
)
from service.senders.topics import Topics
from workers.errors import SignatureInvalid


class StripeOptions(Schema):
    tolerance = seconds(300.0)


@dataclass(frozen=True, slots=True)
class StripeSignature:
    keys: tuple[bytes, ...] = field(repr=False)
    tolerance: float

    def require(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> None:
        given = require_header(headers, "stripe-signature")
        pairs = [entry.partition("=")[::2] for entry in given.split(",")]
        # A repeated header has two, the second after a blank.
        stamps = [value for name, value in pairs if name.strip() == "t"]
        if len(stamps) != 1:
            raise SignatureInvalid(f"the signature has {len(stamps)} t, expected one")
        require_recent(stamps[0], now=now, tolerance=self.tolerance)
        wanted = signatures(stamps[0].encode() + b"." + body, self.keys)
        found = [header_bytes(value) for name, value in pairs if name == "v1"]
        if not any(matches(each, wanted) for each in found):
            raise SignatureInvalid(f"none of {len(found)} v1 signatures is that of the body")


def build(config: SenderConfig) -> Sender:
    proof = StripeSignature(config.keys(str.encode, "text"), config.options["tolerance"])
    reader = EventReader(
        id=places("id"),
        topic=places("type"),
        occurred_at=places("created"),
        needed=frozenset({"id", "topic", "occurred_at"}),
    )
    return Sender(proof, reader)


_CHANGES: Final = ("created", "updated", "deleted")

KIND = SenderKind(
    build,
    key="the endpoint's signing secret, whsec_…",
    proof="HMAC-SHA256 of time and body",
    dedupe="id",
    order="created (whole seconds)",
    retries="up to 3 days; by hand for 30",
    options=StripeOptions,
    dedupe_hours=720,
    covers_body=True,
    topics=Topics(
        r"[a-z0-9_]+(\[[a-z0-9_.]+\])?(\.[a-z0-9_]+(\[[a-z0-9_.]+\])?)+",
        {"product.": _CHANGES, "price.": _CHANGES},
    ),
)
