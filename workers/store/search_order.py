"""
The order of the keys: one member for each row of the search index, so that a list of all records by
their keys reads its page alone.

``index_search.lua`` writes both at once. What processes of an older release write beside lacks its
member, or leaves one: then the numbers differ, and all rows are gone through once more. So they are
in a store that has no order yet.

Both sorted sets stand in parts (``lua/lib/search_parts.lua``); what a release before has written is
put into them here.
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
        _, unequal = self._to_do([self._places[collection]])
        return not unequal

    def page(self, collection: str, after: str | None, count: int) -> Sequence[str]:
        """Return the next *count* members behind *after*; None: from the first."""
        return self._members(self._places[collection], after, count)

    def slice(self) -> bool:
        """Go on with what is due, parts before a pass; tell whether nothing was."""
        unparted, unequal = self._to_do(list(self._places.values()))
        if unparted and not self._rows.part(unparted[0]):
            return False
        if unequal:
            self._go_on(unequal[0])
        return not unequal

    def lacking(self, place: str, records: Names[str]) -> set[str]:
        """Return those of *records* that have no member."""
        names = list(records)
        if not names:
            return set()
        held = self._rows.held(search_keys.by_key(place), [key_member(each) for each in names])
        return {each for each in names if key_member(each) not in held}

    def _to_do(self, places: list[str]) -> tuple[list[str], list[str]]:
        """Return those of *places* to be put into parts, and those whose numbers differ."""
        # In one transaction: a step that writes between two of them would make them differ.
        with guarded(), self._client.pipeline(transaction=True) as pipeline:
            pipeline.hmget(search_keys.STATE, [search_keys.parted(place) for place in places])
            for place in places:
                pipeline.hlen(search_keys.rows(place))
                pipeline.zcard(search_keys.by_key(place))
            parted, *found = pipeline.execute()
        sizes = list(zip(places, parted, found[::2], found[1::2], strict=True))
        return (
            [place for place, number, _, _ in sizes if number is None],
            [place for place, number, rows, rest in sizes if rows != rest + int(number or 0)],
        )

    def _members(self, place: str, after: str | None, count: int) -> list[str]:
        return self._rows.members(search_keys.by_key(place), "", after, count)

    def _go_on(self, place: str) -> None:
        with guarded():
            text = self._client.hget(search_keys.STATE, f"keys:{place}")
        at = _Progress(**json.loads(text)) if text else _Progress()
        at = self._over_members(place, at) if at.members else self._over_rows(place, at)
        with guarded():
            self._client.hset(search_keys.STATE, f"keys:{place}", json.dumps(asdict(at)))
            if at == _Progress():  # what stands in parts is counted anew
                self._client.hdel(search_keys.STATE, search_keys.parted(place))

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
