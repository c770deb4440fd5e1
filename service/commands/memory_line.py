"""One line on the memory of the store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

LARGEST: Final = 3  # families of keys that are named when memory is short


def memory_line(memory: Mapping[str, Any]) -> str:
    """Return the memory of the store; from 70 % of its limit on with the largest families."""
    used, limit = memory["used"], memory["limit"]
    if not limit:
        return f"Memory: {_mb(used)} used, without a limit (maxmemory)"
    line = f"Memory: {_mb(used)} of {_mb(limit)} used ({used / limit:.0%})"
    if not memory["level"]:
        return line
    largest = sorted(memory["families"].items(), key=lambda each: -each[1])[:LARGEST]
    families = ", ".join(f"{name} {_mb(size)}" for name, size in largest) or "not measured yet"
    refused = "; until there is room, new deliveries go to the spool or get 503" * memory["full"]
    return f"{line}: {families}{refused}"


def _mb(size: int) -> str:
    return f"{size / 1_048_576:.1f} MB"
