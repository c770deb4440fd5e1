"""
Webflow's own webhooks. HMAC-SHA256 of "<timestamp>:<body>", hex; the timestamp is in ms.

There is no event id: item, trigger and lastUpdated identify an event, or else the body. Whether a
retry has a new timestamp is not documented; if it has not, ``tolerance`` must exceed the 30 minutes
of the retries.

https://developers.webflow.com/data/docs/working-with-webhooks
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Literal

from marshmallow import Schema

from service.senders.base import Event, Origin, SenderConfig, SenderKind
from service.senders.composed import Sender
from service.senders.event_fields import EventReader, Place, composite, places, version
from service.senders.options import seconds
from service.senders.payload import parse_json, pluck
from service.senders.signatures import require_header, require_recent, require_signature
from service.senders.topics import Topics

_DELETED: Final = "collection_item_deleted"
_FATES: Final[Mapping[str, Literal["held", "deleted", "unpublished"]]] = {
    "collection_item_created": "held",
    "collection_item_changed": "held",
    "collection_item_published": "held",
    "collection_item_unpublished": "unpublished",
    _DELETED: "deleted",
}


class WebflowOptions(Schema):
    tolerance = seconds(300.0)


@dataclass(frozen=True, slots=True)
class WebflowSignature:
    keys: tuple[bytes, ...] = field(repr=False)
    tolerance: float

    def require(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> None:
        stamp = require_header(headers, "x-webflow-timestamp")
        found = require_header(headers, "x-webflow-signature")
        require_recent(stamp, now=now, tolerance=self.tolerance, unit="ms")
        require_signature(found, stamp.encode() + b":" + body, self.keys)


@dataclass(frozen=True, slots=True)
class Webflow(Sender):
    def events(self, headers: Mapping[str, str], body: bytes) -> Iterator[Event]:
        digest = hashlib.sha256(body).hexdigest()
        for event in Sender.events(self, headers, body):
            if event.id is not None or event.problems:
                yield event
            else:
                yield replace(event, id=composite(event.topic, digest, event.index))


def build(config: SenderConfig) -> Webflow:
    reader = EventReader(
        id=(Place.computed("the event's key", _key),),
        topic=places("triggerType"),
        # The signed time last: it is the time of sending, not of the change.
        occurred_at=places(
            "payload.lastUpdated",
            "payload.deletedOn",
            "payload.submittedAt",
            "header:x-webflow-timestamp",
        ),
        each=Place.computed("the items", lambda events: events),
        needed=frozenset({"topic"}),
        origin=_origin,
    )
    proof = WebflowSignature(config.keys(str.encode, "text"), config.options["tolerance"])
    return Webflow(proof, reader, _events)


def _events(_: Mapping[str, str], body: bytes) -> Any:
    """Return one event per item: one publish event may hold several."""
    whole = pluck(parse_json(body), "", dict)
    payload = whole.get("payload")
    items = payload.get("items") if isinstance(payload, dict) else None
    return [whole | {"payload": item} for item in items] if isinstance(items, list) else [whole]


def _key(event: Any) -> str | None:
    item = event.get("payload")
    if not isinstance(item, dict) or "id" not in item:
        return None
    trigger, updated = event.get("triggerType"), item.get("lastUpdated")
    # An item is deleted once; other events without a time may look alike.
    if updated is None and trigger != _DELETED:
        return None
    # One request may have written several variants of an item, at one time.
    locale = item.get("cmsLocaleId")
    return composite(item["id"], trigger, updated, *([locale] if locale else []))


def _origin(event: Any) -> Origin | None:
    item, trigger = event.get("payload"), event.get("triggerType")
    fate = _FATES.get(trigger) if isinstance(trigger, str) else None
    if fate is None or not isinstance(item, dict):
        return None
    collection, name, fields = item.get("collectionId"), item.get("id"), item.get("fieldData")
    if not isinstance(collection, str) or not isinstance(name, str):
        return None
    held = dict(fields) if isinstance(fields, dict) else {}
    flags = {"_archived": item.get("isArchived"), "_draft": item.get("isDraft")}
    held |= {slug: flag for slug, flag in flags.items() if isinstance(flag, bool)}
    locale = item.get("cmsLocaleId") or held.get("_locale")
    locale = locale if isinstance(locale, str) else None
    return Origin(collection, name, held, fate, _updated(item), locale)


def _updated(item: dict[str, Any]) -> str | None:
    """Return when the item had these values; the event may have come much later."""
    try:
        return version(item["lastUpdated"])
    except (KeyError, ValueError):
        return None


KIND = SenderKind(
    build,
    key="the app's client secret, or secretKey of a webhook made with a site token",
    proof="HMAC-SHA256 of time (ms) and body",
    dedupe="item, trigger and lastUpdated, else the body",
    order="lastUpdated (ms), else submittedAt, else the signed time",
    retries="3, 10 minutes apart, then the webhook is deactivated; only 200 will do",
    options=WebflowOptions,
    covers_body=True,
    max_body=8 * 2**20,  # several items at once, with rich text
    topics=Topics(
        r"[a-z_]+",
        {"collection_item_": ("created", "changed", "published", "unpublished", "deleted")},
    ),
)
