"""How each source proves that a delivery is its own, written as its own side would."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable
from hashlib import sha256

from service.demo.simulation import Delivery


def _shop(delivery: Delivery, key: bytes, _: int) -> dict[str, str]:
    return {
        "X-Shopify-Webhook-Id": delivery.id,
        "X-Shopify-Topic": delivery.topic,
        "X-Shopify-Hmac-Sha256": base64.b64encode(_hmac(key, delivery.body)).decode(),
    }


def _stock(delivery: Delivery, key: bytes, _: int) -> dict[str, str]:
    return {"X-Signature": _hmac(key, delivery.body).hex()}


def _crm(delivery: Delivery, key: bytes, now: int) -> dict[str, str]:
    signed = b".".join((delivery.id.encode(), str(now).encode(), delivery.body))
    return {
        "webhook-id": delivery.id,
        "webhook-timestamp": str(now),
        "webhook-signature": "v1," + base64.b64encode(_hmac(key, signed)).decode(),
    }


def _hmac(key: bytes, text: bytes) -> bytes:
    return hmac.digest(key, text, sha256)


SCHEMES: dict[str, Callable[[Delivery, bytes, int], dict[str, str]]] = {
    "shop": _shop,
    "stock": _stock,
    "crm": _crm,
}


def headers(delivery: Delivery, key: bytes, now: float) -> dict[str, str]:
    """Return the headers of *delivery*, sent at *now* (seconds since 1970)."""
    if delivery.mark == "unsigned":
        key = b"somebody else's key"
    signed = SCHEMES[delivery.source](delivery, key, int(now))
    return {"Content-Type": "application/json", **signed}
