"""The outcome of an item that was refused, alone or in a batch."""

from __future__ import annotations

from workers.model.attempts import ClaimedItem, ItemOutcome
from workers.policy import isolation, messages, schema_doubts
from workers.policy.case import Case

CONFLICT_WAIT = 10.0  # s before an unexplained conflict is retried
LAST = 0.001  # s: suspects go after the items that are due now


def keep(_: Case, item: ClaimedItem) -> ItemOutcome:
    """Keep it pending: the answer is not about the item."""
    return ItemOutcome(item.record)


def isolate(case: Case, item: ClaimedItem) -> ItemOutcome:
    """Send it again with its part of the batch."""
    part = case.parts.get(item.record)
    if part is None:
        return ItemOutcome(item.record, limit=case.halved)
    if part == isolation.ALONE:
        return ItemOutcome(item.record, limit=1, part="", wait=LAST)
    if part == isolation.ANEW:
        return ItemOutcome(item.record, part=isolation.ANY, by_new_schema=True)
    # Items above suspicion go first, as if nothing had happened.
    return ItemOutcome(
        item.record, part=part, wait=LAST if part.endswith(isolation.SUSPECTS) else 0.0
    )


def refused(case: Case, item: ClaimedItem) -> ItemOutcome:
    """The named fields fail, the others are sent once more; without a name, all fields fail."""
    if not case.batch.alone:
        return _looked_up_again(case, item) or isolate(case, item)
    if dangling := unknown_references(case, item):
        return ItemOutcome(item.record, dangling=dangling, attempt=True)
    sent = case.values(item)
    named = case.named & set(sent) or _files_meant(case, item)
    if schema_doubts.spoils(case, item, named):
        return ItemOutcome(item.record, by_new_schema=True)
    some = bool(named) and len(named) < len(sent) and not item.refused
    slugs = [slug for slug in sent if slug in named or not some]
    return ItemOutcome(
        item.record, failures=case.failure("refused", slugs), attempt=True, refused=some
    )


def _looked_up_again(case: Case, item: ClaimedItem) -> ItemOutcome | None:
    """Look up its references again, if the CMS does not know their ids."""
    if case.parts.get(item.record) != isolation.ALONE:
        return None
    dangling = unknown_references(case, item)
    return ItemOutcome(item.record, dangling=dangling, part="") if dangling else None


def shrunk(case: Case, item: ClaimedItem) -> ItemOutcome:
    """Send it again in half a batch: the request was too large."""
    return refused(case, item) if case.batch.alone else ItemOutcome(item.record, limit=case.halved)


def conflicting(case: Case, item: ClaimedItem) -> ItemOutcome:
    """
    Retry once, then refuse.

    Right after a publish of the site the CMS may answer one 409 to a valid request.
    """
    return again_once(case, item) or refused(case, item)


def again_once(case: Case, item: ClaimedItem) -> ItemOutcome | None:
    """Retry an item that was sent alone; None if it was retried before, or not alone."""
    if not case.batch.alone or item.refused:
        return None
    return ItemOutcome(item.record, wait=CONFLICT_WAIT, attempt=True, refused=True)


def _files_meant(case: Case, item: ClaimedItem) -> set[str]:
    """Return the file fields if the error is about a file and names no field."""
    answer = case.answer
    if answer is None or not messages.speaks_of_file(answer):
        return set()
    sent = case.values(item)
    fields = [field for field in item.fields if field.slug in sent]
    carriers = {field.slug for field in fields if case.type_of(field).files}
    # Pictures in rich text are imported, too.
    return carriers or {f.slug for f in fields if f.type == "richtext" and "<img" in f.value}


def unknown_references(case: Case, item: ClaimedItem) -> tuple[str, ...]:
    """Return the references that the CMS names, unless they were looked up again before."""
    return tuple(
        field.slug
        for field in item.fields
        if field.slug in case.named and case.type_of(field).refers and not field.misses
    )
