"""
What one answer means for one item that was to be created. Pure.

No item is created twice: after an answer that does not tell whether it was, it is looked up, and
only a listing that began when the request could no longer land says that it was not.
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

LOOKS = 3  # attempts by which a slug that nobody is seen to have must show its holder
WAIT = 10.0  # s between them: a listing may lag behind a write


def created(case: Case, item: ClaimedItem) -> ItemOutcome:
    """It is there; what of it the answer does not show goes again, as to any item."""
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
        why="it was created as its mapping says: not to be seen",
    )


def _named(case: Case, item: ClaimedItem, view: ItemView) -> tuple[str, str] | None:
    """Return the slug that *item* has got, and the one made of its name where that is another."""
    sent = case.sent[item.record]
    first = slugify.slug_from(str(sent.get("name") or ""), item.record)
    got = view.fields.get("slug") or sent["slug"]
    return None if first in (None, got) or _is_mapped(item) else (str(got), str(first))


def _view_of(case: Case, item: ClaimedItem) -> ItemView | None:
    """Return the item that was created for *item*: by its key, else by its slug."""
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
    """As of any item; but nothing can be created without a name, a slug and the key."""
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
    """As of any item: once more, and then refused."""
    return refusals.again_once(case, item) or refused(case, item)


def _sorted_out(case: Case, item: ClaimedItem, taken: frozenset[str]) -> ItemOutcome:
    """Of a batch of which the CMS quotes the slugs that are taken, the others go again as it is."""
    own = {record: str(sent["slug"]) for record, sent in case.sent.items()}
    if taken.isdisjoint(own.values()):
        return refusals.isolate(case, item)
    if own[item.record] not in taken:
        return ItemOutcome(item.record)
    return ItemOutcome(item.record, taken=own[item.record], limit=1)


def _held_by_another(case: Case, item: ClaimedItem, slug: str) -> ItemOutcome:
    """v2 can be asked for the item that has *slug*; v1 lists all of them anew."""
    if case.destination.api != "v1":
        return ItemOutcome(item.record, taken=slug, limit=1, attempt=True)
    # Once a listing has begun that does not show the key, the slug is that of another item.
    if not _is_mapped(item) and slugify.slug_from(_name(item), item.record, slug):
        return ItemOutcome(item.record, passed=slug, forget=True, limit=1, attempt=True)
    return ItemOutcome(item.record, taken=slug, forget=True, limit=1, attempt=True)


def backed_off(case: Case, item: ClaimedItem) -> ItemOutcome:
    """It waits; and after anything but a refusal to connect it may have been created."""
    item_outcome = update.backed_off(case, item)
    # Any 5xx, not those alone that say that somebody gave up waiting: a second item does more harm
    # than a second PATCH.
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
    Return what becomes of *item*, whose slug is taken, by the *page* that asks for the slug.

    The item with its key is it. The next slug is tried only when another key is seen to have this
    one: with nobody there, the request that made this very item may not show yet.
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
    """Tell whether a mapping gives the slug of *item*."""
    return bool(_values(item).get("slug"))


def _name(item: ClaimedItem) -> str:
    return str(_values(item).get("name") or "")


def _values(item: ClaimedItem) -> Mapping[str, Any]:
    named = (field for field in item.fields if field.slug in ("name", "slug"))
    return {field.slug: json.loads(field.value) for field in named}


def _no_other_key(slug: str, item: ClaimedItem) -> str:
    return f"another item has the slug {slug}, and none has the key {item.record}"
