"""
Airtable. HMAC-SHA256 of the body, hex, under the base64-decoded MAC secret.

A ping without data: the changes are read afterwards from a stored cursor, so lost or repeated pings
do no harm. The answer has to be empty.

https://airtable.com/developers/web/api/webhooks-overview
"""

from __future__ import annotations

from service.senders.base import Answer, SenderConfig, SenderKind
from service.senders.composed import BodyHmac, Sender
from service.senders.event_fields import EventReader, Place, places
from service.senders.signatures import decode_base64


def build(config: SenderConfig) -> Sender:
    proof = BodyHmac(
        keys=config.keys(decode_base64, "base64 with padding: macSecretBase64 of the webhook"),
        header="x-airtable-content-mac",
        encoding="hex",
        prefix="hmac-sha256=",
    )
    reader = EventReader(
        topic=(Place.computed("the ping", lambda _: "ping"),), occurred_at=places("timestamp")
    )
    return Sender(proof, reader)


KIND = SenderKind(
    build,
    key="macSecretBase64, shown once when the webhook is made",
    proof="HMAC-SHA256 of the body",
    dedupe="nothing: a ping says only that there is something to read",
    order="timestamp of the ping",
    retries="yes, on a schedule that is not published; the webhook ends after 7 days",
    answer=Answer(204),
    covers_body=True,
)
