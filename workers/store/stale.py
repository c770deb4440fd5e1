"""Values overtaken before they came, and sources that send nothing new (``stale_values.lua``)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from workers.store.lua_limits import STALLED_EVENTS, STALLED_MS


def counts(held: Mapping[str, str]) -> dict[str, int]:
    """Return collection → overtaken values."""
    return {name: int(number) for name, number in sorted(held.items()) if name[0] != ":"}


def stalled(held: Mapping[str, str], now_ms: float) -> dict[str, Any] | None:
    """Return since when, and how far, a source is behind; None if it is not."""
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
    if unit == "us":
        return f"{int(by) / 1e6:g} s"
    return f"{int(by)} {unit}"
