"""
What one answer means for one item that was to be taken away. Pure.

An item is taken away by its id, and the CMS answers no more than that it was: nothing is read
back. That there is no such item is what was wanted.

https://developers.webflow.com/data/reference/cms/collection-items/staged-items/delete-items
https://developers.webflow.com/data/reference/cms/collection-items/live-items/delete-items-live
"""

from __future__ import annotations

from dataclasses import replace

from workers.model.attempts import ClaimedItem, ItemOutcome
from workers.model.retirement import GONE
from workers.policy import publication, refusals, update
from workers.policy.case import Case

# Also where all that refer to it are to be deleted: in a circle each waits for the other.
STILL_USED = (
    "; remove the references to it in the CMS (of items that refer to each other, those of one),"
    " then replay"
)
# s until it is tried again: what refers to it may be about to be deleted as well.
WAITS = (5.0, 15.0)


def done(_: Case, item: ClaimedItem) -> ItemOutcome:
    """It is deleted, or its live copy is away."""
    return ItemOutcome(item.record, retired=True)


def missing(case: Case, item: ClaimedItem) -> ItemOutcome:
    """There is none, or none that is live: that is what was wanted."""
    if not case.batch.alone:
        return publication.suspected(case, item)
    # Had it been live, that would be ours to take back; 204 says nothing of whether it was.
    return replace(done(case, item), unmoved=case.batch.kind == "unpublish")


def held_back(case: Case, item: ClaimedItem) -> ItemOutcome:
    """It was not published: then there is no live copy to take away."""
    return missing(case, item) if case.batch.kind == "unpublish" else refused(case, item)


def refused(case: Case, item: ClaimedItem) -> ItemOutcome:
    """It dies with the CMS's words; but where it is to be deleted, deleting it tells."""
    if case.batch.alone and case.batch.kind == "unpublish" and _is_to_be_deleted(item):
        return done(case, item)
    used = case.batch.kind == "delete" and _is_conflict(case)
    if used and case.batch.alone and item.attempts < len(WAITS):
        return ItemOutcome(item.record, wait=WAITS[item.attempts], attempt=True)
    item_outcome = refusals.refused(case, item)
    if not used:
        return item_outcome
    failures = (
        replace(failure, message=failure.message + STILL_USED) for failure in item_outcome.failures
    )
    return replace(item_outcome, failures=tuple(failures))


def backed_off(case: Case, item: ClaimedItem) -> ItemOutcome:
    """It waits; and after anything but a refusal to connect it may have been taken away."""
    item_outcome = update.backed_off(case, item)
    # Any 5xx: what is written next to an item that is then taken away would be lost.
    return replace(item_outcome, unknown=item_outcome.unknown or case.answer is not None)


def _is_conflict(case: Case) -> bool:
    # v1 answers 400 to what v2 answers 409.
    return case.answer is not None and (case.answer.status == 409 or case.answer.code == "Conflict")


def _is_to_be_deleted(item: ClaimedItem) -> bool:
    return any(field.slug == GONE and field.value == '"delete"' for field in item.fields)
