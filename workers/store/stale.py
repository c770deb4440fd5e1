"""Values overtaken before they came, and sources that send nothing new (``stale_values.lua``)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from workers.store.lua_limits import STALLED_EVENTS, STALLED_MS


def counts(held: Mapping[str, str]) -> dict[str, int]:
    """Return collection → overtaken values."""
    return {name: int(number) for name, number in sorted(held.items()) if name[0] != ":"}


def streak(held: Mapping[str, str], now_ms: float) -> dict[str, Any] | None:
    """
    Return ``{since, deliveries, behind, stalled}`` of the last deliveries, which had nothing newer.

    None: the last delivery with anything to compare had something newer. *stalled*: it lasts for
    so long that a clock, or the path of the version, may be wrong.
    """
    if ":since" not in held:
        return None
    since, events = float(held[":since"]), int(held.get(":events", 0))
    return {
        "since": datetime.fromtimestamp(since / 1000, UTC).isoformat(timespec="seconds"),
        "deliveries": events,
        "behind": behind(held[":by"], held[":unit"]),
        "stalled": now_ms - since >= STALLED_MS and events >= STALLED_EVENTS,
    }


def stalled(found: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return since when, and how far, a source with this `streak` is behind; None if it is not."""
    if found is None or not found["stalled"]:
        return None
    return {name: value for name, value in found.items() if name != "stalled"}


def behind(by: str, unit: str) -> str:
    if unit == "us":
        return f"{int(by) / 1e6:g} s"
    return f"{int(by)} {unit}"
