"""
The search index: records by the beginnings of their key, item id, name and slug, in any case.

Steps only note which records have changed (``search_marks.lua``), so that neither accept nor settle
takes longer; `SearchIndex.advance` brings the index up to date, in slices: in the sweeper's
process, and for a moment before each search. What a listing shows goes in as it is read. A look at
all records fills the index of an older store, and finds what a process of an older release has
changed: after an hour, then once a day.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from workers.config.settings import Collection, Settings
from workers.errors import StoreFull
from workers.store import keys, search_keys
from workers.store.connection import guarded
from workers.store.item_record import PACK, unpacked, value_of
from workers.store.scripts import Steps
from workers.store.search_look import Look
from workers.store.search_order import KeyOrder
from workers.store.search_row import KEY, LONGEST, SearchRow, kind_of, record_of
from workers.store.search_rows import TRIES, SearchRows, Written
from workers.webflow.item_answers import ItemView

SLICE: Final = 200  # records that are read at once
FOREIGN: Final = 3600.0  # s that notes of unknown collections are kept
_ITEM: Final = ("f:name", "f:slug", "by", PACK)
_TEXTS_PER_KEY: Final = 10  # that are read to find a key among them


@dataclass(frozen=True, slots=True)
class Match:
    """One text of the index."""

    member: str
    record: str
    row: SearchRow


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of the store the index shows."""

    records: int
    due: int  # records that have changed since they were indexed
    whole: bool  # all records were looked at

    @property
    def complete(self) -> bool:
        return self.whole and not self.due


@dataclass(frozen=True, slots=True)
class _Entry:
    """A record to index: *stamp* is that of `search_keys.DUE`, where it stands there."""

    collection: str
    record: str
    stamp: str | None = None


class SearchIndex:
    """Every method raises StoreUnavailable if the store does not answer."""

    def __init__(self, steps: Steps, settings: Settings) -> None:
        self._client: Any = steps.client  # typed as if it might not decode
        self._places = {
            each.name: f"{each.name}:{settings.copy_of(each)}"
            for each in settings.collections.values()
        }
        self._rows = SearchRows(steps)
        self._look = Look(steps.client, self._places)
        self._order = KeyOrder(steps, self._rows, self._places)

    def advance(self, seconds: float, *, share: float = 1.0) -> bool:
        """
        Index what has changed, and go on with the look at all records, for *seconds*.

        Args:
            share: Of the time, that is worked; the rest is left to others.

        Returns:
            Whether nothing is left to do; also if the store has no room for more.
        """
        ends = time.monotonic() + seconds
        while True:
            began = time.monotonic()
            try:
                done = self._slice()
            except StoreFull:
                return True
            if done or time.monotonic() >= ends:
                return done
            time.sleep((time.monotonic() - began) * (1 / share - 1))

    def coverage(self, collections: Iterable[str]) -> Coverage:
        """Return how much of *collections* is indexed; what is due is of all of them."""
        with guarded(), self._client.pipeline(transaction=False) as pipeline:
            pipeline.hlen(search_keys.DUE)
            for name in collections:
                pipeline.hlen(search_keys.rows(self._places[name]))
            due, *records = pipeline.execute()
        return Coverage(sum(records), due, self._look.is_done())

    def matches(
        self, collection: str, beginning: str, after: str | None, count: int
    ) -> Sequence[Match]:
        """
        Return up to *count* texts that begin with *beginning*, folded, in order.

        Args:
            after: The member that the answer goes on behind; None: from the first.
        """
        return self.matches_of(collection, self._members(collection, beginning, after, count))

    def first(self, beginnings: Mapping[str, str], count: int) -> Mapping[str, Sequence[str]]:
        """Return the first *count* members of each collection that begin with its text, folded."""
        asked = [(search_keys.texts(self._places[name]), beginnings[name]) for name in beginnings]
        return dict(zip(beginnings, self._rows.first(asked, count), strict=True)) if asked else {}

    def at_keys(
        self, collection: str, after: str | None, count: int
    ) -> tuple[Sequence[Match], str | None]:
        """
        Return up to *count* keys, in order, and the member that the next answer goes on behind;
        None: these were the last.
        """
        if self._order.is_whole(collection):
            members = keys_of = self._order.page(collection, after, count)
        else:
            # Slow, and right: the texts are also kept by processes of an older release.
            count *= _TEXTS_PER_KEY
            members = self._members(collection, "", after, count)
            keys_of = [member for member in members if kind_of(member) == KEY]
        return self.matches_of(collection, keys_of), members[-1] if len(members) == count else None

    def _members(
        self, collection: str, beginning: str, after: str | None, count: int
    ) -> Sequence[str]:
        key = search_keys.texts(self._places[collection])
        return self._rows.members(key, beginning, after, count)

    def matches_of(self, collection: str, members: Sequence[str]) -> Sequence[Match]:
        """Return the *members*, each with its row."""
        records = [record_of(member) for member in members]
        rows = self.rows(collection, records)
        return [Match(*each) for each in zip(members, records, rows, strict=True)]

    def rows(self, collection: str, records: Sequence[str]) -> list[SearchRow]:
        """Return the row of each of *records*; empty where there is none."""
        return [
            SearchRow.parse(text) for text in self._rows.texts(self._places[collection], records)
        ]

    def page(self, collection: str, cursor: int, count: int) -> tuple[int, Mapping[str, str]]:
        """
        Return a page of all rows, as `SearchRow.parse` reads them, and the cursor of the next one,
        0: none, as HSCAN does.
        """
        with guarded():
            key = search_keys.rows(self._places[collection])
            cursor, found = self._client.hscan(key, cursor, count=count)
        return int(cursor), found

    def show(self, collection: Collection, views: Iterable[tuple[str | None, ItemView]]) -> None:
        """Take in what the CMS shows of items: record and item; None: the item has no key."""
        shown = {record: view for record, view in views if record is not None}
        if not shown:
            return
        place = self._places[collection.name]
        with guarded():
            ids = self._client.hmget(keys.of_steps("ids", place), list(shown))
        # Of several items with one key the others are not written.
        own = {
            record: view
            for (record, view), id in zip(shown.items(), ids, strict=True)
            if id in (None, view.id)
        }
        try:
            self._change(collection.name, own)
        except StoreFull:
            return  # names are not what the last room is for

    def _there(
        self, collection: str, entries: Sequence[_Entry], items: Sequence[Sequence[str | None]]
    ) -> set[str]:
        """Return the records of which something is held: nearly all show it by what was read."""
        pairs = list(zip(entries, items, strict=True))
        unsure = [each.record for each, stored in pairs if not any(stored)]
        with guarded(), self._client.pipeline(transaction=False) as pipeline:
            for record in unsure:
                pipeline.exists(keys.item(collection, record))
            held = {record for record, n in zip(unsure, pipeline.execute(), strict=True) if n}
        return held | {each.record for each, stored in pairs if any(stored)}

    def _change(self, collection: str, shown: Mapping[str, ItemView]) -> None:
        place, left = self._places[collection], list(shown)
        for _ in range(TRIES):
            if not left:
                return
            texts = self._rows.texts(place, left)
            rows = (
                (record, text, SearchRow.parse(text).as_shown(shown[record]), None)
                for record, text in zip(left, texts, strict=True)
            )
            left = self._rows.write(place, [each for each in rows if each[1] != each[2].as_text()])

    def _slice(self) -> bool:
        with guarded():
            names = self._client.hrandfield(search_keys.DUE, SLICE) or []
            stamps = self._client.hmget(search_keys.DUE, names) if names else []
        # One without a stamp was indexed meanwhile, by another process.
        due = [_due(*each) for each in zip(names, stamps, strict=True) if each[1] is not None]
        own = [each for each in due if each.collection in self._places]
        self._index(own)
        self._drop_foreign(each for each in due if each.collection not in self._places)
        if own and len(names) == SLICE:
            return False
        looked = self._look.page()
        self._index(_Entry(*each) for each in looked or ())
        return looked is None and self._order.slice()

    def _index(self, entries: Iterable[_Entry]) -> None:
        by_place: dict[str, list[_Entry]] = {}
        for each in entries:
            by_place.setdefault(each.collection, []).append(each)
        for collection, own in by_place.items():
            for start in range(0, len(own), SLICE):
                self._index_of(collection, own[start : start + SLICE])

    def _drop_foreign(self, entries: Iterable[_Entry]) -> None:
        """Drop old notes of collections that are no more; to another process they may be new."""
        if not (foreign := list(entries)):
            return
        with guarded():
            seconds, _ = self._client.time()
            ends = (seconds - FOREIGN) * 1_000_000
            old = [each for each in foreign if int(each.stamp or 0) < ends]
            if old:
                names = (f"{each.collection}:{each.record}" for each in old)
                self._client.hdel(search_keys.DUE, *names)

    def _index_of(self, collection: str, entries: Sequence[_Entry]) -> None:
        place = self._places[collection]
        with guarded(), self._client.pipeline(transaction=False) as pipeline:
            for each in entries:
                pipeline.hmget(keys.item(collection, each.record), *_ITEM)
            pipeline.hmget(keys.of_steps("ids", place), [each.record for each in entries])
            pipeline.hmget(search_keys.rows(place), [each.record for each in entries])
            *items, ids, texts = pipeline.execute()
        there = self._there(collection, entries, items)
        rows: list[Written] = []
        same: dict[str, Written] = {}  # of these the order of the keys alone may lack something
        for each, stored, id, text in zip(entries, items, ids, texts, strict=True):
            before = SearchRow.parse(text) if text else None
            row = _with_own(before or SearchRow(), each.record, stored, id)
            after = row if id or each.record in there else None
            written = (each.record, text, after, each.stamp)
            if each.stamp or after != before:
                rows.append(written)
            elif after is not None:
                same[each.record] = written
        rows += [same[record] for record in self._order.lacking(place, same)]
        # What others have changed meanwhile stays due, or is met by the next look.
        self._rows.write(place, rows)


def _due(name: str, stamp: str) -> _Entry:
    collection, _, record = name.partition(":")
    return _Entry(collection, record, stamp)


def _with_own(
    row: SearchRow, record: str, stored: Sequence[str | None], id: str | None
) -> SearchRow:
    held = unpacked({name: text for name, text in zip(_ITEM, stored, strict=True) if text})
    item = record if held.get("by") == "item" else id or ""
    name, slug = (_value(held.get(each)) for each in _ITEM[:2])
    row = replace(row, item=item, name=name, slug=slug)
    return row if item else replace(row, shown_name="", shown_slug="")


def _value(field: str | None) -> str:
    value = value_of(field) if field else None
    return value[:LONGEST] if isinstance(value, str) else ""
