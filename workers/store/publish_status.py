"""What is told of the publishes of a destination, from the hash that the steps write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from workers.config.settings import Destination
from workers.model.publish_window import closed_for
from workers.store import keys

_AHEAD_MS: Final = 330_000  # as in step.lua


def ask(pipeline: Any, collection: str) -> None:
    """Add to *pipeline* what `items` needs of *collection*: three commands."""
    pipeline.zcard(keys.unpublished(collection))
    pipeline.zrange(keys.unpublished_since(collection), 0, 0, withscores=True)
    # A process of the release before, which knows the first set alone, leaves some in the others.
    waits = keys.unpublished(collection)
    pipeline.zintercard(2, [waits, keys.unpublished_held(collection)])


def items(destination: Destination, found: Sequence[Any], now: float) -> dict[str, Any]:
    """
    Return ``{unpublished, unpublished_seconds, edited_by_others}`` of a collection: how many items
    wait to be published, for how long, and how many of them for a person.

    Args:
        found: The answers to what `ask` has added.
        now: In ms since 1970.
    """
    number, first, edited = found
    # Nobody waits for what a destination that publishes no more has left.
    publishes = destination.publish != "never"
    seconds = (
        round(max(0.0, now - first[0][1]) / 1000, 3) if first and number and publishes else 0.0
    )
    return {
        "unpublished": number if publishes else 0,
        "unpublished_seconds": seconds,
        "edited_by_others": edited if publishes else 0,
    }


def of(held: Mapping[str, str], destination: Destination, now: float) -> dict[str, Any] | None:
    """
    Return ``{next, held, held_since, failed, failed_since}`` of *destination*; None: it does not
    publish. Times are RFC 3339; *now* is in ms since 1970.
    """
    if destination.publish == "never":
        return None
    return {
        "next": _text(next_at(held, destination, now)),
        **{
            name: value
            for kind in ("held", "failed")
            for name, value in (
                (kind, held.get(kind)),
                (f"{kind}_since", _text(_ms(held.get(f"{kind}_since")))),
            )
        },
    }


def next_at(held: Mapping[str, str], destination: Destination, now: float) -> float | None:
    """Return when something is published next, in ms since 1970; None: nothing waits."""
    at = _ms(held.get("next"))
    if at is None:
        return None
    closed = closed_for(destination.publish_window, destination.timezone, now / 1000)
    opens = now + 1000 * closed
    return max(now if at > now + _AHEAD_MS else max(at, now), opens)


def _ms(text: str | None) -> float | None:
    return float(text) if text else None


def _text(ms: float | None) -> str | None:
    if ms is None:
        return None
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds")
