"""
Pipedrive, v1 and v2. HTTP basic auth, set when the webhook is created; nothing is signed.

v2 has an id for each event; v1 has none, and its ``retry`` changes with every attempt.

https://pipedrive.readme.io/docs/guide-for-webhooks-v2
https://pipedrive.readme.io/docs/guide-for-webhooks
"""

from __future__ import annotations

from typing import Any

from service.senders.base import SenderConfig, SenderKind
from service.senders.composed import Sender
from service.senders.event_fields import EventReader, Place, composite, places
from service.senders.payload import pluck
from service.senders.shared_secret import shared_secret
from service.senders.topics import Topics


def build(config: SenderConfig) -> Sender:
    reader = EventReader(
        id=(Place.computed("meta", _id),),
        topic=(Place.computed("meta", _topic),),
        # timestamp of v1 has whole seconds.
        occurred_at=places("meta.timestamp_micro", "meta.timestamp"),
        needed=frozenset({"id", "topic", "occurred_at"}),
    )
    return Sender(shared_secret(config, "basic"), reader)


def _is_v1(payload: Any) -> bool:
    return "event" in payload


def _id(payload: Any) -> str | None:
    meta = payload["meta"]
    if not _is_v1(payload):
        return composite(meta["id"]) or None
    return composite(
        meta.get("webhook_id"), payload["event"], meta.get("id"), meta["timestamp_micro"]
    )


def _topic(payload: Any) -> str:
    if _is_v1(payload):
        return pluck(payload, "event", str)
    return f"{pluck(payload, 'meta.action', str)}.{pluck(payload, 'meta.entity', str)}"


# Those of v2, and of v1.

KIND = SenderKind(
    build,
    key="user:password",
    proof="Authorization: Basic",
    dedupe="meta.id; v1: webhook_id, event, id and timestamp_micro",
    order="meta.timestamp (ms); v1: timestamp_micro",
    retries="3 within 3 minutes; after 10 failures banned for 30 minutes",
    topics=Topics(r"(create|change|delete|added|updated|deleted|merged)\.[A-Za-z_]+"),
)
