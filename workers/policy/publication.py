"""The outcome of an item that is to be published, or cannot be."""

from __future__ import annotations

from workers.model.attempts import ClaimedItem, ItemOutcome
from workers.policy import refusals
from workers.policy.case import Case


def suspected(case: Case, item: ClaimedItem) -> ItemOutcome:
    """The status of some item caused the refusal: read the status of all of them, once."""
    return refusals.isolate(case, item) if item.looked else ItemOutcome(item.record, look="refused")


def staged(case: Case, item: ClaimedItem) -> ItemOutcome:
    """Not published, or held back by an editor: write the staged copy only."""
    if not case.batch.alone:
        return suspected(case, item)
    if case.batch.staged or not case.destination.live:
        return refusals.refused(case, item)  # it was staged already
    return ItemOutcome(item.record, staged=True, attempt=True)


def published(case: Case, item: ClaimedItem) -> ItemOutcome:
    """Live from now on; an item that cannot be published keeps its staged copy."""
    answer = case.answer
    if answer is None or item.id in answer.published:
        return ItemOutcome(item.record, staged=False)
    # The only answer to a batch that reports each item, by id.
    named = [text for text in answer.errors if item.id in text]
    if not case.batch.alone and not named:
        return refusals.isolate(case, item)
    told = named or answer.errors
    message = "; ".join(told) or "the item was not published, and nothing was said of it"
    return ItemOutcome(
        item.record,
        failures=case.failure("refused", case.values(item), message=message, problems=()),
        attempt=True,
        unpublishable=True,
    )
