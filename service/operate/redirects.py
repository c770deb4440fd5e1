"""Redirects: paths of pages whose slug has changed, and the paths that they have now."""

from __future__ import annotations

import csv
import io
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from service.operate.page import FilterInvalid, Page
from service.operate.scope import Scope
from workers.delivery.context import Context
from workers.store import keys
from workers.store.connection import guarded
from workers.store.redirects import Redirect, redirects_of

# No page of Webflow names the columns of the file that its site settings import; these are the
# labels there. A line that is taken for a redirect does no harm, and a redirect that is taken for
# the names of columns would be lost.
COLUMNS: Final = ("Old path", "Redirect to")


def list_redirects(
    context: Context,
    *,
    collection: str | None = None,
    scope: Scope | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Page:
    """
    Return the redirects by collection and old slug.

    Args:
        cursor: Collection and old slug of the last one before, as ``collection:slug``.
        limit: At most so many; None: all.

    Raises:
        FilterInvalid: There is no such *collection*.
        StoreUnavailable: The store does not answer.
    """
    known = context.settings.collections if scope is None else scope.collections
    if collection is not None and collection not in known:
        expected = f"one of {', '.join(sorted(known)) or 'none'}"
        raise FilterInvalid(f"the collection {collection!r}", expected, "correct it")
    names = sorted(known) if collection is None else [collection]
    found = [entry for name in names for entry in _of_collection(context, name)]
    found.sort(key=_place)
    start = bisect_right(found, cursor, key=_place) if cursor else 0
    items = found[start:] if limit is None else found[start : start + limit]
    more = start + len(items) < len(found)
    return Page(items, _place(items[-1]) if items and more else None)


def csv_of(entries: Iterable[Mapping[str, Any]]) -> str:
    """Return *entries* as the file that Webflow imports; those without a path are left out."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow(COLUMNS)
    rows.writerows((each["old"], each["new"]) for each in entries if each["old"])
    return text.getvalue()


def _place(entry: Mapping[str, Any]) -> str:
    return f"{entry['collection']}:{entry['old_slug']}"


def _of_collection(context: Context, name: str) -> Iterator[dict[str, Any]]:
    found = redirects_of(context.steps.client, name)
    if not found:
        return
    collection = context.settings.collections[name]
    with guarded():
        index = keys.index(name, context.settings.copy_of(collection))
        folder = context.steps.client.hget(index, "slug")
    for redirect in found:
        yield _shown(name, redirect, str(folder) if folder else None)


def _shown(collection: str, redirect: Redirect, folder: str | None) -> dict[str, Any]:
    def path(slug: str) -> str | None:
        # Pages of items are below the slug of their collection.
        return f"/{quote(folder)}/{quote(slug)}" if folder else None

    changed = datetime.fromtimestamp(redirect.at / 1000, UTC)
    return {
        "collection": collection,
        "key": redirect.record,
        "old": path(redirect.old),
        "new": path(redirect.new),
        "old_slug": redirect.old,
        "new_slug": redirect.new,
        "at": changed.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
