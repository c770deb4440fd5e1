"""
Shopify. One event per request; HMAC-SHA256 of the body, base64.

No time is signed, so only the webhook id, which stays the same over retries, stops a replay. A
retry carries the payload of the first attempt.

https://shopify.dev/docs/apps/build/webhooks/subscribe/https
https://shopify.dev/docs/apps/build/webhooks/best-practices
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from service.senders.base import Event, Given
from service.senders.options import Options as SenderOptions
from service.senders.payload import parse_json, pluck
from service.senders.proof import require_header, require_signature
from service.senders.reading import Place, Reading


class Options(SenderOptions):
    pass


@dataclass(frozen=True, slots=True)
class Shopify:
    keys: tuple[bytes, ...] = field(repr=False)  # two for up to an hour after a rotation
    reading: Reading

    @property
    def headers(self) -> tuple[str, ...]:
        return self.reading.headers

    def verify(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> None:
        found = require_header(headers, "x-shopify-hmac-sha256")
        require_signature(found, body, self.keys, encoding="base64")

    def events(self, headers: Mapping[str, str], body: bytes) -> Iterator[Event]:
        return self.reading.events(headers, pluck(parse_json(body), "", dict))


def build(given: Given) -> Shopify:
    places = ("header:x-shopify-webhook-id", "header:x-shopify-topic", "updated_at")
    name, topic, updated = map(Place.parse, places)
    # Not the trigger time first: two topics report one edit, each triggered at its own time.
    triggered = Place.parse("header:x-shopify-triggered-at")
    return Shopify(
        keys=given.keys(str.encode, "text"),
        reading=Reading(id=name, topic=topic, occurred_at=(updated, triggered)),
    )
