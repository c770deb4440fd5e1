"""
Svix: Standard Webhooks with the headers ``svix-…``, or ``webhook-…`` if the sender renamed them.
The payload is that of Svix's customer.

Retries go on for about 28 hours, and a delivery can be repeated by hand with the same id.

https://docs.svix.com/receiving/verifying-payloads/how-manual
https://docs.svix.com/retries
"""

from __future__ import annotations

from dataclasses import replace

from marshmallow import Schema

from service.senders.base import SenderConfig, SenderKind
from service.senders.composed import Sender
from service.senders.event_fields import Place
from service.senders.options import event_reader, place, seconds, several_places
from service.senders.payload import parse
from service.senders.standard_signature import standard_signature


class SvixOptions(Schema):
    id = place()
    topic = place("event_type || eventType || type")
    occurred_at = several_places("timestamp")
    tolerance = seconds(300.0)


def build(config: SenderConfig) -> Sender:
    places = event_reader(config, "svix-signature", "webhook-signature")
    ids = (Place.parse("header:svix-id"), Place.parse("header:webhook-id"))
    return Sender(
        standard_signature(config, ("svix", "webhook")), replace(places, id=places.id or ids), parse
    )


KIND = SenderKind(
    build,
    key="whsec_…, of the endpoint",
    proof="Standard Webhooks: HMAC-SHA256 or ed25519 of id, time and body",
    dedupe="svix-id or webhook-id",
    order="timestamp in the payload, if there is one",
    retries="7 in about 28 hours; by hand any time",
    options=SvixOptions,
    dedupe_hours=168,
    covers_body=True,
)
