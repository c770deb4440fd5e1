"""
What an answer means for an item that is, or is not, to be seen on the site. Pure.
"""

from __future__ import annotations

from workers.model.attempts import ClaimedItem, ItemOutcome
from workers.policy import refusals
from workers.policy.case import Case


def suspected(case: Case, item: ClaimedItem) -> ItemOutcome:
    """The batch was refused for the status of some item: it is read of all, once."""
    return refusals.isolate(case, item) if item.looked else ItemOutcome(item.record, look="refused")


def staged(case: Case, item: ClaimedItem) -> ItemOutcome:
    """It is not published, or held back by an editor: only its staged copy is written."""
    if not case.batch.alone:
        return suspected(case, item)
    if case.batch.staged or not case.destination.live:
        return refusals.refused(case, item)  # it was not sent live: going staged changes nothing
    return ItemOutcome(item.record, staged=True, attempt=True)


def published(case: Case, item: ClaimedItem) -> ItemOutcome:
    """It is live now, and is written live; what cannot be published keeps its staged copy."""
    answer = case.answer
    if answer is None or item.id in answer.published:
        return ItemOutcome(item.record, staged=False)
    # The one answer that tells of each item of a batch, by its id.
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
