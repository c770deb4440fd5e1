"""The GETs that a claim may return instead of a batch, parsed from ``claim.lua``."""

from __future__ import annotations

from typing import Any

from workers.model.attempts import Lookup
from workers.model.versions import text_of_moment

# Covers the delay from an edit to its listing, and differences between the CMS's clocks.
OVERLAP_MS = 60_000


def lookup(token: str, answer: dict[str, Any]) -> Lookup:
    """Parse a lookup: a listing page, the schema, locales, variants or the number of items."""
    collection, kind = answer["collection"], answer["step"]
    if kind in ("filter", "index"):
        return _page(token, answer)
    if kind == "schema":
        return Lookup(
            collection,
            kind,
            token,
            at=int(answer["at"]),
            arrival=int(answer["arrival"]),
            needed=answer["needed"],
        )
    return Lookup(
        collection,
        kind,
        token,
        offset=int(answer.get("offset", 0)),
        at=int(answer["at"]),
        locales=answer.get("locales", ""),
    )


def _page(token: str, answer: dict[str, Any]) -> Lookup:
    since = answer["since"] or None
    if since and answer["edited"]:
        early = int(since) - OVERLAP_MS
        since = text_of_moment(early // 1000 * 1000)
    return Lookup(
        answer["collection"],
        answer["step"],
        token,
        answer["offset"],
        since,
        edited=answer["edited"],
        slot=answer["slot"],
        keys=tuple(answer.get("keys", ())),
        canary=answer.get("canary") or None,
    )
