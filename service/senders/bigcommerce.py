"""
BigCommerce. Standard Webhooks, but the HMAC key is the client secret's own bytes.

Most events are thin: the object is to be read afterwards. Hooks of older set-ups have no signature
but a header that was set on them: ``header = "…"``.

https://developer.bigcommerce.com/docs/integrations/webhooks
"""

from __future__ import annotations

from typing import Any, Final

from marshmallow import Schema

from service.senders.base import Kind, SenderConfig
from service.senders.composed import Proven
from service.senders.event_fields import Place, Reading, composite, places
from service.senders.options import header_name, optional_choice, seconds
from service.senders.shared_secret import carried
from service.senders.standard_signature import Standard
from service.senders.topics import Topics


class BigCommerceOptions(Schema):
    header = header_name(load_default=None)
    scheme = optional_choice("standard-webhooks", "header")
    tolerance = seconds(300.0)


def build(given: SenderConfig) -> Proven:
    signed = (given.options["scheme"] or "") != "header" and not given.options["header"]
    keys = given.keys(str.encode, "text")
    proof = Standard(keys, tolerance=given.options["tolerance"]) if signed else carried(given, "")
    # The hash is of the payload, and two changes may have the same; with the second it will do.
    hashed = (Place.computed("hash and created_at", _hash),)
    reading = Reading(
        id=places("header:webhook-id") if signed else hashed,
        topic=places("scope"),
        occurred_at=places("created_at"),
        needed=frozenset({"id", "topic", "occurred_at"}),
    )
    return Proven(proof, reading)


def _hash(payload: Any) -> str:
    return composite(payload["hash"], payload["created_at"])


_CHANGES: Final = ("created", "updated", "deleted", "inventory/updated", "inventory/order/updated")
TOPICS: Final = Topics(
    r"store/[A-Za-z0-9_*/-]+", {"store/product/": _CHANGES, "store/sku/": _CHANGES}
)

KIND = Kind(
    build,
    key="the app's client secret, as it is; with `header` the value of that",
    proof="Standard Webhooks v1, or a fixed value in a header",
    dedupe="webhook-id; without it hash and created_at",
    order="created_at (whole seconds)",
    retries="11 in 48 hours, then the hook is deactivated",
    options=BigCommerceOptions,
    dedupe_hours=72,
    covers_body=True,
    knows_topic=TOPICS,
    topics=TOPICS.all,
)
