"""How each source signs its deliveries, written independently of Instep's own code."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable
from hashlib import sha256

from service.demo.simulation import SimulatedDelivery


def _shop(delivery: SimulatedDelivery, key: bytes, _: int) -> dict[str, str]:
    return {
        "X-Shopify-Webhook-Id": delivery.id,
        "X-Shopify-Topic": delivery.topic,
        "X-Shopify-Hmac-Sha256": base64.b64encode(_hmac(key, delivery.body)).decode(),
    }


def _stock(delivery: SimulatedDelivery, key: bytes, _: int) -> dict[str, str]:
    return {"X-Signature": _hmac(key, delivery.body).hex()}


def _crm(delivery: SimulatedDelivery, key: bytes, now: int) -> dict[str, str]:
    signed = b".".join((delivery.id.encode(), str(now).encode(), delivery.body))
    return {
        "webhook-id": delivery.id,
        "webhook-timestamp": str(now),
        "webhook-signature": "v1," + base64.b64encode(_hmac(key, signed)).decode(),
    }


def _hmac(key: bytes, text: bytes) -> bytes:
    return hmac.digest(key, text, sha256)


SCHEMES: dict[str, Callable[[SimulatedDelivery, bytes, int], dict[str, str]]] = {
    "shop": _shop,
    "stock": _stock,
    "crm": _crm,
}


def headers(delivery: SimulatedDelivery, key: bytes, now: float) -> dict[str, str]:
    """Return the headers of *delivery*, sent at *now* (seconds since 1970)."""
    if delivery.mark == "unsigned":
        key = b"somebody else's key"
    signed = SCHEMES[delivery.source](delivery, key, int(now))
    return {"Content-Type": "application/json", **signed}
