"""The line of the log for each attempt: which items, by which events, and what became of them."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from typing import Any

from workers.config.settings import Destination
from workers.delivery.request_outcome import Attempt
from workers.model.attempts import Batch, BatchOutcome, ItemOutcome
from workers.model.log_fields import bounded_names, without_values
from workers.store.outbox import Settled

_log = logging.getLogger(__name__)


def log_attempt(destination: Destination, batch: Batch, came: Attempt, settled: Settled) -> None:
    """Log one line for the request of *batch*."""
    values: dict[str, Any] = {
        "destination": batch.destination,
        "collection": batch.collection,
        "sources": batch.sources,
        "request": batch.kind,
        "staged": batch.staged or not destination.live,
        "status": came.call.status,
        "code": came.call.code,
        "outcome": ", ".join(_words(came.batch_outcome, settled)) or "nothing to do",
        "items": len(batch.items),
        "keys": bounded_names(item.record for item in batch.items),
        "event_ids": bounded_names(event for item in batch.items for event in item.events),
        "ms": round((came.seconds or 0.0) * 1000, 1),
    }
    if came.call.status is None or came.call.status >= 300:
        fields = [field for item in batch.items for field in item.fields]
        slugs, sent = (each.slug for each in fields), (each.value for each in fields)
        values["reason"] = without_values(came.message, slugs, sent)
    if batch.alone and any(each.attempt for each in came.batch_outcome.item_outcomes):
        values |= {"attempt": batch.items[0].attempts + 1, "of": destination.attempts}
    _log.info("attempt", extra=values)


def _words(outcome: BatchOutcome, settled: Settled) -> Iterator[str]:
    """Yield what became of the items, in words."""
    counted = Counter(_fate(each) for each in outcome.item_outcomes)
    yield from (f"{counted[fate]} {fate}" for fate in sorted(counted) if fate)
    if settled.letters:
        yield f"{settled.letters} dead letter{'s' * (settled.letters > 1)}"
    if settled.lost:
        yield f"{settled.lost} claimed by another process meanwhile"
    if outcome.pause:
        yield "destination paused"
    if outcome.pause_collection:
        yield "collection paused"
    if outcome.not_published:
        yield "waits for a publish"
    if outcome.no_room:
        yield "waits for room in the plan"
    if outcome.close_budget is not None:
        yield "rate limited"


def _fate(item: ItemOutcome) -> str:
    """Return what became of an item; "": a dead letter tells it."""
    done = "created" if item.made else "retired" if item.retired else "written"
    if item.made or item.retired or item.written:
        return done
    if item.failures:
        return ""
    return "written again later, outcome unknown" if item.unknown else "again later"
