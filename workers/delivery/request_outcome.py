"""What came of the request of a batch, as it is to be settled. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from workers.errors import DestinationError
from workers.model.attempts import Batch, BatchOutcome, ClaimedItem, Heard, ItemOutcome
from workers.model.retirement import GONE
from workers.policy.update import wants_publishing
from workers.webflow.item_answers import Answer
from workers.webflow.item_payloads import Prepared

LATE = 7.0  # s after which no answer means that it took too long


@dataclass(frozen=True, slots=True)
class Attempt:
    """
    What came of a request.

    Args:
        message: In a line.
        heard: What is learned from its answer in the same step; None: that was told already.
        seconds: That it took; None: it was a GET in the place of the request of its batch.
    """

    batch_outcome: BatchOutcome
    message: str
    heard: Heard | None = None
    seconds: float | None = None

    @classmethod
    def of_read(cls, item_outcomes: Iterable[ItemOutcome], message: str) -> Attempt:
        """Return what a GET has found of each item that waited for it."""
        return cls(BatchOutcome(tuple(item_outcomes), "refusal"), message)


def heard(outcome: Answer | DestinationError | None, words: str, seconds: float) -> Heard | None:
    """Return what *outcome* says beside the items; None: nothing was sent."""
    if isinstance(outcome, Answer):
        return Heard(words, outcome.limit, outcome.remaining, seconds)
    return Heard(words, seconds=seconds) if outcome else None


def imports(
    batch: Batch, outcome: Answer | DestinationError | None, seconds: float
) -> tuple[int, float] | None:
    """Return how many files were imported for *batch*, and in how many ms; None: nobody knows."""
    if isinstance(outcome, Answer):
        return (batch.imports, seconds * 1000) if outcome.status < 300 else None
    # Nobody waited for the end of it: twice as long, as far as is known.
    late = outcome is not None and seconds > LATE
    return (batch.imports, seconds * 2000) if late else None


def given(sent: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return *sent* without what clears a field: a new item has nothing to be cleared."""
    return {slug: value for slug, value in sent.items() if value is not None}


def flags(item: ClaimedItem, sent: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what of *sent* publishing carries out: nothing, where a newer value says no."""
    if not wants_publishing(item, sent):
        return {}
    return {slug: sent[slug] for slug in (GONE, "_draft", "_archived") if slug in sent}


def completed(
    batch_outcome: BatchOutcome, batch: Batch, prepared: Prepared, wait: float
) -> BatchOutcome:
    """
    Return *batch_outcome* with an outcome on every item, and on what was not sent of it.

    Args:
        wait: Seconds until the schema of what is doubted may be read again.
    """
    judged = {item_outcome.record: item_outcome for item_outcome in batch_outcome.item_outcomes}
    item_outcomes = []
    for item in batch.items:
        item_outcome = judged.get(item.record, ItemOutcome(item.record))
        failures = [failure for failure in [prepared.failures.get(item.record)] if failure]
        doubt = wait if item.record in prepared.doubted else 0.0
        item_outcomes.append(
            replace(
                item_outcome,
                failures=(*item_outcome.failures, *failures),
                wait=max(item_outcome.wait, doubt),
            )
        )
    return replace(batch_outcome, item_outcomes=tuple(item_outcomes))
