"""
The outcome of items whose status was read before a request that depends on it.

A live write of a hundred items is refused for one unpublished item, without saying which; and only
the status before a retirement tells what it changes. One GET shows all of them if the site filters
by id; otherwise it lists the latest edits, since unpublishing is an edit.
"""

from __future__ import annotations

from collections.abc import Iterator

from workers.errors import DestinationError
from workers.model.attempts import Batch, ClaimedItem, ItemOutcome
from workers.model.item_status import status_of
from workers.webflow.item_answers import Answer, ItemView

REFUSED = "a live write was refused, and the item is "


def item_outcomes(
    batch: Batch, outcome: Answer | DestinationError, *, wait: float
) -> Iterator[ItemOutcome]:
    """Yield an outcome per item; *wait*: seconds until the next look after a 429."""
    answer = outcome if isinstance(outcome, Answer) else None
    views = answer.items if answer and answer.status == 200 else {}
    blamed = any(not _shown(views[item.id]) for item in batch.items if item.id in views)
    ids = {item.id for item in batch.items}
    # A CMS that ignores the filter answers other items as well.
    whole = bool(answer and answer.status == 200) and views.keys() <= ids
    whole = whole or bool(batch.alone and answer and answer.status == 404)
    for item in batch.items:
        if view := views.get(item.id):
            yield _found(batch, item, view, blamed)
        elif answer and answer.status == 429:
            yield ItemOutcome(item.record, look=batch.look, wait=wait)
        else:
            yield _not_found(batch, item, blamed, whole=whole)


def _found(batch: Batch, item: ClaimedItem, view: ItemView, blamed: bool) -> ItemOutcome:
    status = status_of(view)
    if batch.look != "refused":
        return ItemOutcome(item.record, status=status)
    if _shown(view):
        # No item seems to blame: lastPublished may remain although nothing is live.
        return ItemOutcome(item.record, status=status, limit=None if blamed else _halved(batch))
    return ItemOutcome(item.record, status=status, staged=True, why=REFUSED + _words(view))


def _not_found(batch: Batch, item: ClaimedItem, blamed: bool, *, whole: bool) -> ItemOutcome:
    if batch.look == "status":
        return ItemOutcome(item.record, look="" if batch.alone else "alone")
    if batch.look == "alone":
        return ItemOutcome(item.record)
    if whole and item.record != item.id and not item.forgotten:
        return ItemOutcome(item.record, forget=True)
    return ItemOutcome(item.record, limit=None if blamed and not whole else _halved(batch))


def _halved(batch: Batch) -> int:
    return max(1, len(batch.items) // 2)


def _shown(view: ItemView) -> bool:
    return view.published is not None and not (view.archived or view.draft)


def _words(view: ItemView) -> str:
    if view.archived:
        return "archived"
    return "a draft" if view.draft else "not published"
