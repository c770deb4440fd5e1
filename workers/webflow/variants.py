"""
Entries of a request for the locale variants of items, and the answer about each.

Bulk updates take one entry per variant of an item, all with its id.
https://developers.webflow.com/data/reference/cms/collection-items/staged-items/update-items
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from workers.model.attempts import Batch, ClaimedItem
from workers.model.retirement import GONE, on_wire
from workers.webflow.item_answers import Answer, ItemView
from workers.webflow.site import field_of

Entry = tuple[str, str, Mapping[str, Any]]  # item id, cmsLocaleId or "", slug → value


def entries(
    items: Sequence[ClaimedItem], values: Mapping[str, Mapping[str, Any]]
) -> dict[str, Mapping[str, Any]] | list[Entry]:
    """
    Return the entries for the variants of *items*, from *values* (record → slug → value); by item
    id if only primary variants are written.
    """
    if not any(item.variants for item in items):
        return {item.id: on_wire(values[item.record]) for item in items}
    return [entry for item in items for entry in _entries(item, values[item.record])]


def _entries(item: ClaimedItem, sent: Mapping[str, Any]) -> Iterator[Entry]:
    if not item.variants:
        yield item.id, "", on_wire(sent)
    for locale, slugs in item.variants.items():
        if fields := _fields(sent, slugs):
            yield item.id, locale, fields


def _fields(sent: Mapping[str, Any], slugs: Sequence[str]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for slug in slugs:
        if slug == GONE:
            fields |= sent.get(GONE, {})
    return fields | {field_of(slug): sent[slug] for slug in slugs if slug in sent and slug != GONE}


def named(batch: Batch) -> list[str] | list[tuple[str, tuple[str, ...]]]:
    """Return the item ids of a delete or publish, with cmsLocaleIds if any item has variants."""
    if not any(item.variants for item in batch.items):
        return [item.id for item in batch.items]
    return [(item.id, tuple(filter(None, item.variants))) for item in batch.items]


def view_of(answer: Answer, batch: Batch, item: ClaimedItem, locale: str) -> ItemView | None:
    """Return the variant of *item* in *answer*; *locale* "": the primary one, whatever its id."""
    views = [view for view in answer.variants if view.id == item.id]
    for view in views:
        if view.locale == locale:
            return view
    if locale in ("", batch.primary):
        return next((view for view in views if view.locale not in batch.locales), None)
    return None
