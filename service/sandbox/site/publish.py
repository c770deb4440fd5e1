"""
Publishing the site: all queued items go live together, at most once a minute.

https://developers.webflow.com/data/reference/sites/publish
https://developers.webflow.com/data/docs/working-with-the-cms/publishing
"""

from __future__ import annotations

import math
from collections.abc import Collection as Ids
from dataclasses import dataclass
from datetime import datetime

from service.sandbox.model.records import Collection, Item
from service.sandbox.site.columns import without
from service.sandbox.site.items import put_live
from service.sandbox.site.site import Site


@dataclass(frozen=True, slots=True)
class PublishLimit:
    """
    The site's own limit for publishing.

    Args:
        waits: Seconds until a publish is allowed; 0: this one is.
        resets: That time, in seconds since 1970.
    """

    waits: int
    resets: int


def check_limit(site: Site, seconds: float = 60.0) -> PublishLimit:
    """Return whether the site may be published now; if so, that counts as a publish."""
    now, last = site.now().timestamp(), site.last_publish
    # After the clock is set back, no publish may wait longer than the limit.
    if last is not None and 0 <= now - last < seconds:
        return PublishLimit(max(math.ceil(last + seconds - now), 1), _resets(last, seconds))
    site.last_publish = now
    return PublishLimit(0, _resets(now, seconds))


def _resets(opened: float, seconds: float) -> int:
    return math.floor(opened + seconds) + 1  # recorded: 61 s after the answer's Date


def publish_site(site: Site, domains: Ids[str] = (), *, subdomain: bool = True) -> None:
    """
    Make queued items live; drafts are left out, archived items are removed.

    The time of publication changes for items that changed since the last publish of the site; the
    time of the update stays.

    Args:
        domains: Ids of the custom domains that are published to.
        subdomain: Whether the site's own subdomain is.
    """
    now = site.now()
    for collection in site.collections.values():
        for item in list(collection.everything()):
            _settle(collection, item, now, site.published)
        for variants in collection.locales.values():
            variants.held.clear()
        collection.changed = False
    for domain in site.domains:
        if domain.id in domains:
            domain.published = now
    site.published = now
    site.announce_publish(domains, subdomain=subdomain)


def _settle(collection: Collection, item: Item, now: datetime, last: datetime | None) -> None:
    if item.staged.archived:
        collection.remember(item.locale, item.id, item)
        item.live = None
    elif not item.staged.draft and _queued(item, last):
        put_live(collection, item, now)
    if collection.changed and item.live is not None:
        item.live = without(item.live, collection.fields)


def _queued(item: Item, last: datetime | None) -> bool:
    if item.live is None or item.published is None or last is None:
        return True
    return item.staged.updated > min(item.published, last)
