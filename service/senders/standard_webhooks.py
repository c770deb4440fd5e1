"""
Standard Webhooks, symmetric (v1): HMAC-SHA256 of "<id>.<timestamp>.<body>", base64.

The id stays the same over retries, the timestamp is that of the attempt. A payload has its own
``type`` and ``timestamp``; a system that names them otherwise is told by topic and occurred_at.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from service.senders.base import Event, Given
from service.senders.options import Options as SenderOptions
from service.senders.options import PlaceField, reading, seconds
from service.senders.payload import parse
from service.senders.proof import (
    decode_base64,
    header_bytes,
    matches,
    require_header,
    require_recent,
    signatures,
)
from service.senders.reading import Place, Reading
from workers.errors import SignatureInvalid


class Options(SenderOptions):
    id = PlaceField(load_default=lambda: Place.parse("header:webhook-id"))
    topic = PlaceField(load_default=lambda: Place.parse("type"))
    occurred_at = PlaceField(load_default=lambda: Place.parse("timestamp"))
    tolerance = seconds(300.0)


@dataclass(frozen=True, slots=True)
class StandardWebhooks:
    keys: tuple[bytes, ...] = field(repr=False)
    tolerance: float
    reading: Reading

    @property
    def headers(self) -> tuple[str, ...]:
        return self.reading.headers

    def verify(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> None:
        require_standard(headers, body, self.keys, now=now, tolerance=self.tolerance)

    def events(self, headers: Mapping[str, str], body: bytes) -> Iterator[Event]:
        return self.reading.events(headers, parse(headers, body))


def require_standard(
    headers: Mapping[str, str],
    body: bytes,
    keys: Sequence[bytes],
    *,
    now: datetime,
    tolerance: float = 300.0,
    family: str = "webhook",
) -> None:
    """
    Return if one of the v1 signatures is right; other versions and malformed entries do not count.

    Args:
        headers: With lower-case names.
        body: Raw.
        keys: Decoded secrets.
        now: The receiver's clock, aware.
        tolerance: In seconds, both ways.
        family: What the names of the three headers begin with.

    Raises:
        SignatureInvalid: A header is missing, the timestamp is stale, or no signature is right.
    """
    name, stamp, given = (
        require_header(headers, f"{family}-{part}") for part in ("id", "timestamp", "signature")
    )
    require_recent(stamp, now=now, tolerance=tolerance)
    wanted = signatures(
        b".".join((header_bytes(name), stamp.encode(), body)), keys, encoding="base64"
    )
    entries = (entry.partition(",") for entry in given.split(" "))
    found = [header_bytes(value) for label, _, value in entries if label == "v1"]
    if not any(matches(each, wanted) for each in found):
        raise SignatureInvalid(f"none of {len(found)} v1 signatures is that of the body")


def build(given: Given) -> StandardWebhooks:
    return StandardWebhooks(
        keys=given.keys(_key, "whsec_ and base64 with padding"),
        tolerance=given.options["tolerance"],
        reading=reading(given, "webhook-signature"),
    )


def _key(secret: str) -> bytes:
    # The prefix is optional in the reference libraries. A public key has another one, whose
    # underscore is not base64: it can never become an HMAC key.
    return decode_base64(secret.removeprefix("whsec_"))
