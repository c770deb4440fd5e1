"""Times as JSON shows them."""

from __future__ import annotations

from datetime import UTC, datetime


def moment(ms: float | None) -> str | None:
    """Return *ms* since 1970 as text in UTC, to the second; None: None."""
    if ms is None:
        return None
    return at(datetime.fromtimestamp(ms / 1000, UTC))


def at(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
