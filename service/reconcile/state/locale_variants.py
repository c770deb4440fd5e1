"""
The variants of items in secondary locales: listed, and recorded in the outbox.

Raises (every function):
    ReconcileFailed: The locales or a page cannot be read.
    StoreUnavailable: A store did not answer.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from contextlib import closing
from typing import Any

from service.reconcile.state.cms_listing import CmsLister, listed
from service.reconcile.state.cms_schema import take
from service.reconcile.state.outbox_reader import OutboxReader
from service.reconcile.state.working_set import WorkingSet
from workers.config.settings import Collection
from workers.delivery import locale_reads
from workers.delivery.context import Context
from workers.delivery.reads import CmsReader
from workers.errors import ReconcileFailed
from workers.model.attempts import Lookup
from workers.store import keys
from workers.store.connection import guarded
from workers.webflow.item_answers import Answer, ItemView
from workers.webflow.site import Locale, tag_of

SECONDS = 14.0  # for one GET
MOST_READS = 30  # sites that are searched for the collection
PAGE = 500  # variants of one step


def are_wanted(collection: Collection, table: WorkingSet) -> bool:
    """Tell whether anything is written in a secondary locale."""
    return collection.localized or any(tag_of(slug) for slug in table.types_by_slug())


def locales_of(
    context: Context, collection: Collection, sleep: Callable[[float], object]
) -> tuple[tuple[Locale, ...], int]:
    """
    Return the locales of the site, the primary one first, and the calls that it took to read them.
    """
    destination = context.settings.destinations[collection.destination]
    known = context.locales.known(collection)
    with closing(CmsReader(context)) as reader:
        for calls in range(MOST_READS):
            if known.locales is not None and not known.failed:
                return known.locales, calls
            take(context, collection, sleep)
            now_ms = OutboxReader(context, collection).now_us() // 1000
            lookup = Lookup(collection.name, "site", uuid.uuid4().hex, at=now_ms)
            locale_reads.read(reader, destination, lookup, time.monotonic() + SECONDS)
            known = context.locales.known(collection)
            if known.failed:
                break
    why = known.failed or "no site has this collection"
    raise ReconcileFailed(f"{collection.name}: the locales of the site could not be read: {why}")


def list_into(lister: CmsLister, table: WorkingSet, locales: tuple[Locale, ...]) -> bool:
    """List the variants into *table*; tell whether all were shown."""
    tags = {locale.id: locale.tag for locale in locales[1:]}
    offset, most, shrank = 0, 0, False
    while tags:
        page = lister.page(offset, ",".join(tags))
        total = page.total or 0
        shrank, most = shrank or total < most, max(most, total)
        for view in page.variants:
            if view.locale in tags:
                table.add_variant(tags[view.locale], listed(view))
        offset += len(page.variants)
        if not page.variants or offset >= total:
            return not shrank and offset >= total
    return True


def record(
    context: Context, collection: Collection, table: WorkingSet, locales: tuple[Locale, ...]
) -> None:
    """Record in the outbox which variants there are, so that writes go to all of them."""
    ids = {locale.tag: locale.id for locale in locales}
    views: list[ItemView] = []
    for tag, item in table.variants():
        published = item.published if item.published is None else "published"
        view = ItemView(item.id, {}, None, published, None, item.archived, item.draft, ids[tag])
        views.append(view)
        if len(views) == PAGE:
            _take_in(context, collection, views)
            views = []
    _take_in(context, collection, views)


def _take_in(context: Context, collection: Collection, views: list[ItemView]) -> None:
    if views:
        lookup = Lookup(collection.name, "variants", uuid.uuid4().hex, slot=":reconcile")
        context.locales.ingest_page(lookup, Answer(200, variants=tuple(views)))


def copy(context: Context, own: Context, collection: Collection) -> None:
    """Copy locales and variants from the store of *context* to that of *own*."""
    at = (collection.name, context.settings.copy_of(collection))
    with guarded():
        site = context.steps.client.hmget(keys.site(*at), ["locales", "scope"])
        if site[0] is None:
            return
        now_ms = OutboxReader(context, collection).now_us() // 1000
        known: dict[Any, Any] = {"locales": site[0], "read": now_ms, "began": now_ms}
        known |= {} if site[1] is None else {"scope": site[1]}
        own.steps.client.hset(keys.site(*at), mapping=known)
        held: dict[Any, Any] = dict(context.steps.client.hscan_iter(keys.variants(*at)))
        if held:
            own.steps.client.hset(keys.variants(*at), mapping=held)
