"""
A batch and what came of it as ``settle.lua`` takes them: the one place where a verdict is written
down. Pure.
"""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

from workers.config.settings import Destination, Settings
from workers.model.attempts import Batch, ClaimedItem, Death, Heard, Judgement, Verdict
from workers.model.versions import version_of_text
from workers.store.codec import copy_name, places
from workers.store.lookups import moment_text

_NAMES = tuple(each.name for each in fields(Verdict))


def settlement(
    batch: Batch, judgement: Judgement, settings: Settings, heard: Heard | None = None
) -> dict[str, Any]:
    """Return what the step is told of *batch*, of the *judgement* on it and of what was *heard*."""
    collection = settings.collections[batch.collection]
    destination = settings.destinations[batch.destination]
    items = {item.record: item for item in batch.items}
    return {
        "claim": batch.token,
        "destination": batch.destination,
        "collection": batch.collection,
        "index": settings.copy_of(collection),
        "copy": copy_name(settings, collection, staged=batch.staged or not destination.live),
        "rate": heard
        and rate_told(
            destination, heard.limit, heard.remaining, heard.seconds, judgement.close_budget
        ),
        "health": _health(batch, judgement, destination, heard) if heard else [],
        "soft": judgement.health == "failure",
        "heard": judgement.heard,
        "closed": judgement.not_published,
        "no_room": judgement.no_room,
        "create_most": judgement.create_most,
        "imports": judgement.imports,
        "missing": collection.missing,
        "kind": batch.kind,
        "look": batch.look,
        "at": moment_text(judgement.at),
        "live": destination.live,
        "staged": batch.staged,
        "places": places(settings, batch.destination),
        "verdicts": [
            verdict_for(each, items[each.record], sent=not batch.look)
            for each in judgement.verdicts
        ],
    }


def rate_told(
    destination: Destination,
    limit: int | None,
    remaining: int | None,
    age: float,
    close: float | None,
) -> dict[str, Any] | None:
    """
    Return what ``rate_headers.lua`` is told of an answer; None: it says nothing of the budget.

    Args:
        limit, remaining: Its headers.
        age: Seconds since the request was sent.
        close: As of ``Limiter.learn``.
    """
    if limit is None and remaining is None and close is None:
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
    batch: Batch, judgement: Judgement, destination: Destination, heard: Heard
) -> list[dict[str, Any]]:
    """Return what ``destination_health.lua`` is told, one event behind the other."""
    events: list[dict[str, Any]]
    if judgement.pause:
        events = [{"event": "pause", "reason": judgement.pause, "by": destination.budget}]
    else:
        suspect = batch.alone and not batch.items[0].fresh
        events = [{"event": judgement.health, "reason": heard.words, "suspect": suspect or None}]
    if reason := judgement.pause_collection:
        events.append({"event": "pause", "reason": reason, "collection": batch.collection})
    return events


def verdict_for(verdict: Verdict, item: ClaimedItem, *, sent: bool = True) -> dict[str, Any]:
    """Return *verdict* on *item*, by the names of its fields; *sent*: something of it was."""
    told: dict[str, Any] = {name: getattr(verdict, name) for name in _NAMES}
    shown = {slug: list(locales) for slug, locales in told.pop("shown").items() if locales}
    variants = told.pop("variants")
    return {
        **told,
        "id": item.id,
        "sent": [field.slug for field in item.fields] if sent else [],
        "files": dict(verdict.files),
        "seen": dict(verdict.seen),
        "answered": version_of_text(verdict.updated),
        "deaths": [_death(each) for each in verdict.deaths],
        "wait_ms": verdict.wait * 1000,
        "look": verdict.look or None,
        **({"shown": shown} if shown else {}),
        **({"variants": dict(variants)} if variants else {}),
    }


def _death(death: Death) -> dict[str, Any]:
    problems = [{"field": each.path, "message": each.message} for each in death.problems]
    return {**asdict(death), "problems": problems}
