"""
BigCommerce. Standard Webhooks, but the HMAC key is the bytes of the client secret.

Most events are thin: the object is fetched afterwards. Hooks of older set-ups have no signature but
a header that was set on them: ``header = "…"``.

https://developer.bigcommerce.com/docs/integrations/webhooks
"""

from __future__ import annotations

from typing import Final

from marshmallow import Schema

from service.senders.base import SenderConfig, SenderKind
from service.senders.composed import Sender
from service.senders.event_fields import EventReader, Place, composite, places
from service.senders.options import header_name, optional_choice, seconds
from service.senders.shared_secret import shared_secret
from service.senders.standard_signature import StandardSignature
from service.senders.topics import Topics


class BigCommerceOptions(Schema):
    header = header_name(load_default=None)
    scheme = optional_choice("standard-webhooks", "header")
    tolerance = seconds(300.0)


def build(config: SenderConfig) -> Sender:
    signed = (config.options["scheme"] or "") != "header" and not config.options["header"]
    keys = config.keys(str.encode, "text")
    proof = (
        StandardSignature(keys, tolerance=config.options["tolerance"])
        if signed
        else shared_secret(config, "")
    )
    # The hash is of the payload, so two changes may share it; created_at tells them apart.
    hashed = Place.computed(
        "hash and created_at", lambda payload: composite(payload["hash"], payload["created_at"])
    )
    reader = EventReader(
        id=places("header:webhook-id") if signed else (hashed,),
        topic=places("scope"),
        occurred_at=places("created_at"),
        needed=frozenset({"id", "topic", "occurred_at"}),
    )
    return Sender(proof, reader)


_CHANGES: Final = ("created", "updated", "deleted", "inventory/updated", "inventory/order/updated")

KIND = SenderKind(
    build,
    key="the app's client secret, as it is; with `header` the value of that",
    proof="Standard Webhooks v1, or a fixed value in a header",
    dedupe="webhook-id; without it hash and created_at",
    order="created_at (whole seconds)",
    retries="11 in 48 hours, then the hook is deactivated",
    options=BigCommerceOptions,
    dedupe_hours=72,
    covers_body=True,
    topics=Topics(r"store/[A-Za-z0-9_*/-]+", {"store/product/": _CHANGES, "store/sku/": _CHANGES}),
)
