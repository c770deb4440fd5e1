"""What the log says of events: their ids and records, and why one could not be mapped."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Final

from workers.model.changes import Delivery, Incoming
from workers.model.log_fields import bounded_names, without_values
from workers.model.problem_words import problem_words
from workers.store.acceptance import Accepted

PROBLEMS: Final = 3  # in one line

_log = logging.getLogger(__name__)


def named(events: Sequence[Incoming]) -> dict[str, Any]:
    """Return the names of *events* and of the records that they change, as `Receipt` has them."""
    ids: list[str] = []
    records: dict[tuple[str, str], None] = {}
    for event in events:
        if event.id is not None:
            ids.append(event.id)
        for change in event.changes:
            # The record, not the key as it came: the attempts name it so.
            records[change.collection, change.record] = None
    return {
        "ids": bounded_names(ids),
        "collections": tuple({collection: None for collection, _ in records}),
        "keys": bounded_names([record for _, record in records]),
        "records": len(records),
    }


def log_unmapped(delivery: Delivery, accepted: Accepted) -> None:
    """Warn of the events of *delivery* that became dead letters, in one line."""
    bad = [event for event in delivery.events if event.problems] if accepted.letters else []
    if not bad or delivery.mode not in ("live", "fetched"):
        return
    problems = [problem for event in bad for problem in event.problems]
    told = (problem_words(each.path, without_values(each.message)) for each in problems[:PROBLEMS])
    values = {
        "source": delivery.source,
        "topic": bad[0].topic,
        "events": len(bad),
        "event_ids": bounded_names(event.id for event in bad if event.id is not None),
        "problems": tuple(told),
        "more_problems": max(0, len(problems) - PROBLEMS) or None,
        "do": "correct the mapping or the payload; instep dead list",
    }
    _log.warning("event not mapped", extra=values)
