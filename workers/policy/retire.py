"""
The outcome of one item that was to be deleted or unpublished.

The CMS only confirms a deletion: there is nothing to read back. An item that is already gone counts
as success.

https://developers.webflow.com/data/reference/cms/collection-items/staged-items/delete-items
https://developers.webflow.com/data/reference/cms/collection-items/live-items/delete-items-live
"""

from __future__ import annotations

from dataclasses import replace

from workers.model.attempts import ClaimedItem, ItemOutcome
from workers.model.retirement import GONE
from workers.policy import publication, refusals, update
from workers.policy.case import Case

# Also if all items that refer to it are to be deleted: in a circle each waits for the other.
STILL_USED = (
    "; remove the references to it in the CMS (of items that refer to each other, those of one),"
    " then replay"
)
# s before each retry: the items that refer to it may be about to be deleted as well.
WAITS = (5.0, 15.0)


def done(_: Case, item: ClaimedItem) -> ItemOutcome:
    """It is deleted, or unpublished."""
    return ItemOutcome(item.record, retired=True)


def missing(case: Case, item: ClaimedItem) -> ItemOutcome:
    """The item, or its live copy, is gone already: success."""
    if not case.batch.alone:
        return publication.suspected(case, item)
    # This answer proves that it was not live, so there is nothing to undo; a 204 proves nothing.
    return replace(done(case, item), unmoved=case.batch.kind == "unpublish")


def held_back(case: Case, item: ClaimedItem) -> ItemOutcome:
    """Not published: there is no live copy to remove."""
    return missing(case, item) if case.batch.kind == "unpublish" else refused(case, item)


def refused(case: Case, item: ClaimedItem) -> ItemOutcome:
    """It fails with the message of the CMS; but if it is to be deleted next, the delete decides."""
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
    """Wait; unless the connection was refused, the item may be gone."""
    item_outcome = update.backed_off(case, item)
    # Any 5xx: a write to an item that is deleted afterwards would be lost.
    return replace(item_outcome, unknown=item_outcome.unknown or case.answer is not None)


def _is_conflict(case: Case) -> bool:
    # v1 answers 400 to what v2 answers 409.
    return case.answer is not None and (case.answer.status == 409 or case.answer.code == "Conflict")


def _is_to_be_deleted(item: ClaimedItem) -> bool:
    return any(field.slug == GONE and field.value == '"delete"' for field in item.fields)
