"""
The search for a part of a value: all values of all records are looked at, a slice at a time.

What a scan finds comes as it is found, with how far it has looked, so that a page can show both.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Collection as Names
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from service.operate.list_cursor import as_cursor, parts_of
from service.operate.page import FilterInvalid
from service.operate.record_hits import Record, read_hits
from service.operate.record_pages import Filters
from workers.delivery.context import Context
from workers.model.retirement import GONE
from workers.store import keys
from workers.store.connection import guarded
from workers.store.item_record import SHOWN, plain_text, slug_of, unpacked, value_of
from workers.store.search_row import SearchRow, whole

SECONDS: Final = 0.05  # of one request; its cursor goes on
_END: Final = "\uffff"  # behind any collection
SLICE: Final = 100  # records that are read at once: less than 3 ms of the store's time
_PLAIN: Final = re.compile("[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Progress:
    """
    How far a scan is.

    Args:
        found: Records, as `record_hits.read_hits` shows them, each with *fields*: the slugs whose
            values hold the text; *key* and *item* among them.
        looked: Records so far, and *of*: of how many; the store may get more meanwhile.
        hidden: Those so far of which no values are stored: they were found by key, item id, name
            and slug alone.
        next: Where to go on; None: all were looked at.
        indexing: The index is still being built: nothing is looked at before.
    """

    found: list[dict[str, Any]]
    looked: int
    of: int
    hidden: int
    next: str | None
    indexing: bool = False


def scan_records(
    context: Context,
    text: str,
    *,
    collections: Names[str],
    cursor: str | None = None,
    seconds: float,
) -> Iterator[Progress]:
    """
    Yield what is found of *text* in any value, key, item id, name or slug, whatever its case.

    Each `Progress` is of one slice; after *seconds* the last one says where to go on.

    Raises:
        FilterInvalid: The cursor is none of a scan.
        StoreUnavailable: The store did not answer.
    """
    parts = parts_of(cursor, str, int, int, int)
    at = _Position(*parts) if parts else _Position()
    ends = time.monotonic() + seconds
    indexed = context.search.advance(seconds)
    total = context.search.coverage(sorted(collections)).records
    if not indexed:
        # The slices are those of the index: what it lacks would be missed.
        yield Progress([], at.looked, max(total, at.looked), at.hidden, at.cursor, indexing=True)
        return
    needle = whole(text)
    for rows, after in _slices(context, sorted(collections), at):
        found, hidden = _found(context, needle, rows)
        at = replace(after, looked=at.looked + len(rows), hidden=at.hidden + hidden)
        is_last = at.collection == _END
        yield Progress(
            found, at.looked, max(total, at.looked), at.hidden, None if is_last else at.cursor
        )
        if time.monotonic() > ends:
            return


def scan_page(
    context: Context,
    text: str,
    *,
    collections: Names[str],
    filters: Filters,
    cursor: str | None = None,
    limit: int,
) -> dict[str, Any]:
    """
    Return ``{items, next, looked, of, hidden, indexing}`` of a scan, after *limit* records or
    `SECONDS`: a slice is shown whole, so there may be some more.

    Raises:
        FilterInvalid: There is nothing to look for, or the cursor is none of a scan.
        StoreUnavailable: The store did not answer.
    """
    if not whole(text):
        raise FilterInvalid(repr(text), "a part of a value", "say what to look for")
    items: list[dict[str, Any]] = []
    progress = scan_records(context, text, collections=collections, cursor=cursor, seconds=SECONDS)
    for at in progress:
        items += filter(filters.show, at.found)
        if len(items) >= limit:
            break
    return {
        "items": items,
        "next": at.next,
        "looked": at.looked,
        "of": at.of,
        "hidden": at.hidden,
        "indexing": at.indexing,
    }


@dataclass(frozen=True, slots=True)
class _Position:
    collection: str = ""
    page: int = 0  # of its rows, a cursor of HSCAN
    looked: int = 0
    hidden: int = 0

    @property
    def cursor(self) -> str:
        return as_cursor(self.collection, self.page, self.looked, self.hidden)


_Rows = Mapping[Record, str]  # as they are stored


def _slices(
    context: Context, collections: Sequence[str], at: _Position
) -> Iterator[tuple[_Rows, _Position]]:
    """Yield the rows of each slice from *at* on, and where the next one begins."""
    left = [name for name in collections if name >= at.collection]
    page = at.page if left and left[0] == at.collection else 0
    if not left:
        yield {}, _Position(_END)
    while left:
        page, rows = context.search.page(left[0], page, SLICE)
        found = {(left[0], record): row for record, row in rows.items()}
        if not page:
            left.pop(0)
        yield found, _Position(left[0] if left else _END, page)


def _found(context: Context, needle: str, rows: _Rows) -> tuple[list[dict[str, Any]], int]:
    """Return what *needle* is found in, and how many of *rows* have no values stored."""
    client: Any = context.steps.client
    with guarded(), client.pipeline(transaction=False) as pipeline:
        for name, record in rows:
            pipeline.hgetall(keys.item(name, record))
        stored = dict(zip(rows, pipeline.execute(), strict=True))
    plain = _plain(needle)
    fitting = {
        each: sorted(fields)
        for each, row in rows.items()
        if _may_hold(plain, each[1], row, stored[each])
        and (fields := set(_fields(needle, each[1], SearchRow.parse(row), stored[each])))
    }
    hits = read_hits(context, list(fitting))
    hidden = sum(not held for held in stored.values())
    return [{**hit, "fields": fitting[each]} for each, hit in hits.items()], hidden


def _may_hold(plain: str, record: str, row: str, stored: Mapping[str, str]) -> bool:
    """Tell quickly whether a record may hold what *plain* is a part of: nearly all do not."""
    texts = (plain_text(*each) for each in stored.items())
    return plain in "\n".join((record, row, *texts)).casefold()


def _fields(needle: str, record: str, row: SearchRow, stored: Mapping[str, str]) -> Iterator[str]:
    """Yield the slugs of what holds *needle*, folded; "key" and "item" are no slugs of a field."""
    if needle in whole(record) or needle in whole(stored.get(SHOWN, "")):
        yield "key"
    if needle in row.item.casefold():
        yield "item"
    if needle in whole(row.shown_name):
        yield "name"
    if needle in whole(row.shown_slug):
        yield "slug"
    plain = _plain(needle)
    for name, text in unpacked(stored).items():
        slug = slug_of(name)
        if slug is None or slug == GONE or plain not in text.casefold():
            continue
        if any(needle in whole(each) for each in _texts(value_of(text))):
            yield slug


def _plain(needle: str) -> str:
    """Return the longest part of *needle* that stands in the stored form of what holds it."""
    return max(_PLAIN.findall(needle), key=len, default="")


def _texts(value: Any) -> Iterator[str]:
    """Yield the texts in a value, and its numbers as JSON shows them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, bool):
        yield "true" if value else "false"
    elif value is not None:
        yield json.dumps(value)
