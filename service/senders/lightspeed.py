"""
Lightspeed Retail X-Series, formerly Vend. HMAC-SHA256 of the body, hex, as an attribute of
``X-Signature: signature=…,algorithm=HMAC-SHA256``.

The body is a form: the record as JSON in ``payload``, its kind in ``type``; any field may be
missing. Only webhooks of OAuth apps are signed. There is no event id: only a body with the time of
its change identifies an event (else 5 → 4 → 5 would lose the last). The documentation shows no real
signature; receivers report hex. Times without an offset are UTC, as everywhere in this API.

https://x-series-api.lightspeedhq.com/docs/webhooks
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from service.senders.base import Event, SenderConfig, SenderKind
from service.senders.composed import Sender
from service.senders.event_fields import EventReader, composite, places
from service.senders.signatures import require_attribute, require_header, require_signature
from service.senders.topics import Topics
from workers.errors import SignatureInvalid

_HEADER: Final = "x-signature"
_ALGORITHM: Final = "HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class LightspeedSignature:
    """The signature and its algorithm, both in one header."""

    keys: tuple[bytes, ...] = field(repr=False)

    def require(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> None:
        given = require_header(headers, _HEADER)
        if require_attribute(given, "algorithm") != _ALGORITHM:
            raise SignatureInvalid(f"the signature is not by {_ALGORITHM}")
        require_signature(require_attribute(given, "signature"), body, self.keys)


@dataclass(frozen=True, slots=True)
class Lightspeed(Sender):
    def events(self, headers: Mapping[str, str], body: bytes) -> Iterator[Event]:
        for event in Sender.events(self, headers, body):
            id = composite(event.topic, hashlib.sha256(body).hexdigest())
            yield replace(event, id=id) if event.version else event


def build(config: SenderConfig) -> Lightspeed:
    reader = EventReader(topic=places("form:type"), occurred_at=places("updated_at"), zone=UTC)
    return Lightspeed(LightspeedSignature(config.keys(str.encode, "text")), reader, field="payload")


KIND = SenderKind(
    build,
    key="the app's client secret",
    proof="HMAC-SHA256 of the body",
    dedupe="type and body, where the record has the time of its change",
    order="updated_at of the record (UTC), else arrival",
    retries="20 in 48 hours",
    dedupe_hours=72,
    covers_body=True,
    topics=Topics(
        r"(?!.*\.(updated|created|deleted)$)[a-z_]+\.[a-z_]+",
        others=("product.update", "inventory.update", "sale.update", "customer.update"),
    ),
)
