"""
The proof of Standard Webhooks: a signature of "<id>.<timestamp>.<body>", base64.

v1 is HMAC-SHA256, v1a ed25519. A public key never serves as an HMAC key: they are kept apart.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from service.senders.base import SenderConfig
from service.senders.signatures import (
    decode_base64,
    header_bytes,
    matches,
    require_header,
    require_recent,
    signatures,
)
from workers.errors import SignatureInvalid

PUBLIC: Final = "whpk_"
SECRET: Final = "whsec_"  # noqa: S105 - the prefix of secrets, not one

_EXPECTED: Final = f"{SECRET} and base64, or {PUBLIC} and that of 32 bytes"
_PARTS: Final = ("id", "timestamp", "signature")
_VERSIONS: Final = ("v1", "v1a")
_PUBLIC_KEY: Final = 32  # bytes

Verify = Callable[[str, bytes], bool]  # signature in base64, signed text


@dataclass(frozen=True, slots=True)
class StandardSignature:
    """
    The proof of Standard Webhooks.

    Args:
        keys: Decoded secrets, for v1.
        publics: One check for each public key, for v1a.
        tolerance: In seconds, both ways.
        families: Prefixes of the three headers; the first that is present counts.
    """

    keys: tuple[bytes, ...] = field(repr=False)
    publics: tuple[Verify, ...] = field(default=(), repr=False)
    tolerance: float = 300.0
    families: tuple[str, ...] = ("webhook",)

    def require(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> None:
        name, stamp, given = (require_header(headers, each) for each in self._names(headers))
        require_recent(stamp, now=now, tolerance=self.tolerance)
        signed = b".".join((header_bytes(name), stamp.encode(), body))
        # Entries without a comma, and of unknown versions, are ignored.
        entries = [entry.partition(",") for entry in given.split(" ")]
        if any(value.endswith(",") for label, _, value in entries if label in _VERSIONS):
            raise SignatureInvalid(
                "a signature occurs more than once"
            )  # two headers, joined by ", "
        if not any([*self._symmetric(entries, signed), *self._public(entries, signed)]):
            raise SignatureInvalid(f"none of {len(entries)} signatures is that of the body")

    def _names(self, headers: Mapping[str, str]) -> list[str]:
        # By any of the three, not by the signature alone: else an unsigned id of one family could
        # be sent beside the signed one of the other, and name the event.
        found = [[f"{family}-{part}" for part in _PARTS] for family in self.families]
        return next((names for names in found if any(n in headers for n in names)), found[0])

    def _symmetric(self, entries: list[tuple[str, str, str]], signed: bytes) -> Iterator[bool]:
        wanted = signatures(signed, self.keys, encoding="base64")
        for label, _, value in entries:
            yield label == "v1" and matches(header_bytes(value), wanted)

    def _public(self, entries: list[tuple[str, str, str]], signed: bytes) -> Iterator[bool]:
        for verify in self.publics:
            for label, _, value in entries:
                yield label == "v1a" and verify(value, signed)


def standard_signature(
    config: SenderConfig, families: tuple[str, ...] = ("webhook",)
) -> StandardSignature:
    """
    Return the proof for the secrets and the tolerance of *config*; raises ConfigurationInvalid.
    """
    config.keys(_decoded, _EXPECTED)
    secrets = config.source.secrets
    return StandardSignature(
        keys=tuple(_decoded(each) for each in secrets if not each.startswith(PUBLIC)),
        publics=tuple(_check(_decoded(each)) for each in secrets if each.startswith(PUBLIC)),
        tolerance=config.options["tolerance"],
        families=families,
    )


def _decoded(secret: str) -> bytes:
    if secret.startswith(PUBLIC):
        key = decode_base64(secret.removeprefix(PUBLIC))
        return key if len(key) == _PUBLIC_KEY else b""
    # The prefix is optional in the reference libraries, and so is the padding.
    text = secret.removeprefix(SECRET)
    return decode_base64(text + "=" * (-len(text) % 4))


def _check(key: bytes) -> Verify:
    # Not at the top: it is slow to import, and few sources have a public key.
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    public = Ed25519PublicKey.from_public_bytes(key)

    def verify(signature: str, signed: bytes) -> bool:
        try:
            public.verify(decode_base64(signature), signed)
        except (InvalidSignature, ValueError):
            return False
        return True

    return verify
