"""
The headers of a signed message, by Standard Webhooks: HMAC-SHA256 of "<id>.<timestamp>.<body>".

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime


def signed_headers(key: bytes, id: str, body: bytes, *, now: datetime) -> Mapping[str, str]:
    """
    Return the three headers of the message *id*.

    Args:
        key: The decoded secret.
        id: The same for each repeat: the receiver acts on it once.
        now: Aware; a receiver refuses a message that is some minutes old.
    """
    stamp = str(int(now.timestamp()))
    text = b".".join((id.encode(), stamp.encode(), body))
    signature = base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": id,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{signature}",
    }
