"""
The outcome of one item that was to be created.

No item is created twice: if the answer leaves the outcome unknown, the item is looked up, and only
a listing that began after the request could no longer land proves that it was not created.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from workers.config.settings import Collection
from workers.fields import slugify
from workers.model.attempts import ClaimedItem, FieldFailure, ItemOutcome
from workers.model.item_status import status_of
from workers.policy import readback, refusals, update
from workers.policy.case import Case
from workers.webflow import item_keys
from workers.webflow.item_answers import Answer, ItemView
from workers.webflow.schema import UNKNOWN, Schema

LOOKS = 3  # attempts to find the holder of a taken slug
WAIT = 10.0  # s between them: listings may lag behind writes


def created(case: Case, item: ClaimedItem) -> ItemOutcome:
    """Created; values missing from the answer are sent again, as for any item."""
    view = _view_of(case, item)
    if view is None:
        return ItemOutcome(item.record, unknown=True, limit=1)
    if not item_keys.is_of(case.collection, item.record, view.fields, case.schema):
        key = " and ".join(case.collection.keys)
        message = f"item {view.id} was created, but its field {key} does not show {item.record}"
        failures = case.failure("not-applied", [f.slug for f in item.fields], message=message)
        return ItemOutcome(item.record, made=view.id, failures=failures, attempt=True)
    found = readback.compare(item, view, case.values(item), case.schema)
    return ItemOutcome(
        item.record,
        made=view.id,
        written=found.shown,
        normalised=found.normalised,
        files=found.files,
        updated=view.updated,
        seen=found.seen,
        missed=tuple(found.missed),
        limit=1 if found.missed else None,
        staged=case.batch.staged and case.destination.live,
        named=_named(case, item, view),
        status=status_of(view),
        slug=update.slug_of(view),
        why="it was created as its mapping says: not to be seen",
    )


def _named(case: Case, item: ClaimedItem, view: ItemView) -> tuple[str, str] | None:
    """Return the item's slug and the one first made from its name, if they differ."""
    sent = case.sent[item.record]
    first = slugify.slug_from(str(sent.get("name") or ""), item.record)
    got = view.fields.get("slug") or sent["slug"]
    return None if first in (None, got) or _is_mapped(item) else (str(got), str(first))


def _view_of(case: Case, item: ClaimedItem) -> ItemView | None:
    """Return the created item: matched by key, else by slug."""
    views = list(case.answer.items.values()) if case.answer else []
    for view in views:
        if item_keys.is_of(case.collection, item.record, view.fields, case.schema):
            return view
    slug = case.sent[item.record]["slug"]
    for view in views:
        if view.fields.get("slug") == slug:
            return view
    return views[0] if case.batch.alone and len(views) == 1 else None


def refused(case: Case, item: ClaimedItem) -> ItemOutcome:
    """As for any item; but without its name, slug or key an item cannot be created at all."""
    problems, said = (case.answer.problems, case.answer.message) if case.answer else ((), "")
    slug = case.sent[item.record]["slug"]
    if not case.batch.alone:
        return _sorted_out(case, item, slugify.refused(problems, said))
    is_taken = slugify.is_refused(problems, said)
    if is_taken and item.taken != slug:
        return _held_by_another(case, item, slug)
    vital = {"name", "slug", *case.collection.keys}
    if is_taken or not vital.isdisjoint(problem.path for problem in problems):
        message = _no_other_key(slug, item) if is_taken else ""
        everything = [field.slug for field in item.fields]
        failures = case.failure("refused", everything, message=message)
        return ItemOutcome(item.record, failures=failures, attempt=True)
    return refusals.refused(case, item)


def conflicting(case: Case, item: ClaimedItem) -> ItemOutcome:
    """As for any item: retry once, then refuse."""
    return refusals.again_once(case, item) or refused(case, item)


def _sorted_out(case: Case, item: ClaimedItem, taken: frozenset[str]) -> ItemOutcome:
    """
    If the CMS quotes the taken slugs, only their items change; the others are sent again as they
    are.
    """
    own = {record: str(sent["slug"]) for record, sent in case.sent.items()}
    if taken.isdisjoint(own.values()):
        return refusals.isolate(case, item)
    if own[item.record] not in taken:
        return ItemOutcome(item.record)
    return ItemOutcome(item.record, taken=own[item.record], limit=1)


def _held_by_another(case: Case, item: ClaimedItem, slug: str) -> ItemOutcome:
    """Find the holder of *slug*: v2 can filter by slug; v1 has to list all items again."""
    if case.destination.api != "v1":
        return ItemOutcome(item.record, taken=slug, limit=1, attempt=True)
    # If a listing that begins now does not show the key, another item has the slug.
    if not _is_mapped(item) and slugify.slug_from(_name(item), item.record, slug):
        return ItemOutcome(item.record, passed=slug, forget=True, limit=1, attempt=True)
    return ItemOutcome(item.record, taken=slug, forget=True, limit=1, attempt=True)


def backed_off(case: Case, item: ClaimedItem) -> ItemOutcome:
    """Wait; unless the connection was refused, the item may have been created."""
    item_outcome = update.backed_off(case, item)
    # Any 5xx, not only gateway timeouts: a second item does more harm than a second PATCH.
    return replace(item_outcome, unknown=item_outcome.unknown or case.answer is not None)


def resolved(
    collection: Collection,
    item: ClaimedItem,
    page: Answer,
    *,
    spread: float,
    schema: Schema = UNKNOWN,
) -> ItemOutcome:
    """
    Decide about *item*, whose slug is taken, from the *page* filtered by that slug.

    An item there with the same key is this one. The next slug is tried only if another key is seen
    to have this slug: if no item shows it, the request that created this very item may not show
    yet.
    """
    views = [view for view in page.items.values() if view.fields.get("slug") == item.taken]
    for view in views:
        if item_keys.is_of(collection, item.record, view.fields, schema):
            return ItemOutcome(item.record, made=view.id)
    if not views and item.attempts < LOOKS:
        return ItemOutcome(item.record, wait=WAIT * (1 + spread), taken=item.taken, attempt=True)
    other = item_keys.key_of(collection, views[0].fields) if views else None
    following = slugify.slug_from(_name(item), item.record, item.taken)
    if other is not None and following and not _is_mapped(item):
        return ItemOutcome(item.record, passed=item.taken, limit=100)
    message = _told(collection, item, views, other)
    everything = tuple(field.slug for field in item.fields)
    return ItemOutcome(
        item.record, failures=(FieldFailure("refused", everything, message),), attempt=True
    )


def _told(
    collection: Collection, item: ClaimedItem, views: list[ItemView], other: str | None
) -> str:
    if not views:
        return (
            f"the slug {item.taken} is taken, though no item has it: that of a deleted item is,"
            " until the site is published; publish it, then replay this"
        )
    key, held = " and ".join(collection.keys), item_keys.shown_key(collection, views[0].fields)
    message = f"the slug {item.taken} is that of item {views[0].id}, whose {key} is {held}"
    if _is_mapped(item):
        return f"{message}; a mapping gives this slug, which is not changed here"
    if other is None:
        return f"{message}; give it the key {item.record} if it is this one, else another slug"
    return f"{message}, and so are all that were made for it"


def _is_mapped(item: ClaimedItem) -> bool:
    """Tell whether a mapping sets the slug of *item*."""
    return bool(_values(item).get("slug"))


def _name(item: ClaimedItem) -> str:
    return str(_values(item).get("name") or "")


def _values(item: ClaimedItem) -> Mapping[str, Any]:
    named = (field for field in item.fields if field.slug in ("name", "slug"))
    return {field.slug: json.loads(field.value) for field in named}


def _no_other_key(slug: str, item: ClaimedItem) -> str:
    return f"another item has the slug {slug}, and none has the key {item.record}"
