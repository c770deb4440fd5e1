"""
Square. HMAC-SHA256 of the notification URL and the body, base64.

The URL is byte for byte that of the subscription: ``url``, or ``public_url`` and the path. A stock
event holds an array of counts; mappings split it with ``each`` and order by ``calculated_at``.

https://developer.squareup.com/docs/webhooks/overview
https://developer.squareup.com/docs/webhooks/step3validate
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from service.senders.base import SenderConfig, SenderKind
from service.senders.composed import BodyHmac, Sender
from service.senders.event_fields import EventReader, Place, places, version
from service.senders.payload import pluck
from service.senders.topics import Topics
from workers.model.changes import sequence_version


def build(config: SenderConfig) -> Sender:
    proof = BodyHmac(
        keys=config.keys(str.encode, "text"),
        header="x-square-hmacsha256-signature",
        before=config.signed_url().encode(),
    )
    reader = EventReader(
        id=places("event_id"),
        topic=places("type"),
        occurred_at=(Place.computed("data.object", _position), *places("created_at")),
        order=_order,
        needed=frozenset({"id", "topic", "occurred_at"}),
    )
    return Sender(proof, reader)


def _position(event: Any) -> Any:
    """Return what orders the object: calculated_at of stock, version of orders, updated_at."""
    parts = [part for part in _parts(event["data"].get("object")) if isinstance(part, dict)]
    times = [part["calculated_at"] for part in parts if part.get("calculated_at")]
    if times:
        return max(times, key=version)
    if str(event["type"]).startswith("order."):
        return next((part for part in parts if "version" in part), None)
    return next((part["updated_at"] for part in parts if part.get("updated_at")), None)


def _parts(found: Any) -> Iterator[Any]:
    for part in found.values() if isinstance(found, dict) else ():
        yield from part if isinstance(part, list) else (part,)


def _order(found: Any) -> str:
    if isinstance(found, dict):
        return sequence_version(pluck(found, "version", int))
    return version(found)


KIND = SenderKind(
    build,
    key="the subscription's signature key",
    proof="HMAC-SHA256 of `url` and the body",
    dedupe="event_id",
    order="calculated_at of stock, version of orders, updated_at, else created_at",
    retries="11 in 24 hours, then the event is dropped",
    dedupe_hours=48,
    covers_body=True,
    signs_url=True,
    topics=Topics(
        r"[a-z0-9_]+(\.[a-z0-9_]+)+",
        {"inventory.count.": ("updated",), "catalog.version.": ("updated",)},
    ),
)
