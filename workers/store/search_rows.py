"""The rows of the search index as they are stored: read, written by one step, dropped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from workers.store import search_keys
from workers.store.connection import guarded
from workers.store.scripts import Steps
from workers.store.search_row import SearchRow, key_member

SLICE: Final = 50  # records per step: about a millisecond of the store's time
TRIES: Final = 3  # while others write the same rows

# Record, its row as text before, and its row now; the stamp in `search_keys.DUE` that it settles.
Written = tuple[str, str | None, SearchRow | None, str | None]


class SearchRows:
    """
    Every method raises StoreUnavailable if the store does not answer.

    *place*: ``<collection>:<copy>``.
    """

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._client: Any = steps.client  # typed as if it might not decode

    def texts(self, place: str, records: Sequence[str]) -> list[str | None]:
        """Return the stored form of the row of each of *records*."""
        if not records:
            return []
        with guarded():
            found: list[str | None] = self._client.hmget(search_keys.rows(place), records)
        return found

    def members(self, key: str, beginning: str, after: str | None, count: int) -> list[str]:
        """Return up to *count* members of the sorted set *key* that begin with *beginning*."""
        reads = [[key, beginning, count, after]]
        (found,) = self._steps.run("read_search", {"reads": reads})["found"]
        return list(found)

    def first(self, reads: Sequence[tuple[str, str]], count: int) -> list[list[str]]:
        """Return the first *count* members of each sorted set that begin with its text."""
        asked = [[key, beginning, count] for key, beginning in reads]
        return [list(each) for each in self._steps.run("read_search", {"reads": asked})["found"]]

    def held(self, key: str, members: Sequence[str]) -> set[str]:
        """Return those of *members* that stand in the sorted set *key*."""
        request = {"key": key, "members": list(members)}
        return set(self._steps.run("read_search", request)["found"])

    def part(self, place: str) -> bool:
        """Put some of what a release before has written into parts; True: that has to wait."""
        return bool(self._steps.run("part_search", {"place": place})["closed"])

    def write(self, place: str, rows: Sequence[Written]) -> list[str]:
        """Write *rows*; return the records whose rows others had changed: these stay."""
        late: list[str] = []
        collection = place.partition(":")[0]
        for start in range(0, len(rows), SLICE):
            entries = [_entry(collection, *each) for each in rows[start : start + SLICE]]
            answer = self._steps.run("index_search", {"place": place, "entries": entries})
            late += answer["late"] or []
        return late

    def drop(self, place: str, record: str) -> None:
        """Take *record* out of the index of *place*."""
        for _ in range(TRIES):
            (text,) = self.texts(place, [record])
            if not self.write(place, [(record, text, None, None)]):
                return


def _entry(
    collection: str, record: str, before: str | None, row: SearchRow | None, stamp: str | None
) -> dict[str, Any]:
    had = SearchRow.parse(before).members(record) if before else frozenset()
    has = row.members(record) if row else frozenset()
    return {
        "record": record,
        "before": before,
        "after": row.as_text() if row else None,
        "key": key_member(record),
        "add": sorted(has - had),
        "drop": sorted(had - has),
        "due": [f"{collection}:{record}", stamp] if stamp else None,
    }
