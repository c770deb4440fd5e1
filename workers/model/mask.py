"""
Masks secrets in foreign texts: a CMS may repeat the request that it refuses.

Secrets are found anywhere in a text: verbatim, as in JSON or a URL, and in base64.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote, quote_plus

SHORTEST: Final = 6  # characters; shorter secrets occur in ordinary words


class Mask:
    """Masks *secrets*, without those shorter than `SHORTEST`."""

    def __init__(self, secrets: Iterable[str]) -> None:
        ways = {way for secret in set(secrets) for way in _ways(secret)}
        # Longest first: one may contain another.
        found = "|".join(re.escape(way) for way in sorted(ways, key=lambda way: (-len(way), way)))
        self._pattern = re.compile(found, re.IGNORECASE) if found else None
        self._lowered = tuple(way.lower() for way in ways)
        # Beyond ASCII, letters may be alike for the pattern and not in lower case.
        self._is_ascii = all(way.isascii() for way in ways)

    def text(self, text: str) -> str:
        if self._pattern is None or not self._may_hold(text):
            return text
        return self._pattern.sub("***", text)

    def _may_hold(self, text: str) -> bool:
        """Look for each spelling by itself: the pattern takes twenty times as long."""
        if not (self._is_ascii and text.isascii()):
            return True
        lowered = text.lower()
        return any(way in lowered for way in self._lowered)

    def body(self, body: bytes) -> bytes:
        """Mask a UTF-8 *body*."""
        text = body.decode("utf-8", "replace")
        masked = self.text(text)
        return body if masked == text else masked.encode()


def _ways(secret: str) -> Iterator[str]:
    """Yield the spellings of *secret* in a text."""
    password = secret.partition(":")[2]  # of "user:password"
    for each in (secret, password):
        if len(each) < SHORTEST:
            continue
        as_json = json.dumps(each)[1:-1]
        yield from (each, as_json, as_json.replace("/", r"\/"))
        yield from (quote(each, safe=""), quote(each), quote_plus(each))
        yield from _in_base64(each.encode())


def _in_base64(secret: bytes) -> Iterator[str]:
    """Yield the base64 text of *secret* for each offset in a longer text."""
    for before, skipped in enumerate((0, 2, 3)):
        whole = (before + len(secret)) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(b"\0" * before + secret).decode()[skipped:whole]
