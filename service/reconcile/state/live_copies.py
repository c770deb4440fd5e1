"""
The live copies of items that were changed since they were published: read one by one, or listed,
whichever takes fewer calls.

https://developers.webflow.com/data/reference/cms/collection-items/live-items/list-items-live
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import islice

from service.reconcile.plan.copies import may_be_staged
from service.reconcile.state.cms_listing import CmsLister, Listing, listed
from service.reconcile.state.outbox_reader import OutboxReader
from service.reconcile.state.working_set import PAGE, WorkingSet
from workers.errors import ReconcileFailed
from workers.webflow.item_answers import Answer


def read(lister: CmsLister, table: WorkingSet, outbox: OutboxReader, pages: Listing) -> Listing:
    """
    Read into *table* the live copies that may differ from the listed ones.

    Unreadable ones are left out: the comparison reports them.

    Args:
        pages: The result of the listing.

    Raises:
        StoreUnavailable: The store did not answer.
    """
    before = lister.calls
    with suppress(ReconcileFailed):
        return read_all(lister, table, set(_doubtful(table, outbox)), pages)
    return replace(pages, calls=pages.calls + lister.calls - before)


def read_all(lister: CmsLister, table: WorkingSet, ids: set[str], pages: Listing) -> Listing:
    """
    Read into *table* the live copies of the items *ids*, as far as they have any.

    Raises:
        ReconcileFailed: One cannot be read.
        StoreUnavailable: The store did not answer.
    """
    before = lister.calls
    if len(ids) <= pages.calls:
        for id in sorted(ids):
            _keep(table, ids, lister.live_item(id))
    else:
        _list(lister, table, ids)
    return replace(pages, calls=pages.calls + lister.calls - before)


def _doubtful(table: WorkingSet, outbox: OutboxReader) -> Iterator[str]:
    """Yield the items whose live copy may differ from the staged one."""
    changed = table.changed_since_published()
    while page := list(islice(changed, PAGE)):
        held = outbox.read([record for record, _ in page])
        for record, item in page:
            own = held[record].fields
            if any(may_be_staged(item, own.get(w.slug)) for w in table.wanted_of(record)):
                yield item.id


def _list(lister: CmsLister, table: WorkingSet, ids: set[str]) -> None:
    offset, total = 0, 1
    while offset < total:
        answer = lister.live_page(offset)
        _keep(table, ids, answer)
        offset, total = offset + len(answer.items), (answer.total or 0) if answer.items else 0


def _keep(table: WorkingSet, ids: set[str], answer: Answer) -> None:
    for view in answer.items.values():
        if view.id in ids:
            table.add_live(listed(view))
