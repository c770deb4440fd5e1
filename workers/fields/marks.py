"""
Marks: short names of what the CMS holds, as ``write_history.lua`` makes and keeps them. Pure.
"""

from __future__ import annotations

import hashlib


def mark_of(text: str) -> str:
    """Return the mark of a value as canonical JSON *text*, which is no number."""
    text = "null" if text in ('""', "[]", "false") else text
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()[:12]
