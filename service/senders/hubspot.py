"""
HubSpot. v3: HMAC-SHA256 of method, URL, body and time (ms), base64; an array of events.

``accept`` chooses the version. v1, a plain SHA-256 that comes with every request, and v2, for
workflows and cards, sign no time; there is no fallback to them. An event has one changed property,
which mappings of several fields can also read as ``properties.<name>``.

https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/request-validation
https://developers.hubspot.com/docs/api/webhooks
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from marshmallow import Schema

from service.senders.base import SenderConfig, SenderKind
from service.senders.composed import Sender
from service.senders.event_fields import EventReader, Place, composite, places
from service.senders.options import Parsed, seconds
from service.senders.payload import parse_json
from service.senders.signatures import (
    header_bytes,
    matches,
    require_header,
    require_recent,
    signatures,
)
from service.senders.topics import Topics
from workers.errors import SignatureInvalid

_V3: Final = "x-hubspot-signature-v3"
# These twelve are decoded before signing, and no others.
_DECODED: Final = re.compile("%(?:3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)")
# HubSpot does not document whether lower-case escapes are decoded, so both readings are accepted.
# The URL comes from instep.toml, and signing either form takes the secret.
_DECODED_IN_ANY_CASE: Final = re.compile(_DECODED.pattern, re.IGNORECASE)


def _versions(value: Any) -> tuple[str, ...]:
    found = tuple(value) if isinstance(value, list) else (value,)
    if not found or not all(each in ("v1", "v2", "v3") for each in found):
        raise ValueError(value)
    return found


class HubSpotOptions(Schema):
    accept = Parsed(_versions, "v3, v2 or v1, or a list of them", load_default=("v3",))
    tolerance = seconds(300.0)


@dataclass(frozen=True, slots=True)
class HubSpotSignature:
    keys: tuple[bytes, ...] = field(repr=False)
    url: bytes  # as configured; empty if only v1 is accepted
    accept: tuple[str, ...]
    tolerance: float

    def require(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> None:
        if "v3" in self.accept and (_V3 in headers or self.accept == ("v3",)):
            self._require_v3(headers, body, now)
            return
        found = header_bytes(require_header(headers, "x-hubspot-signature"))
        texts = [
            text
            for version, text in (("v1", body), ("v2", b"POST" + self.url + body))
            if version in self.accept
        ]
        wanted = [
            hashlib.sha256(key + text).hexdigest().encode() for key in self.keys for text in texts
        ]
        if not matches(found, wanted):
            raise SignatureInvalid(f"the signature is none of {', '.join(self.accept)}")

    def _require_v3(self, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
        found = require_header(headers, _V3)
        stamp = require_header(headers, "x-hubspot-request-timestamp")
        require_recent(stamp, now=now, tolerance=self.tolerance, unit="ms")
        wanted = [
            signature
            for url in _signed(self.url.decode())
            for signature in signatures(
                b"POST" + url.encode() + body + stamp.encode(), self.keys, encoding="base64"
            )
        ]
        if not matches(header_bytes(found), wanted):
            raise SignatureInvalid("the signature is not that of the request under a secret")


def _signed(url: str) -> tuple[str, ...]:
    """Return *url* in the forms that HubSpot may sign."""
    patterns = (_DECODED, _DECODED_IN_ANY_CASE)
    found = (each.sub(lambda code: chr(int(code[0][1:], 16)), url) for each in patterns)
    return tuple(dict.fromkeys(found))


def build(config: SenderConfig) -> Sender:
    accept: tuple[str, ...] = config.options["accept"]
    proof = HubSpotSignature(
        keys=config.keys(str.encode, "text"),
        url=b"" if accept == ("v1",) else config.signed_url().encode(),
        accept=accept,
        tolerance=config.options["tolerance"],
    )
    reader = EventReader(
        id=(Place.computed("the event's key", _key),),
        topic=places("subscriptionType || eventType"),
        occurred_at=places("occurredAt"),
        each=Place.computed("the body", lambda payload: payload),
        # A workflow posts one object of another shape, which has neither.
        needed=frozenset() if accept == ("v2",) else frozenset({"topic", "occurred_at"}),
    )
    return Sender(proof, reader, _events)


def _events(_: Mapping[str, str], body: bytes) -> Any:
    payload = parse_json(body)
    found = payload if isinstance(payload, list) else [payload]
    return [_with_property(event) for event in found]


def _with_property(event: Any) -> Any:
    if not isinstance(event, dict) or not isinstance(event.get("propertyName"), str):
        return event
    return {"properties": {event["propertyName"]: event.get("propertyValue")}} | event


def _key(event: Any) -> str | None:
    # eventId alone is not unique, and attemptNumber changes with every retry.
    if not isinstance(event, dict) or event.get("occurredAt") is None:
        return None
    about = event.get("objectId")
    if about is None and "fromObjectId" in event:
        about = composite(event["fromObjectId"], event.get("toObjectId"))
    topic = event.get("subscriptionType") or event.get("eventType")
    property_and_event = (event.get("propertyName"), event.get("eventId"))
    return composite(event.get("portalId"), topic, about, *property_and_event, event["occurredAt"])


_CHANGES: Final = (
    *("creation", "deletion", "propertyChange", "merge", "associationChange", "restore"),
    "privacyDeletion",
)
_OBJECTS: Final = ("product", "contact", "company", "deal", "line_item", "ticket", "object")

KIND = SenderKind(
    build,
    key="the app's client secret",
    proof="HMAC-SHA256 of method, `url`, body and time (v3)",
    dedupe="portalId, subscriptionType, objectId, propertyName, eventId and occurredAt",
    order="occurredAt (ms)",
    retries="10 in 24 hours, after a 4xx too",
    options=HubSpotOptions,
    dedupe_hours=48,
    covers_body=True,
    signs_url=True,
    max_body=8 * 2**20,  # up to 100 events, with texts of 64 KiB
    topics=Topics(r"[A-Za-z0-9_-]+\.[A-Za-z]+", {f"{each}.": _CHANGES for each in _OBJECTS}),
)
