"""
Values that were overtaken before they came, by source and collection, and sources that say nothing
new. Reads what ``stale_values.lua`` writes. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from workers.store.lua_limits import STALLED_EVENTS, STALLED_MS


def counts(held: Mapping[str, str]) -> dict[str, int]:
    """Return how many values were overtaken, by collection."""
    return {name: int(number) for name, number in sorted(held.items()) if name[0] != ":"}


def stalled(held: Mapping[str, str], now_ms: float) -> dict[str, Any] | None:
    """Return since when, and by how much, a source has said nothing that is newer; or None."""
    if ":since" not in held:
        return None
    since, events = float(held[":since"]), int(held.get(":events", 0))
    if now_ms - since < STALLED_MS or events < STALLED_EVENTS:
        return None
    return {
        "since": datetime.fromtimestamp(since / 1000, UTC).isoformat(timespec="seconds"),
        "deliveries": events,
        "behind": behind(held[":by"], held[":unit"]),
    }


def behind(by: str, unit: str) -> str:
    """Return in words by how much."""
    if unit == "us":
        return f"{int(by) / 1e6:g} s"
    return f"{int(by)} {unit}"
