"""
Shopify. One event per request; HMAC-SHA256 of the body, base64.

No time is signed, so only the webhook id, which stays the same over retries, stops a replay. A
retry carries the payload of the first attempt. The newer "events" name their headers without X-.
``updated_at`` counts seconds: of two edits in one, the later trigger is the newer. A test
from the admin pages is a ping.

https://shopify.dev/docs/apps/build/webhooks/subscribe/https
https://shopify.dev/docs/apps/build/webhooks/best-practices
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from service.senders.base import Event, SenderConfig, SenderKind
from service.senders.composed import BodyHmac, Sender, json_object
from service.senders.event_fields import EventReader, places
from service.senders.topics import Topics

_TEST: Final = ("x-shopify-test", "shopify-test")


@dataclass(frozen=True, slots=True)
class ShopifySignature:
    """The proof under either family of header names; both in one request are refused."""

    usual: BodyHmac
    newer: BodyHmac

    def require(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> None:
        old = any(name in headers for name in (self.usual.header, *self.usual.single))
        (self.usual if old else self.newer).require(headers, body, now=now)


@dataclass(frozen=True, slots=True)
class Shopify(Sender):
    @property
    def headers(self) -> tuple[str, ...]:
        return (*self.reader.headers, *_TEST)

    def events(self, headers: Mapping[str, str], body: bytes) -> Iterator[Event]:
        test = any(headers.get(name, "").strip().lower() == "true" for name in _TEST)
        for event in Sender.events(self, headers, body):
            yield replace(event, ping=True) if test else event


def build(config: SenderConfig) -> Shopify:
    usual, newer = (
        BodyHmac(
            keys=config.keys(str.encode, "text"),
            header=f"{family}-hmac-sha256",
            single=(f"{family}-webhook-id", f"{family}-topic"),
        )
        for family in ("x-shopify", "shopify")
    )
    reader = EventReader(
        id=places("header:x-shopify-webhook-id", "header:shopify-webhook-id"),
        topic=places("header:x-shopify-topic", "header:shopify-topic"),
        # Not the trigger time first: two topics report one edit, each with its own trigger time.
        occurred_at=places(
            "updated_at", "header:x-shopify-triggered-at", "header:shopify-triggered-at"
        ),
        tie=places("header:x-shopify-triggered-at", "header:shopify-triggered-at"),
    )
    return Shopify(ShopifySignature(usual, newer), reader, json_object)


_CHANGES: Final = ("create", "update", "delete")
# Of what everybody guesses: the singular, and the other tense.
_NEVER: Final = (
    r"(?:order|product|collection|customer|inventory_item|inventory_level)/.*"
    r"|orders/(?:created|update|deleted)|customers/(?:created|updated|deleted)"
)
_ORDERS: Final = ("create", "updated", "paid", "cancelled", "fulfilled", "edited", "delete")
# The newer events may have a bare resource as topic.

KIND = SenderKind(
    build,
    key="the app's client secret; of hooks made in the admin pages, the one shown there",
    proof="HMAC-SHA256 of the body",
    dedupe="X-Shopify-Webhook-Id",
    order="updated_at in the payload, then X-Shopify-Triggered-At",
    retries="8 in 4 hours, then the subscription is deleted",
    covers_body=True,
    max_body=8 * 2**20,  # products with many variants
    topics=Topics(
        rf"(?!(?:{_NEVER})$)"
        r"(?:[A-Z][a-z][A-Za-z]*|[a-z][a-z0-9_]*(/[a-z0-9_]+)*|customer\.[a-z_]+)",
        {
            "products/": _CHANGES,
            "collections/": _CHANGES,
            "inventory_items/": _CHANGES,
            "inventory_levels/": ("update", "connect", "disconnect"),
        },
        tuple(f"orders/{each}" for each in _ORDERS)
        + tuple(f"customers/{each}" for each in (*_CHANGES, "enable", "disable")),
    ),
)
