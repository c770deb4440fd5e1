"""
The collections that values refer to by keys: listed in every run, since an item of the index may
be gone, and created again under its key.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from service.reconcile.state.cms_listing import CmsLister
from service.reconcile.state.outbox_reader import OutboxReader
from service.reconcile.state.reference_ids import ListedIds, ReferenceIds
from service.reconcile.state.working_set import WorkingSet
from workers.config.settings import Collection
from workers.delivery.context import Context
from workers.store.rewrites import Repairs


def update_index(
    context: Context, collection: Collection, table: WorkingSet, links: ReferenceIds
) -> None:
    """
    Update the index and *links* from a complete listing of *collection*; raises StoreUnavailable if
    the store did not answer.
    """
    links.listed[collection.name] = table.ids_of
    Repairs(context.steps, context.settings).replaced(collection, table.replaced())


def list_targets(
    context: Context,
    collection: Collection,
    table: WorkingSet,
    links: ReferenceIds,
    sleep: Callable[[float], object] = time.sleep,
    moved: Callable[[], object] = lambda: None,
) -> int:
    """
    List the other collections that values of *collection* refer to; return the number of calls.

    Args:
        moved: Called for each page.

    Raises:
        ReconcileFailed: One could not be listed.
        StoreUnavailable: The store did not answer.
    """
    calls = 0
    for name in links.known(table.targets()):
        if name == collection.name:
            continue
        target, shown = context.settings.collections[name], ListedIds()
        known = dict(OutboxReader(context, target).ids())
        pages = CmsLister(context, target, "key", moved=moved, sleep=sleep).into(shown)
        calls += pages.calls
        if pages.whole:
            links.listed[name] = shown.ids_of
            Repairs(context.steps, context.settings).replaced(target, _replaced(known, shown))
    return calls


def _replaced(known: Mapping[str, str], shown: ListedIds) -> list[tuple[str, str]]:
    """Return key and former id of the items that are listed with another one."""
    both = sorted(known.keys() & shown.ids)
    return [(key, known[key]) for key in both if known[key] not in shown.all]
