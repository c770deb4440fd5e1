"""
GitHub, and systems that sign like it. HMAC-SHA256 of the body, hex, with the prefix ``sha256=``.

No time is signed, so only the delivery id stops a replay; it stays the same when a delivery is
repeated by hand. The body is JSON, or a form with JSON in ``payload``; the form itself is signed.

https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
https://docs.github.com/webhooks/using-webhooks/best-practices-for-using-webhooks
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from service.senders.base import Event, SenderConfig, SenderKind
from service.senders.composed import BodyHmac, Sender
from service.senders.event_fields import EventReader, Place, places
from service.senders.payload import parse_form, parse_json, pluck
from service.senders.topics import Topics

_EVENT: Final = "x-github-event"
_DELIVERY: Final = "x-github-delivery"


@dataclass(frozen=True, slots=True)
class GitHub(Sender):
    @property
    def headers(self) -> tuple[str, ...]:
        return (_EVENT, *self.reader.headers)

    def events(self, headers: Mapping[str, str], body: bytes) -> Iterator[Event]:
        kind = headers.get(_EVENT) or None
        payload = _payload(body)
        times = Place.computed("updated_at", lambda payload: _updated(kind, payload))
        for event in replace(self.reader, occurred_at=(times,)).events(headers, payload):
            action = payload.get("action")
            topic = f"{kind}.{action}" if kind and isinstance(action, str) else kind
            yield replace(event, topic=topic, ping=kind == "ping")


def _payload(body: bytes) -> dict[str, Any]:
    if body.startswith(b"payload="):  # JSON never begins so, and GitHub's forms always do
        body = pluck(parse_form(body), "payload", str).encode()
    return pluck(parse_json(body), "", dict)


def _updated(kind: str | None, payload: Any) -> Any:
    name = kind or ""
    for key in (name, name.removesuffix("s"), name.rpartition("_")[2], "head_commit"):
        found = payload.get(key)
        if isinstance(found, dict):
            return found.get("updated_at") or found.get("timestamp")
    return None


def build(config: SenderConfig) -> GitHub:
    proof = BodyHmac(
        keys=config.keys(str.encode, "text"),
        header="x-hub-signature-256",
        encoding="hex",
        prefix="sha256=",
        single=(_EVENT, _DELIVERY),
    )
    return GitHub(proof, EventReader(id=places(f"header:{_DELIVERY}")))


KIND = SenderKind(
    build,
    key="the webhook's secret",
    proof="HMAC-SHA256 of the body",
    dedupe="X-GitHub-Delivery",
    order="updated_at of the event's object, if it has one, else arrival",
    retries="none; by hand any time",
    dedupe_hours=168,
    covers_body=True,
    max_body=25 * 2**20,  # GitHub's own limit
    topics=Topics(r"[a-z_]+(\.[a-z_]+)?"),
)
