"""Which list of records answers a query: what needs a person, a search, or a scan of all values."""

from __future__ import annotations

from collections.abc import Collection as Names
from collections.abc import Mapping
from typing import Any

from service.operate.page import FilterInvalid
from service.operate.record_attention import list_attention
from service.operate.record_list import search_records
from service.operate.record_pages import ANY, ATTENTION, Filters
from service.operate.record_scan import scan_page
from service.operate.scope import Scope
from workers.delivery.context import Context


def list_records(
    context: Context,
    scope: Scope,
    *,
    q: str = "",
    part: str | None = None,
    state: str | None = None,
    collection: str | None = None,
    source: str | None = None,
    cursor: str | None = None,
    limit: int,
) -> Mapping[str, Any]:
    """
    Return ``{items, next, looked}`` of the records that *scope* holds, and how complete that is:
    *of* of a list of all, *complete* of a search, ``{of, hidden, indexing}`` of a scan.

    Args:
        part: Look for *q* in all values, some of the records at a time.
        state: One of `CHOICES`; None: what needs a person, or any where *q* or *source* is given.

    Raises:
        FilterInvalid: There is no such collection, source or state, or the cursor is of
            another list.
        StoreUnavailable: The store did not answer.
    """
    _check("collection", collection, scope.collections)
    _check("source", source, scope.sources)
    filters = Filters(state or default_state(q, source), source)
    chosen: dict[str, Any] = {
        "collections": scope.collections if collection is None else frozenset({collection}),
        "filters": filters,
        "cursor": cursor,
        "limit": limit,
    }
    if part:
        return scan_page(context, q, **chosen)
    if filters.state == ATTENTION and not q:
        page = list_attention(context, **chosen)
        return {"items": page.items, "next": page.next, "looked": page.looked}
    found = search_records(context, q, **chosen)
    more = {} if found.of is None else {"of": found.of}
    shown = {"items": found.items, "next": found.next, "complete": found.complete}
    return {**shown, "looked": found.looked, **more}


def default_state(q: str | None, source: str | None) -> str:
    """Return the state that is shown where none is asked for."""
    return ANY if q or source else ATTENTION


def _check(what: str, name: str | None, known: Names[str]) -> None:
    if name is not None and name not in known:
        expected = f"one of {', '.join(sorted(known))}"
        raise FilterInvalid(repr(name), expected, f"correct the {what}")
