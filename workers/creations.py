"""
What one answer means for one item that was to be created. Pure.

No item is created twice: after an answer that does not tell whether it was, it is looked up, and
only a listing that began when the request could no longer land says that it was not.
"""

from __future__ import annotations

import re
from dataclasses import replace

from workers import comparison, verdicts
from workers.answers import Answer, ItemView
from workers.settings import Collection
from workers.steps import ClaimedItem, Death, Verdict
from workers.verdicts import Case

_TAKEN = re.compile(r"unique|already|taken|duplicate", re.IGNORECASE)


def created(case: Case, item: ClaimedItem) -> Verdict:
    """It is there; what of it the answer does not show goes again, as to any item."""
    view = _view_of(case, item)
    if view is None:
        return Verdict(item.record, unknown=True, limit=1)
    if comparison.key_of(case.collection, view.fields) != item.record:
        key = " and ".join(case.collection.keys)
        message = f"item {view.id} was created, but its field {key} does not show {item.record}"
        deaths = case.death("not-applied", [f.slug for f in item.fields], message=message)
        return Verdict(item.record, made=view.id, deaths=deaths, attempt=True)
    found = comparison.compare(item, view, case.values(item))
    return Verdict(
        item.record,
        made=view.id,
        written=found.shown,
        files=found.files,
        updated=view.updated,
        seen=found.seen,
        missed=tuple(found.missed),
        limit=1 if found.missed else None,
        staged=case.batch.staged and case.destination.live,
    )


def _view_of(case: Case, item: ClaimedItem) -> ItemView | None:
    """Return the item that was created for *item*: by its key, else by its slug."""
    views = list(case.answer.items.values()) if case.answer else []
    for view in views:
        if comparison.key_of(case.collection, view.fields) == item.record:
            return view
    slug = case.sent[item.record]["slug"]
    for view in views:
        if view.fields.get("slug") == slug:
            return view
    return views[0] if case.batch.alone and len(views) == 1 else None


def refused(case: Case, item: ClaimedItem) -> Verdict:
    """As of any item; but nothing can be created without a name, a slug and the key."""
    if not case.batch.alone:
        return verdicts.isolated(case, item)
    problems = case.answer.problems if case.answer else ()
    slug = case.sent[item.record]["slug"]
    is_taken = any(p.path == "slug" and _TAKEN.search(p.message) for p in problems)
    if is_taken and item.taken != slug:
        # v2 can be asked for the item that has it; v1 lists all of them anew.
        again = case.destination.api == "v1"
        return Verdict(item.record, taken=slug, forget=again, limit=1, attempt=True)
    vital = {"name", "slug", *case.collection.keys}
    if not vital.isdisjoint(problem.path for problem in problems):
        message = _no_other_key(slug, item) if is_taken else ""
        slugs = [field.slug for field in item.fields]
        deaths = case.death("refused", slugs, message=message)
        return Verdict(item.record, deaths=deaths, attempt=True)
    return verdicts.refused(case, item)


def conflicting(case: Case, item: ClaimedItem) -> Verdict:
    """As of any item: once more, and then refused."""
    return verdicts.again_once(case, item) or refused(case, item)


def backed_off(case: Case, item: ClaimedItem) -> Verdict:
    """It waits; and after anything but a refusal to connect it may have been created."""
    verdict = verdicts.backed_off(case, item)
    # Any 5xx, not those alone that say that somebody gave up waiting: a second item does more harm
    # than a second PATCH.
    return replace(verdict, unknown=verdict.unknown or case.answer is not None)


def resolved(collection: Collection, item: ClaimedItem, page: Answer) -> Verdict:
    """Return what becomes of *item*, whose slug is taken, by the *page* that asks for the slug."""
    views = [view for view in page.items.values() if view.fields.get("slug") == item.taken]
    for view in views:
        if comparison.key_of(collection, view.fields) == item.record:
            return Verdict(item.record, made=view.id)
    if views:
        key, held = "|".join(collection.keys), comparison.shown_key(collection, views[0].fields)
        found = f"item {views[0].id}, whose {key} is {held}"
        message = f"the slug {item.taken} is that of {found}"
    else:
        # A deleted item keeps its slug until the site is published.
        message = f"the slug {item.taken} is taken, though no item has it: publish the site"
    slugs = tuple(field.slug for field in item.fields)
    return Verdict(item.record, deaths=(Death("refused", slugs, message),), attempt=True)


def _no_other_key(slug: str, item: ClaimedItem) -> str:
    return f"another item has the slug {slug}, and none has the key {item.record}"
