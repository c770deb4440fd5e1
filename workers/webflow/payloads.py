"""
The bodies of requests that write, publish or take away items. Pure: no I/O.

https://developers.webflow.com/data/reference/cms/collection-items/staged-items/update-items
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from workers.webflow.variants import Entry

_FLAGS = {"_archived": "isArchived", "_draft": "isDraft"}

Named = Sequence[str] | Sequence[tuple[str, Sequence[str]]]  # ids; or each with its locales


def update(items: Iterable[Entry]) -> dict[str, Any]:
    """Return the body of v2 for fields of items, each in one of its variants."""
    return {
        "items": [
            {"id": item} | ({"cmsLocaleId": locale} if locale else {}) | entry(fields)
            for item, locale, fields in items
        ]
    }


def entry(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return one item of a v2 bulk body: the status flags stand beside the field data."""
    data = {slug: value for slug, value in fields.items() if slug not in _FLAGS}
    flags = {_FLAGS[slug]: value for slug, value in fields.items() if slug in _FLAGS}
    return {**flags, **({"fieldData": data} if data else {})}


def as_entries(items: Mapping[str, Mapping[str, Any]] | Sequence[Entry]) -> list[Entry]:
    """Return *items* as entries: by id they mean the primary variant of each."""
    if isinstance(items, Mapping):
        return [(item, "", fields) for item, fields in items.items()]
    return list(items)


def named(items: Named) -> list[dict[str, Any]]:
    """Return the items that a v2 body names; without locales the primary variant is meant."""
    pairs = [(each, ()) if isinstance(each, str) else each for each in items]
    return [{"id": id} | ({"cmsLocaleIds": list(of)} if of else {}) for id, of in pairs]
