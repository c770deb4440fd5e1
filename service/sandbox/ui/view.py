"""The data of the page: one page of a collection's items, and the state of the site."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from heapq import nlargest
from typing import Any

from service.sandbox.faults.faults import STEPS, takes
from service.sandbox.model.locales import PRIMARY_ID
from service.sandbox.model.records import Collection, Copy, Item
from service.sandbox.site.site import Site
from service.sandbox.ui.cells import Cell, cell, readable, status

PAGE = 50  # items
RECENT = 12  # calls


def view(site: Site, query: Mapping[str, str]) -> dict[str, Any]:
    """
    Return all data of the page; the caller holds the site's lock.

    Args:
        query: ``collection``, ``locale``, ``q`` (part of a name, a slug, an id or any plain text),
            ``order`` (``changed``: latest first, ``oldest``, ``name``), ``page`` from 1, ``item``.
            A missing one is the first of its kind.
    """
    collection = site.collections.get(query.get("collection", ""))
    if collection is None:
        collection = next(iter(site.collections.values()), None)
    return {
        "collections": [
            {"id": one.id, "name": one.name, "count": one.count, "blocked": one.blocked}
            for one in site.collections.values()
        ],
        "locales": _locales(site),
        "token": _token(site),
        "offset": site.clock.offset,
        "calls": _calls(site),
        "faults": site.faults.as_list(),
        "kinds": {kind: list(takes(kind)) for kind in STEPS},
        "webhooks": site.hooks.as_list(),
        **(_items(site, collection, query) if collection is not None else {"items": []}),
    }


def _locales(site: Site) -> list[dict[str, str]]:
    if site.locales is None:
        return []
    every = (site.locales.primary, *site.locales.secondary)
    return [{"id": one.cms_id, "tag": one.tag} for one in every]


def _token(site: Site) -> dict[str, Any]:
    window, now = site.tokens.window(), site.clock()
    used, ends = window.seen(now)
    return {
        "limit": window.limit,
        "used": used,
        # By the true time, which is the browser's.
        "ends": None if ends is None else ends - site.clock.offset,
        "valid": site.tokens.is_valid(),
        "second_consumer": window.hidden_per_minute,
    }


def _calls(site: Site) -> dict[str, Any]:
    counts = site.calls.as_dict(RECENT)
    kept = ("total", "statuses", "items_written")
    recent = [
        {"time": f"{datetime.fromtimestamp(one['at'], UTC):%H:%M:%S}", **one}
        for one in reversed(counts["recent"])
    ]
    return {**{key: counts[key] for key in kept}, "recent": recent}


def _items(site: Site, collection: Collection, query: Mapping[str, str]) -> dict[str, Any]:
    locale = query.get("locale", PRIMARY_ID)
    items = collection.locales[locale].items if locale in collection.locales else {}
    found = _found(collection, items.values(), query.get("q", "").strip().lower())
    number = int(query["page"]) if query.get("page", "").isdecimal() else 1
    pages = max(-(-len(found) // PAGE), 1)
    number = min(max(number, 1), pages)
    shown = _ordered(found, query.get("order", ""), number)
    single = items.get(query.get("item", ""))
    return {
        "collection": collection.id,
        "columns": [
            {"slug": one.slug, "name": one.name or one.slug, "type": one.type}
            for one in collection.fields.values()
        ],
        "total": len(found),
        "page": number,
        "pages": pages,
        "items": [_shown(site, collection, item) for item in shown],
        "item": _shown(site, collection, single, whole=True) if single is not None else None,
    }


def _found(collection: Collection, items: Iterable[Item], text: str) -> list[Item]:
    if not text:
        return list(items)
    slugs = [one.slug for one in collection.fields.values() if one.type == "PlainText"]
    return [
        item
        for item in items
        if text in item.id
        or any(text in str(item.staged.fields.get(slug, "")).lower() for slug in slugs)
    ]


def _ordered(items: list[Item], order: str, page: int) -> list[Item]:
    start, end = (page - 1) * PAGE, page * PAGE
    if order == "oldest":
        return items[start:end]
    if order == "name":
        return sorted(items, key=lambda one: str(one.staged.fields.get("name")).lower())[start:end]
    return nlargest(end, items, key=_touched)[start:]


def _touched(item: Item) -> datetime:
    return (
        item.staged.updated if item.published is None else max(item.staged.updated, item.published)
    )


def _shown(
    site: Site, collection: Collection, item: Item, *, whole: bool = False
) -> dict[str, Any]:
    staged = _cells(site, collection, item.staged, whole=whole)
    live = _cells(site, collection, item.live, whole=whole) if item.live is not None else {}
    apart = item.live is not None and item.live is not item.staged
    return {
        "id": item.id,
        "status": status(item),
        "isLive": item.live is not None,
        "created": readable(item.created, seconds=True),
        "updated": readable(item.staged.updated, seconds=True),
        "published": readable(item.published, seconds=True) if item.published else None,
        "cells": staged,
        "live": {
            slug: live.get(slug)
            for slug in collection.fields
            if apart and live.get(slug) != staged.get(slug)
        },
    }


def _cells(site: Site, collection: Collection, copy: Copy, *, whole: bool) -> dict[str, Cell]:
    found = {}
    for slug, field in collection.fields.items():
        shown = cell(site, field, copy.fields.get(slug), whole=whole)
        if shown is not None:
            found[slug] = shown
    return found
