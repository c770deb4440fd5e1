"""
Request bodies that write, publish or delete items.

https://developers.webflow.com/data/reference/cms/collection-items/staged-items/update-items
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from workers.webflow.variants import Entry

_FLAGS = {"_archived": "isArchived", "_draft": "isDraft"}

Named = Sequence[str] | Sequence[tuple[str, Sequence[str]]]  # ids, or (id, locales)


def update(items: Iterable[Entry]) -> dict[str, Any]:
    """Return the v2 body that writes fields of items, one entry per variant."""
    return {
        "items": [
            {"id": item} | ({"cmsLocaleId": locale} if locale else {}) | entry(fields)
            for item, locale, fields in items
        ]
    }


def entry(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return one item of a v2 bulk body: status flags stand beside the field data."""
    data = {slug: value for slug, value in fields.items() if slug not in _FLAGS}
    flags = {_FLAGS[slug]: value for slug, value in fields.items() if slug in _FLAGS}
    return {**flags, **({"fieldData": data} if data else {})}


def as_entries(items: Mapping[str, Mapping[str, Any]] | Sequence[Entry]) -> list[Entry]:
    """Return *items* as entries; ids stand for the primary variants."""
    if isinstance(items, Mapping):
        return [(item, "", fields) for item, fields in items.items()]
    return list(items)


def named(items: Named) -> list[dict[str, Any]]:
    """Return the items of a v2 body; an item without locales means its primary variant."""
    pairs = [(each, ()) if isinstance(each, str) else each for each in items]
    return [{"id": id} | ({"cmsLocaleIds": list(of)} if of else {}) for id, of in pairs]
