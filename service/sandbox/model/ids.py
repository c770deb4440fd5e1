"""The ids of the CMS: their forms, and ids that are the same on every start."""

from __future__ import annotations

import hashlib
import re

ID = re.compile(r"[0-9a-f]{24}")
FIELD_ID = re.compile(r"[0-9a-f]{24}|[0-9a-f]{32}")


def field_id(*parts: str) -> str:
    """Return an id derived from *parts*, 32 hex digits."""
    return hashlib.md5("/".join(parts).encode(), usedforsecurity=False).hexdigest()


def stable_id(*parts: str) -> str:
    """Return an id derived from *parts*, 24 hex digits."""
    return field_id(*parts)[:24]
