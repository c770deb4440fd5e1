"""
The search for records: by key, item id, name or slug, in full or by its beginning, in any case.

At once in a store of any size: it reads the search index (``workers/store/search_index.py``), and
the records that it shows. A part of a value: ``record_scan.py``; without a text:
``record_attention.py``.
"""

from __future__ import annotations

from collections.abc import Collection as Names
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

from service.operate.list_cursor import as_cursor, parts_of
from service.operate.page import FilterInvalid, Page
from service.operate.record_hits import Record
from service.operate.record_pages import Filters, read_page
from workers.delivery.context import Context
from workers.store import keys
from workers.store.connection import guarded
from workers.store.search_index import Match
from workers.store.search_row import END, folded, whole
from workers.webflow.item_keys import normal_record

SECONDS: Final = 0.05  # for what has changed since the index was brought up to date
_ALL: Final = Filters()
_MEMBERS: Final = 100  # texts that are read at once
_FIRST: Final = 3  # of each collection, before more of one is read


@dataclass(frozen=True, slots=True)
class RecordPage(Page):
    """
    Args:
        complete: The index shows all records as they are now: what was not found is not there.
        looked: Records so far, those of the pages before among them.
        of: Of how many; None: it is not known how many fit a text.
    """

    complete: bool = True
    looked: int = 0
    of: int | None = None


@dataclass(frozen=True, slots=True)
class _Entry:
    """A record at a text of the index, *member*: the list goes on behind it."""

    in_full: bool  # it shows what is named in full; then what begins with the text
    collection: str
    member: str
    record: Record = ("", "")

    def cursor(self, looked: int) -> str:
        return as_cursor(int(self.in_full), self.collection, self.member, looked)


def search_records(
    context: Context,
    text: str,
    *,
    collections: Names[str],
    filters: Filters = _ALL,
    cursor: str | None = None,
    limit: int,
    seconds: float = SECONDS,
) -> RecordPage:
    """
    Return the records of *collections* whose key, item id, name or slug is *text*, then those of
    which one begins with it, each once. Without *text*: all, by their keys.

    Args:
        cursor: `Page.next` of the page before.
        seconds: For what has changed since it was indexed.

    Raises:
        FilterInvalid: The cursor is none of this list.
        StoreUnavailable: The store did not answer.
    """
    parts = parts_of(cursor, int, str, str, int)
    place = _Entry(bool(parts[0]), *parts[1:3]) if parts else None
    looked = parts[3] if parts else 0
    context.search.advance(seconds)
    coverage = context.search.coverage(sorted(collections))
    entries = _matches(context, text, sorted(collections), place)
    if place is None and not coverage.complete:
        entries = chain(_named(context, text, collections), entries)
    part = read_page(context, entries, lambda _, hit: filters.show(hit), limit, looked)
    # More may have come since the first page.
    of = None if text else max(coverage.records, part.looked)
    return RecordPage(part.items, part.next, coverage.complete, part.looked, of)


def _named(context: Context, text: str, collections: Names[str]) -> Iterator[_Entry]:
    """Yield the records that *text* names in full as key or item id, whether indexed or not."""
    client: Any = context.steps.client
    settings, asked = context.settings, []
    with guarded(), client.pipeline(transaction=False) as pipeline:
        for name in sorted(collections) if text else ():
            own = settings.collections[name]
            record = normal_record(text, len(own.keys) or 1)
            pipeline.hget(keys.item_keys(name, settings.copy_of(own)), text)
            pipeline.exists(keys.item(name, record))
            asked.append((name, record))
        answers = iter(pipeline.execute())
    for name, record in asked:
        if (other := next(answers)) is not None:
            yield _Entry(True, "", "", (name, str(other)))
        if next(answers):
            yield _Entry(True, "", "", (name, record))


def _matches(
    context: Context, text: str, collections: list[str], place: _Entry | None
) -> Iterator[_Entry]:
    """Yield what fits behind *place*, each record at its first text that fits."""
    for in_full in (True, False) if text else (False,):
        if place and in_full and not place.in_full:
            continue
        here = place if place and place.in_full == in_full else None
        names = [name for name in collections if not here or name >= here.collection]
        needles = {name: _needle(context, name, text) for name in names}
        beginnings = {name: each.beginning(in_full) for name, each in needles.items()}
        after = here.member if here and here.collection in needles else None
        if here and after is not None and not after.startswith(beginnings[here.collection]):
            # The text was changed in the address, and the cursor left.
            raise FilterInvalid(repr(after), "the `next` of this list", "begin without it")
        # Of many collections nearly all have few such texts, or none: all are read at once.
        first = context.search.first(beginnings, _FIRST) if text else {}
        for name in names:
            behind = after if here and name == here.collection else None
            known = first.get(name, ()) if behind is None else None
            for match in _read(context, name, beginnings[name], behind, known):
                if needles[name].shows(match, in_full):
                    yield _Entry(in_full, name, match.member, (name, match.record))


def _read(
    context: Context, name: str, beginning: str, after: str | None, first: Sequence[str] | None
) -> Iterator[Match]:
    """Yield the texts that begin so; *first*: what is known of them, where nothing is behind."""
    if not beginning:
        yield from _at_keys(context, name, after)
        return
    if first is not None:
        yield from context.search.matches_of(name, first)
        if len(first) < _FIRST:
            return
        after = first[-1]
    while True:
        page = context.search.matches(name, beginning, after, _MEMBERS)
        yield from page
        if len(page) < _MEMBERS:
            return
        after = page[-1].member


def _at_keys(context: Context, name: str, after: str | None) -> Iterator[Match]:
    """Yield all records in the order of their keys."""
    while True:
        page, after = context.search.at_keys(name, after, _MEMBERS)
        yield from page
        if after is None:
            return


@dataclass(frozen=True, slots=True)
class _Needle:
    text: str  # folded
    long: str = ""  # the whole of it, where the index keeps but its beginning

    def beginning(self, in_full: bool) -> str:
        return self.text + END if in_full else self.text

    def shows(self, match: Match, in_full: bool) -> bool:
        """Tell whether the record is shown at this text, and not at an earlier one."""
        known = match.row.members(match.record)
        if match.member not in known:
            return False  # another process writes it
        if self.long and not whole(match.record).startswith(self.long):
            return False
        if not self.text:
            return True
        full = {each for each in known if each.startswith(self.text + END)}
        if not in_full and full:
            return False
        fits = full or {each for each in known if each.startswith(self.text)}
        return match.member == min(fits, key=str.encode)


def _needle(context: Context, name: str, text: str) -> _Needle:
    own = context.settings.collections[name]
    long = whole(normal_record(text, len(own.keys) or 1))
    short = folded(long)
    return _Needle(short, long if long != short else "")
