"""The word for what became of an item in one attempt, by which attempts are counted."""

from __future__ import annotations

from typing import Final

from workers.model.attempts import BatchOutcome, ItemOutcome

# The first that fits counts; "lost" is said by the store: the claim had run out.
ACTIONS: Final = {
    "dead": "some of its values became a dead letter",
    "written": "the CMS took what was sent, or a part of it, or retired the item",
    "unknown": "no answer: the request may still land",
    "snoozed": "the budget was spent; not an attempt",
    "paused": "the destination or the collection was paused",
    "waiting": "for a publish of the site, or for room in the plan",
    "published": "its staged copy was published",
    "staged": "it is written staged only from now on",
    "looked-up": "its id, its status, a slug or the schema is read before it is sent again",
    "isolated": "it is sent again in a smaller batch",
    "retried": "it is sent again after a backoff",
    "lost": "its claim had run out before the answer came",
}


def action_of(item: ItemOutcome, batch: BatchOutcome, *, sent: bool) -> str:
    """Return the action for *item*, or ""; *sent*: there was a request, of whatever items."""
    if item.failures:
        return "dead"
    if item.written or item.retired or item.made:
        return "written"
    if not sent or not item.carried:
        return ""
    return _of_batch(item, batch) or _of_item(item)


def _of_batch(item: ItemOutcome, batch: BatchOutcome) -> str:
    if item.unknown:
        return "unknown"
    if batch.close_budget is not None:
        return "snoozed"
    if batch.pause or batch.pause_collection:
        return "paused"
    return "waiting" if batch.not_published or batch.no_room else ""


def _of_item(item: ItemOutcome) -> str:
    if item.staged is not None:
        return "staged" if item.staged else "published"
    looks = (item.forget, item.relist, item.look, item.taken, item.dangling, item.by_new_schema)
    if any(looks):
        return "looked-up"
    return "retried" if item.limit is None and item.part is None else "isolated"
