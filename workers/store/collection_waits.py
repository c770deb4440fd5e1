"""
Collections that wait for someone to act in the CMS: publish the site, or make room in the plan.

Reads what ``publish_wait.lua`` and ``plan_room.lua`` write.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

NOT_PUBLISHED = "not published"
PLAN_LIMIT = "plan limit"
_KINDS = ((NOT_PUBLISHED, "closed"), (PLAN_LIMIT, "full"))


def waits_of(
    held: Mapping[str, str], now: float, *, pending: int, roomless: int
) -> list[dict[str, Any]]:
    """
    Return ``[{reason, message, since, seconds, records, next_try}]``, usually empty.

    Args:
        held: The hash of the collection.
        now: ms on the store's clock.
        pending: Items with something to send.
        roomless: Records that cannot be created for lack of room.
    """
    found = []
    for reason, name in _KINDS:
        if name not in held:
            continue
        since = float(held.get(f"{name}_since", now))
        records = pending if reason == NOT_PUBLISHED else roomless
        next_at = max(now, float(held.get(f"{name}_next", now)))
        found.append(
            {
                "reason": reason,
                "message": held[name],
                "since": _moment(since),
                "seconds": round(max(0.0, now - since) / 1000, 3),
                "records": records,
                # With nothing to send, the next event makes the attempt.
                "next_try": _moment(next_at) if records else None,
            }
        )
    return found


def _moment(ms: float) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds")
