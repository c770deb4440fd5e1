"""
WooCommerce. One event per request; HMAC-SHA256 of the body, base64.

The delivery id consists of the webhook's id and the second, so two events may share it. The body
identifies an event, but only if it has the time of the change (else 5 → 4 → 5 would lose the last).
Saving a hook sends an unsigned ping, which has to be answered with 200.

https://github.com/woocommerce/woocommerce (plugins/woocommerce/includes/class-wc-webhook.php)
"""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from service.senders.base import Event, SenderConfig, SenderKind
from service.senders.composed import BodyHmac, Sender
from service.senders.event_fields import EventReader, composite, places
from service.senders.payload import parse_form, parse_json
from service.senders.topics import Topics

_SIGNATURE: Final = "x-wc-webhook-signature"
_TOPIC: Final = "x-wc-webhook-topic"
_NAMES: Final = ("x-wc-webhook-source", "x-wc-webhook-id")
_PING: Final = re.compile(rb"webhook_id=\d{1,20}")


@dataclass(frozen=True, slots=True)
class WooCommerce(Sender):
    @property
    def headers(self) -> tuple[str, ...]:
        return (*self.reader.headers, *_NAMES)

    def verify(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> None:
        if not _is_ping(headers, body):
            Sender.verify(self, headers, body, now=now)

    def events(self, headers: Mapping[str, str], body: bytes) -> Iterator[Event]:
        if _is_ping(headers, body):
            yield Event(None, "ping", None, parse_form(body), ping=True)
            return
        names = (headers.get(name) for name in _NAMES)
        id = composite(*names, hashlib.sha256(body).hexdigest())
        for event in self.reader.events(headers, parse_json(body)):
            yield replace(event, id=id) if event.version else event


def _is_ping(headers: Mapping[str, str], body: bytes) -> bool:
    signed = _SIGNATURE in headers or _TOPIC in headers
    return not signed and _PING.fullmatch(body) is not None


def build(config: SenderConfig) -> WooCommerce:
    # WooCommerce signs with the stored secret after decoding its entities; a person may have copied
    # it in either form.
    decoded = config.keys(lambda secret: html.unescape(secret).encode(), "text")
    keys = (*decoded, *config.keys(str.encode, "text"))
    return WooCommerce(
        BodyHmac(tuple(dict.fromkeys(keys)), _SIGNATURE, single=(_TOPIC, *_NAMES)),
        EventReader(
            topic=places(f"header:{_TOPIC}"),
            occurred_at=places("date_modified_gmt"),
            zone=UTC,
        ),
    )


# Plugins add resources and events of their own, but no second name for one of these.
_CORE: Final = ("product", "order", "customer", "coupon")
_NEVER: Final = "create|update|delete|restore|change|changed|modified|removed"
_EVENTS: Final = ("created", "updated", "deleted", "restored")

KIND = SenderKind(
    build,
    key="the webhook's own secret",
    proof="HMAC-SHA256 of the body",
    dedupe="shop, webhook and body, for five minutes, where the body has the change's own time",
    order="date_modified_gmt (UTC, whole seconds), else arrival",
    retries="none; the 7th failure in a row disables the hook",
    dedupe_hours=1 / 12,
    covers_body=True,
    max_body=8 * 2**20,  # pages of plugins in meta_data
    topics=Topics(
        rf"(?!({'|'.join(_CORE)})\.({_NEVER})$)[a-z0-9_-]+\.[A-Za-z0-9_./-]+",
        others=tuple(f"{each}.{event}" for each in _CORE for event in _EVENTS),
    ),
)
