"""
Tokens and secrets in what others say: a CMS may repeat the request that it refuses. Pure.

A secret is found as it is, as JSON and an address spell it, and in base64, wherever it stands in a
longer text.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote, quote_plus

SHORTEST: Final = 6  # characters; what is shorter stands in words that mean something else


class Mask:
    """
    Args:
        secrets: All that are configured; those of fewer than `SHORTEST` characters are let be.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        ways = {way for secret in set(secrets) for way in _ways(secret)}
        # The longest first: one may hold another.
        found = "|".join(re.escape(way) for way in sorted(ways, key=lambda way: (-len(way), way)))
        self._pattern = re.compile(found, re.IGNORECASE) if found else None

    def text(self, text: str) -> str:
        """Return *text* with asterisks for each secret."""
        return text if self._pattern is None else self._pattern.sub("***", text)

    def body(self, body: bytes) -> bytes:
        """Return *body*, UTF-8, with asterisks for each secret."""
        text = body.decode("utf-8", "replace")
        masked = self.text(text)
        return body if masked == text else masked.encode()


def _ways(secret: str) -> Iterator[str]:
    """Yield how *secret* may be spelled in a text."""
    password = secret.partition(":")[2]  # of "user:password"
    for each in (secret, password):
        if len(each) < SHORTEST:
            continue
        as_json = json.dumps(each)[1:-1]
        yield from (each, as_json, as_json.replace("/", r"\/"))
        yield from (quote(each, safe=""), quote(each), quote_plus(each))
        yield from _in_base64(each.encode())


def _in_base64(secret: bytes) -> Iterator[str]:
    """Yield what *secret* makes of a text in base64, by how many bytes stand before it there."""
    for before, skipped in enumerate((0, 2, 3)):
        whole = (before + len(secret)) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(b"\0" * before + secret).decode()[skipped:whole]
