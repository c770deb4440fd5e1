"""Marks: short hashes of the CMS's values, computed as in ``write_history.lua``."""

from __future__ import annotations

import hashlib


def mark_of(text: str) -> str:
    """Return the mark of a value as canonical JSON *text*; not for numbers."""
    text = "null" if text in ('""', "[]", "false") else text
    return hashlib.sha1(text.encode(errors="surrogatepass"), usedforsecurity=False).hexdigest()[:12]
