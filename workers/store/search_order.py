"""
The order of the keys: one member for each row of the search index, so that a list of all records by
their keys reads its page alone.

``index_search.lua`` writes both at once. What processes of an older release write beside lacks its
member, or leaves one: then the numbers differ, and all rows are gone through once more. So they are
in a store that has no order yet.
"""

from __future__ import annotations

import json
from collections.abc import Collection as Names
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from workers.store import search_keys
from workers.store.connection import guarded
from workers.store.scripts import Steps
from workers.store.search_row import SearchRow, key_member, record_of
from workers.store.search_rows import SearchRows, Written

PAGE: Final = 500  # rows that are compared at once


@dataclass(frozen=True, slots=True)
class _Progress:
    """Of a pass: first all rows, from *cursor* on; then all members, behind *after*."""

    cursor: int = 0
    after: str | None = None
    members: bool = False


class KeyOrder:
    """
    Every method raises StoreUnavailable if the store does not answer.

    Args:
        places: Collection → ``<collection>:<copy>``.
    """

    def __init__(self, steps: Steps, rows: SearchRows, places: Mapping[str, str]) -> None:
        self._client: Any = steps.client  # typed as if it might not decode
        self._rows = rows
        self._places = places

    def is_whole(self, collection: str) -> bool:
        """Whether each row has its member, as far as their numbers tell."""
        return not self._unequal([self._places[collection]])

    def page(self, collection: str, after: str | None, count: int) -> Sequence[str]:
        """Return the next *count* members behind *after*; None: from the first."""
        return self._members(self._places[collection], after, count)

    def slice(self) -> bool:
        """Go on with the pass that is due; tell whether none was."""
        unequal = self._unequal(list(self._places.values()))
        if unequal:
            self._go_on(unequal[0])
        return not unequal

    def lacking(self, place: str, records: Names[str]) -> set[str]:
        """Return those of *records* that have no member."""
        names = list(records)
        if not names:
            return set()
        with guarded():
            key = search_keys.by_key(place)
            scores = self._client.zmscore(key, [key_member(each) for each in names])
        return {each for each, score in zip(names, scores, strict=True) if score is None}

    def _unequal(self, places: Sequence[str]) -> list[str]:
        # In one transaction: a step that writes between the two would make them differ.
        with guarded(), self._client.pipeline(transaction=True) as pipeline:
            for place in places:
                pipeline.hlen(search_keys.rows(place))
                pipeline.zcard(search_keys.by_key(place))
            found = pipeline.execute()
        return [
            place
            for place, rows, members in zip(places, found[::2], found[1::2], strict=True)
            if rows != members
        ]

    def _members(self, place: str, after: str | None, count: int) -> list[str]:
        least = "-" if after is None else b"(" + after.encode()
        with guarded():
            key = search_keys.by_key(place)
            found: Any = self._client.zrange(key, least, "+", bylex=True, offset=0, num=count)
        return list(found)

    def _go_on(self, place: str) -> None:
        with guarded():
            text = self._client.hget(search_keys.STATE, f"keys:{place}")
        at = _Progress(**json.loads(text)) if text else _Progress()
        at = self._over_members(place, at) if at.members else self._over_rows(place, at)
        with guarded():
            self._client.hset(search_keys.STATE, f"keys:{place}", json.dumps(asdict(at)))

    def _over_rows(self, place: str, at: _Progress) -> _Progress:
        with guarded():
            cursor, texts = self._client.hscan(search_keys.rows(place), at.cursor, count=PAGE)
        lacking = self.lacking(place, texts)
        # A row that has changed meanwhile has got its member with that.
        rows: list[Written] = [
            (record, text, SearchRow.parse(text), None)
            for record, text in texts.items()
            if record in lacking
        ]
        self._rows.write(place, rows)
        return _Progress(int(cursor), members=not int(cursor))

    def _over_members(self, place: str, at: _Progress) -> _Progress:
        members = self._members(place, at.after, PAGE)
        records = [record_of(each) for each in members]
        texts = self._rows.texts(place, records)
        gone: list[Written] = [
            (record, None, None, None)
            for record, text in zip(records, texts, strict=True)
            if text is None
        ]
        self._rows.write(place, gone)
        return _Progress(after=members[-1], members=True) if len(members) == PAGE else _Progress()
