"""Items without a key, and keys that two items or two records share. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from service.reconcile.plan import causes
from service.reconcile.plan.causes import Finding
from service.reconcile.plan.model import ComparedRecord, ListedItem


def keyless(item: ListedItem) -> Finding:
    """Return the finding about an item without a key."""
    return Finding(causes.NO_KEY, None, item.id, why="its key field is empty")


def duplicates(one: ComparedRecord) -> Iterator[Finding]:
    """Yield the findings for a duplicate key."""
    if one.twice:
        why = "two records of the source have this key, so neither is used"
        yield Finding(causes.DUPLICATE, one.record, why=why)
    if len(one.items) > 1:
        ids = ", ".join(item.id for item in one.items)
        why = f"items {ids} have this key, so none of them is written or retired"
        yield Finding(causes.DUPLICATE, one.record, one.items[0].id, why=why)
