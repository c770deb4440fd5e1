"""How far a store is that loads its data after a start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_MB = 1_000_000


def progress_of(info: Mapping[str, Any]) -> str:
    """Return the progress that *info* tells, an INFO of a store: ``43 % of 1,024 MB, …``."""
    if not info.get("loading"):
        return "nearly all of it"  # it answers in a moment
    part, total = float(info.get("loading_loaded_perc", 0)), int(info.get("loading_total_bytes", 0))
    left = int(info.get("loading_eta_seconds", 0))
    # It knows no rate before the first bytes.
    wait = f", some {left} s left" if part >= 1 else ""
    return f"{part:.0f} % of {total / _MB:,.0f} MB{wait}"
