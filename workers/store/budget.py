"""What is left of the budget of a token, from the hash that ``rate_limiter.lua`` keeps."""

from __future__ import annotations

import math
from collections.abc import Mapping

from workers.config.settings import Destination

WINDOW_MS = 60_000  # of the rate limit
_BURST = 5  # at most, as in ``rate_limiter.lua``


def budget_of(held: Mapping[str, str], destination: Destination, now_ms: float) -> dict[str, int]:
    """
    Return ``{limit, left}``: calls a minute, and how many of them may be made now.

    Args:
        held: The hash of the budget.
        now_ms: On the store's clock.
    """
    ceiling = destination.requests_per_minute
    limit = min(ceiling, int(float(held.get("limit", ceiling))))
    if _ahead(held, "closed", now_ms) > 0:
        return {"limit": limit, "left": 0}
    # Each call moves the theoretical arrival on: what it is ahead has been spent.
    spent = math.ceil(_ahead(held, "tat", now_ms) / WINDOW_MS * limit)
    told = (
        int(float(held["left"])) if "left" in held and _ahead(held, "till", now_ms) > 0 else limit
    )
    return {"limit": limit, "left": max(0, min(limit - spent, told))}


def pace(limit: int) -> int:
    """Return the calls of a busy minute: what *limit* leaves beside the burst, at least one."""
    return max(1, limit - max(1, min(_BURST, limit // 10)) - 1)


def _ahead(held: Mapping[str, str], name: str, now_ms: float) -> float:
    return max(0.0, float(held.get(name) or 0) - now_ms)
