"""
Standard Webhooks: HMAC-SHA256 (v1) or ed25519 (v1a) of "<id>.<timestamp>.<body>", base64.

The id stays the same over retries, the timestamp is that of the attempt. A payload has its own
``type`` and ``timestamp``; for a system that names them otherwise set topic and occurred_at.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

from marshmallow import Schema

from service.senders.base import SenderConfig, SenderKind
from service.senders.composed import Sender
from service.senders.options import event_reader, place, seconds, several_places
from service.senders.payload import parse
from service.senders.standard_signature import standard_signature


class StandardWebhooksOptions(Schema):
    id = place("header:webhook-id")
    topic = place("type")
    occurred_at = several_places("timestamp")
    tolerance = seconds(300.0)


def build(config: SenderConfig) -> Sender:
    return Sender(standard_signature(config), event_reader(config, "webhook-signature"), parse)


KIND = SenderKind(
    build,
    key="whsec_… (v1), or the public key whpk_… (v1a)",
    proof="Standard Webhooks: HMAC-SHA256 or ed25519 of id, time and body",
    dedupe="webhook-id",
    order="timestamp in the payload",
    retries="the sender's own; about three days are advised",
    options=StandardWebhooksOptions,
    dedupe_hours=168,
    covers_body=True,
)
