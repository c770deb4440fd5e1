"""
Conflicts of a write with the present state: each cause of a 409, with its wording.

https://developers.webflow.com/data/docs/working-with-the-cms/publishing
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from service.sandbox.model.records import Collection, Item
from service.sandbox.model.refusals import Refused
from service.sandbox.site.site import Site

NEVER_PUBLISHED = "Live PATCH updates can't be applied to items that have never been published"
CHANGED = "The collection structure changed since the last publish"
SITE_NOT_PUBLISHED = "The site is not published"
UNEVEN = "Site is published to multiple domains at different times"
FULL = "You've created all the items in your CMS Database allowed on your current plan."
REFERENCED = "This item is still being used by other items"


def require_open(collection: Collection) -> None:
    """Raise Refused if writes to *collection* are blocked."""
    if collection.blocked is not None:
        raise Refused("conflict", collection.blocked)


def require_published(site: Site, collection: Collection | None = None) -> None:
    """Raise Refused if the site was never published, or *collection* has unpublished changes."""
    if site.published is None:
        raise Refused("state", SITE_NOT_PUBLISHED)
    if collection is not None and collection.changed:
        raise Refused("state", CHANGED)


def require_live(site: Site, items: Iterable[Item]) -> None:
    """Raise Refused if one of *items* allows no PATCH of its live copy."""
    for item in items:
        refused = site.rules.refuses_archived and item.staged.archived
        if item.published is None or item.withdrawn or refused:
            raise Refused("conflict", NEVER_PUBLISHED)


def require_copy(items: Iterable[Item]) -> None:
    """Raise Refused if one of *items* is not live."""
    for item in items:
        if item.live is None:
            raise Refused("item", item.id)


def require_even(site: Site) -> None:
    """
    Raise Refused if the site's domains were published at different times, and rules forbid that.
    """
    if site.rules.refuses_uneven and len({one.published for one in site.domains}) > 1:
        raise Refused("state", UNEVEN)


def require_room(site: Site, more: int) -> None:
    """Raise Refused if the plan does not allow *more* items."""
    limit = site.rules.item_limit
    if limit is not None and sum(one.count for one in site.collections.values()) + more > limit:
        raise Refused("state", FULL)


def require_unreferenced(site: Site, collection: Collection, items: Sequence[Item]) -> None:
    """Raise Refused if another item refers to one of *items*."""
    gone = {(item.id, item.locale) for item in items}
    ids = frozenset(item.id for item in items)
    for other in site.collections.values():
        slugs = [
            one.slug
            for one in other.fields.values()
            if one.validations.get("collectionId") == collection.id
        ]
        for item in other.everything() if slugs else ():
            if (item.id, item.locale) not in gone and any(_refers(item, s, ids) for s in slugs):
                raise Refused("conflict", REFERENCED)


def _refers(item: Item, slug: str, ids: frozenset[str]) -> bool:
    value = item.staged.fields.get(slug)
    return not ids.isdisjoint(value if isinstance(value, list) else [value])
