"""
The findings of a reconcile: differences by cause, and notes.

A **difference** is a value or item of the CMS that should be another, or should not be there. A
**note** needs no action: it resolves by itself, or was already decided.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

MISSED = "missed event"  # the source has a newer value than the outbox, or one that it never had
LOST = "write lost"  # written and answered, and the item shows another, unchanged since
EDITED = "edited in the CMS"  # changed since our last answer
DELETED = "deleted in the CMS"  # there was an item
MISSING = "missing"  # there never was one
ORPHAN = "orphan"  # an item whose key no record has
NO_KEY = "no key"  # an item without one: never retired
DUPLICATE = "duplicate key"  # of two items, or of two records: neither is written
UNDECIDED = "undecided"  # source and outbox differ, and it is unknown which is newer

DIFFERENCES = (MISSED, LOST, EDITED, DELETED, MISSING, ORPHAN, NO_KEY, DUPLICATE, UNDECIDED)

ON_ITS_WAY = "on its way"  # pending, or to be written once more
LETTER = "dead letter"  # an open one holds the value
IGNORED = "ignored"
DISCARDED = "discarded"
OLDER = "source older"  # by its version; the CMS shows the outbox's value
LATER = "changed since"  # in the outbox or the CMS, after the snapshot
SHOWN = "shown already"  # the source's value, which the outbox takes without a call
HELD_BACK = "held back in the CMS"  # archived, a draft or unpublished, and not by us
RETIRED = "retired"  # an orphan that is as it should be
AWAITING = "delete waits for approval"  # of a record that the snapshot has
DROPPED = "delete dropped"  # an orphan that stays: an operator dropped its delete
RETURNED = "delete ended"  # it waited, or was dropped; the snapshot has the record
UNLISTED = "not listed"  # but the listing was incomplete, so that proves nothing
UNFIT = "not comparable"  # a version ahead of the clock
NORMALISED = "normalised"  # the CMS stores the value in another form
UNDONE = "undone"  # by hand: the source has another value, or the record, and no newer version
UNPUBLISHED = "changed since it was published"  # the live copy was not read, and may differ

STAGED = "staged, and published next"  # by Instep, which had lost sight of it
WHOSE = "staged, not known whose"  # a publish would take along what Instep did not write
DRAFT = "staged, and a draft"  # values of Instep's, which an editor holds back with it

NOTES = (
    ON_ITS_WAY,
    LETTER,
    IGNORED,
    DISCARDED,
    OLDER,
    LATER,
    SHOWN,
    HELD_BACK,
    RETIRED,
    AWAITING,
    DROPPED,
    RETURNED,
    UNLISTED,
    UNFIT,
    UNDONE,
    UNPUBLISHED,
    STAGED,
    WHOSE,
    DRAFT,
    NORMALISED,
)

NOT_COMPARABLE = (UNFIT, UNDECIDED, UNPUBLISHED)  # nothing is proven with one of these

NOTED = tuple(cause for cause in NOTES if cause != NORMALISED)  # one by one; it may be all there is

# Actions on differences. RETIRE stands for one of workers.config.settings.RETIREMENTS.
ACCEPT = "accept"  # the source's value, at its version
ADOPT = "take as it is"  # the CMS shows the source's value: the outbox takes it, without a call
BACK = "bring back"  # an earlier snapshot lacked the record: undo the retirement
REPAIR = "repair"  # write the outbox's newest value once more
AGAIN = "write anew"  # forget the id, then act by `missing`
CREATE = "create"
RETIRE = "retire"
DEAD_LETTER = "dead-letter"  # by `missing`
IGNORE = "ignore"  # by `missing`
KEEP = "keep"  # an orphan that is newer than the snapshot
WITHHELD = "withheld"  # by the guard
APPROVE = (
    "approve"  # an orphan whose delete waited for approval, and was approved with the run's own
)
HELD = "held"  # an orphan whose delete waits for approval; also the outcome of RETIRE
REPORT = "report"  # nothing, by the policy
CMS_WINS = "cms wins"  # nothing, by the policy
NONE = "none"  # nothing can be done

ACTS = (
    BACK,
    ACCEPT,
    REPAIR,
    AGAIN,
    CREATE,
    DEAD_LETTER,
    IGNORE,
    RETIRE,
    APPROVE,
)  # those with an effect


@dataclass(frozen=True, slots=True)
class Finding:
    """
    One difference or note.

    Args:
        cause: Of DIFFERENCES or NOTES.
        record: Its key (or its item id if events carry that); None: it has none.
        item: The CMS item id.
        slug: None: the whole item.
        source, outbox: Values as JSON text.
        cms: The item's value.
        act: The repair.
        why: The reason for *act*, in words.
        version, type, mapping: Of the source's value.
        arrival: Of the outbox's value.
        on_create: The source's value is for a new item only.
    """

    cause: str
    record: str | None
    item: str | None = None
    slug: str | None = None
    source: str | None = None
    outbox: str | None = None
    cms: Any = None
    act: str = NONE
    why: str = ""
    version: str = ""
    type: str = ""
    mapping: str = ""
    arrival: int = 0
    on_create: bool = False
