"""
The work of an undo in pieces of some records each, named by arrival numbers and not by keys: what
`instep forget` erases stands in no run.

A record has the place of its earliest entry in scope.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from workers.store.undo_log import UndoEntry

FILTERED = 100  # records of one piece, where one call reads as many
SINGLE = 10  # where each takes a call

Places = Mapping[str, Sequence[tuple[int, str]]]  # collection → arrival number and record, in order


@dataclass(frozen=True, slots=True)
class Piece:
    """The records of *collection* whose places are from *first* to *last*: so many as *count*."""

    collection: str
    first: int
    last: int
    count: int

    def as_work(self) -> str:
        return f"{self.first}-{self.last} {self.count} {self.collection}"

    @classmethod
    def parse(cls, work: str) -> Piece:
        """Read what `as_work` made."""
        span, count, collection = work.split(" ", 2)
        first, _, last = span.partition("-")
        return cls(collection, int(first), int(last), int(count))

    def records(self, places: Places) -> tuple[list[str], int]:
        """Return its records that still have entries, and how many of *places* come after them."""
        own = places.get(self.collection, ())
        chosen = [record for place, record in own if self.first <= place <= self.last]
        return chosen, sum(place > self.last for place, _ in own)


def places_of(entries: Iterable[UndoEntry]) -> Places:
    """Return the records of *entries*."""
    found: dict[str, dict[str, int]] = {}
    for each in entries:
        own = found.setdefault(each.collection, {})
        own[each.record] = min(each.arrival, own.get(each.record, each.arrival))
    return {
        name: sorted((place, record) for record, place in own.items())
        for name, own in found.items()
    }


def pieces(places: Places, sizes: Mapping[str, int]) -> Iterator[Piece]:
    """Yield the work; *sizes*: records of one piece, by collection (`SINGLE` unless it says so)."""
    for name, own in places.items():
        size = sizes.get(name, SINGLE)
        for start in range(0, len(own), size):
            part = own[start : start + size]
            yield Piece(name, part[0][0], part[-1][0], len(part))
