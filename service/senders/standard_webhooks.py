"""
Standard Webhooks: HMAC-SHA256 (v1) or ed25519 (v1a) of "<id>.<timestamp>.<body>", base64.

The id stays the same over retries, the timestamp is that of the attempt. A payload has its own
``type`` and ``timestamp``; a system that names them otherwise is told by topic and occurred_at.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

from service.senders.base import Given, Kind
from service.senders.composed import Proven
from service.senders.event_fields import Place
from service.senders.options import Options as SenderOptions
from service.senders.options import PlaceField, PlacesField, reading, seconds
from service.senders.payload import parse
from service.senders.standard_signature import standard


class Options(SenderOptions):
    id = PlaceField(load_default=lambda: Place.parse("header:webhook-id"))
    topic = PlaceField(load_default=lambda: Place.parse("type"))
    occurred_at = PlacesField(load_default=lambda: (Place.parse("timestamp"),))
    tolerance = seconds(300.0)


def build(given: Given) -> Proven:
    return Proven(standard(given), reading(given, "webhook-signature"), parse)


KIND = Kind(
    Options,
    build,
    key="whsec_… (v1), or the public key whpk_… (v1a)",
    proof="Standard Webhooks: HMAC-SHA256 or ed25519 of id, time and body",
    dedupe="webhook-id",
    order="timestamp in the payload",
    retries="the sender's own; about three days are advised",
    dedupe_hours=168,
    covers_body=True,
)
