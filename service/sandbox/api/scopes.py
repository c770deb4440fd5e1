"""
The scopes that the calls of v2 need.

https://developers.webflow.com/data/reference/scopes
"""

from __future__ import annotations

import re

ALL = (
    "authorized_user:read",
    "cms:read",
    "cms:write",
    "sites:read",
    "sites:write",
)

# The path after /v2, the scope of a GET, and of other methods; the first match counts.
_NEEDS: tuple[tuple[re.Pattern[str], str | None, str | None], ...] = (
    (re.compile(r"/token/authorized_by"), "authorized_user:read", None),
    (re.compile(r"/token/introspect"), None, None),
    (re.compile(r"/sites/[^/]+/collections"), "cms:read", "cms:write"),
    # Webflow's description requires only sites:read to remove a webhook.
    (re.compile(r"/webhooks/[^/]+"), "sites:read", "sites:read"),
    (re.compile(r"/sites(/.*)?"), "sites:read", "sites:write"),
    (re.compile(r"/collections/.*"), "cms:read", "cms:write"),
)


def scope_of(method: str, path: str) -> str | None:
    """Return the scope that a call of v2 needs; None: any valid token is enough."""
    tail = path.removeprefix("/v2")
    for pattern, reading, writing in _NEEDS:
        if pattern.fullmatch(tail):
            return reading if method == "GET" else writing
    return None
