"""
A batch and the verdicts on it as ``settle.lua`` takes them. Pure.
"""

from __future__ import annotations

from typing import Any

from workers.config.settings import Settings
from workers.model.attempts import Batch, Judgement
from workers.store.codec import copy_name, places, verdict_for
from workers.store.lookups import moment_text


def settlement(batch: Batch, judgement: Judgement, settings: Settings) -> dict[str, Any]:
    """Return what the step is told of *batch* and of the *judgement* on it."""
    collection = settings.collections[batch.collection]
    destination = settings.destinations[batch.destination]
    items = {item.record: item for item in batch.items}
    return {
        "claim": batch.token,
        "destination": batch.destination,
        "collection": batch.collection,
        "index": settings.copy_of(collection),
        "copy": copy_name(settings, collection, staged=batch.staged or not destination.live),
        "soft": judgement.health == "failure",
        "heard": judgement.heard,
        "closed": judgement.not_published,
        "no_room": judgement.no_room,
        "create_most": judgement.create_most,
        "imports": judgement.imports,
        "missing": collection.missing,
        "create": batch.create,
        "retire": batch.retire,
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
