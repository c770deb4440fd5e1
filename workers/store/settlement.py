"""The request of ``settle.lua``: a batch and the outcomes of its items."""

from __future__ import annotations

from dataclasses import asdict, fields
from operator import attrgetter
from typing import Any

from workers.config.settings import Destination, Settings
from workers.model.attempt_action import action_of
from workers.model.attempts import (
    Batch,
    BatchOutcome,
    ClaimedItem,
    FieldFailure,
    Heard,
    ItemOutcome,
)
from workers.model.versions import text_of_moment, version_of_text

_NAMES = tuple(
    each.name
    for each in fields(ItemOutcome)
    if each.name not in ("record", "written", "seen", "staged", "part", "failures", "carried")
)
_values = attrgetter(*_NAMES)


def settlement(
    batch: Batch, batch_outcome: BatchOutcome, settings: Settings, heard: Heard | None = None
) -> dict[str, Any]:
    """Return the request of ``settle.lua``; *heard*: what the answer says beside the items."""
    collection = settings.collections[batch.collection]
    destination = settings.destinations[batch.destination]
    items = {item.record: item for item in batch.items}
    return {
        "claim": batch.token,
        "destination": batch.destination,
        "collection": batch.collection,
        "index": settings.copy_of(collection),
        "copy": settings.copy_name(collection, staged=batch.staged or not destination.live),
        "rate": heard
        and rate_told(
            destination, heard.limit, heard.remaining, heard.seconds, batch_outcome.close_budget
        ),
        "health": _health(batch, batch_outcome, destination, heard) if heard else [],
        "soft": batch_outcome.health == "failure",
        "heard": batch_outcome.heard,
        "closed": batch_outcome.not_published,
        "no_room": batch_outcome.no_room,
        "create_most": batch_outcome.create_most,
        "imports": batch_outcome.imports,
        "missing": collection.missing,
        "kind": batch.kind,
        "look": batch.look,
        "at": text_of_moment(batch_outcome.at),
        "live": destination.live,
        "undo": settings.store.undo,
        "staged": batch.staged,
        "publish": None if destination.publish == "never" else destination.publish,
        "places": settings.copies(batch.destination),
        "verdicts": [
            item_outcome_for(each, items[each.record], sent=not batch.look)
            | {"action": action_of(each, batch_outcome, sent=heard is not None)}
            for each in batch_outcome.item_outcomes
        ],
    }


def called(kind: str, status: int | None) -> str:
    """Return the name by which a request is counted; *status* None: it had no answer."""
    return f"{kind}:{status or 'none'}"


def rate_told(
    destination: Destination,
    limit: int | None,
    remaining: int | None,
    age: float,
    close: float | None,
    *,
    called: str = "",
) -> dict[str, Any] | None:
    """
    Return the request of ``rate_headers.lua``; None: the answer has nothing about the budget.

    For the arguments see ``Limiter.learn``.
    """
    if limit is None and remaining is None and close is None and not called:
        return None
    return {
        "budget": destination.budget,
        "limit": limit,
        "remaining": remaining,
        "age_ms": int(age * 1000),
        "closed": close is not None,
        "retry_ms": int(close * 1000) if close else None,
    }


def _health(
    batch: Batch, batch_outcome: BatchOutcome, destination: Destination, heard: Heard
) -> list[dict[str, Any]]:
    """Return the events for ``destination_health.lua``, in order."""
    events: list[dict[str, Any]]
    if batch_outcome.pause:
        events = [{"event": "pause", "reason": batch_outcome.pause, "by": destination.budget}]
    else:
        suspect = batch.alone and not batch.items[0].fresh
        events = [
            {"event": batch_outcome.health, "reason": heard.words, "suspect": suspect or None}
        ]
    if reason := batch_outcome.pause_collection:
        events.append({"event": "pause", "reason": reason, "collection": batch.collection})
    return events


def item_outcome_for(
    item_outcome: ItemOutcome, item: ClaimedItem, *, sent: bool = True
) -> dict[str, Any]:
    """Return *item_outcome* for the step; *sent*: the item was part of a request."""
    # Nearly all of it is empty, and costs the store time by the item.
    told: dict[str, Any] = {
        name: value for name, value in zip(_NAMES, _values(item_outcome), strict=True) if value
    }
    if "shown" in told:
        told["shown"] = {slug: list(each) for slug, each in item_outcome.shown.items() if each}
    if answered := version_of_text(item_outcome.updated):
        told["answered"] = answered
    if item_outcome.failures:
        told["deaths"] = [_failure(each) for each in item_outcome.failures]
    if wait := told.pop("wait", 0):
        told["wait_ms"] = wait * 1000
    unsent, staged = item_outcome.unsent, item_outcome.staged
    return {
        "record": item_outcome.record,
        "id": item.id,
        "written": item_outcome.written,
        "sent": [each.slug for each in item.fields if each.slug not in unsent] if sent else [],
        "seen": dict(item_outcome.seen),
        **({} if staged is None else {"staged": staged}),
        **({} if item_outcome.part is None else {"part": item_outcome.part}),
        **told,
    }


def _failure(failure: FieldFailure) -> dict[str, Any]:
    problems = [{"field": each.path, "message": each.message} for each in failure.problems]
    return {**asdict(failure), "problems": problems}
