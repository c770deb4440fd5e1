"""Validation of ``REDIS_URL``."""

from __future__ import annotations

import re
from urllib.parse import urlsplit


def is_store_url(url: str) -> bool:
    if not re.match(r"(redis|rediss|unix)://.", url):
        return False
    try:
        parts = urlsplit(url)
        known = parts.port is None or parts.port > 0
    except ValueError:
        return False
    return known and (parts.scheme == "unix" or re.fullmatch(r"(/\d*)?", parts.path) is not None)
