"""The result of a batch's request, ready to be settled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from workers.errors import DestinationError
from workers.model.attempts import Batch, BatchOutcome, Call, ClaimedItem, Heard, ItemOutcome
from workers.model.retirement import GONE
from workers.policy.update import wants_publishing
from workers.webflow.item_answers import Answer
from workers.webflow.item_payloads import Prepared

LATE = 7.0  # s after which a missing answer means that the request was too slow


@dataclass(frozen=True, slots=True)
class Attempt:
    """The result of a request."""

    batch_outcome: BatchOutcome
    message: str  # one line
    call: Call
    heard: Heard | None = None  # to record in the same step, unless it is recorded already
    seconds: float | None = None  # duration; None: a GET was sent instead of the request

    @classmethod
    def of_answer(
        cls,
        batch_outcome: BatchOutcome,
        outcome: Answer | DestinationError | None,
        message: str,
        seconds: float,
    ) -> Attempt:
        """Return the result of the request; *outcome* None: nothing was sent."""
        call = _call(outcome)
        return cls(batch_outcome, message, call, heard(outcome, message, seconds), seconds)

    @classmethod
    def of_read(cls, item_outcomes: Iterable[ItemOutcome], message: str) -> Attempt:
        """Return the result of a GET sent instead of the request."""
        call = Call(message=message, sent=False)
        return cls(BatchOutcome(tuple(item_outcomes), "refusal"), message, call)


def _call(outcome: Answer | DestinationError | None) -> Call:
    """Return *outcome* for the lives of the records; None: nothing was sent."""
    if isinstance(outcome, Answer):
        return Call(outcome.status, outcome.code, outcome.message)
    if outcome is None:
        return Call(message="no request", sent=False)
    return Call(message=str(outcome), sent=outcome.sent)


def heard(outcome: Answer | DestinationError | None, words: str, seconds: float) -> Heard | None:
    """Return what *outcome* tells beside the items; None: nothing was sent."""
    if isinstance(outcome, Answer):
        return Heard(words, outcome.limit, outcome.remaining, seconds)
    return Heard(words, seconds=seconds) if outcome else None


def imports(
    batch: Batch, outcome: Answer | DestinationError | None, seconds: float
) -> tuple[int, float] | None:
    """Return the number of files imported for *batch*, and ms; None: unknown."""
    if isinstance(outcome, Answer):
        return (batch.imports, seconds * 1000) if outcome.status < 300 else None
    # Abandoned: assume twice the time.
    late = outcome is not None and seconds > LATE
    return (batch.imports, seconds * 2000) if late else None


def given(sent: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return *sent* without nulls: a new item has nothing to clear."""
    return {slug: value for slug, value in sent.items() if value is not None}


def flags(item: ClaimedItem, sent: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the flags that a publish carries out; empty if a newer value forbids it."""
    if not wants_publishing(item, sent):
        return {}
    return {slug: sent[slug] for slug in (GONE, "_draft", "_archived") if slug in sent}


def completed(
    batch_outcome: BatchOutcome, batch: Batch, prepared: Prepared, wait: float
) -> BatchOutcome:
    """
    Add outcomes for the items, or values, that were not sent.

    *wait*: seconds until the schema of doubted items may be read again.
    """
    judged = {item_outcome.record: item_outcome for item_outcome in batch_outcome.item_outcomes}
    item_outcomes = []
    for item in batch.items:
        item_outcome = judged.get(item.record) or ItemOutcome(item.record, carried=False)
        failure, unsent = prepared.failures.get(item.record), _unsent(batch, item, prepared)
        doubt = wait if item.record in prepared.doubted else 0.0
        # Most have nothing to add, and a copy costs more than all that was decided of the item.
        if failure or unsent or doubt > item_outcome.wait:
            item_outcome = replace(
                item_outcome,
                failures=(*item_outcome.failures, *([failure] if failure else [])),
                wait=max(item_outcome.wait, doubt),
                unsent=unsent,
            )
        item_outcomes.append(item_outcome)
    return replace(batch_outcome, item_outcomes=tuple(item_outcomes))


def _unsent(batch: Batch, item: ClaimedItem, prepared: Prepared) -> tuple[str, ...]:
    if batch.publish or batch.retire:  # carry no values
        return ()
    sent = prepared.values.get(item.record, {})
    return tuple(field.slug for field in item.fields if field.slug not in sent)
