"""
Which pending deletes a decision is for: each by its arrival number, and nothing else of it is read.

What a decision is for is fixed as it starts. A delete that came later, or took the place of another
meanwhile, is not touched.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from service.operate.page import FilterInvalid
from service.operate.scope import Scope
from workers.delivery.context import Context
from workers.errors import SelectionInvalid
from workers.store import keys
from workers.store.connection import guarded

# Arrival number and collection of a delete: the older of two is the lesser. Of 100,000, no object
# of their own each.
Place = tuple[int, str]

READ: Final = 1000  # arrival numbers per round trip: less than 2 ms of the store's time


@dataclass(frozen=True, slots=True)
class DeleteSelection:
    """
    Which deletes: those with *ids*, or those that wait for approval.

    Args:
        ids: Also of those that wait for their delay.
        up_to: At most so many, the oldest first; None: all.
        scope: What may be seen; None: everything.
        till: Only those that had come by this arrival number; None: all.
    """

    collection: str | None = None
    ids: tuple[str, ...] = ()
    up_to: int | None = None
    scope: Scope | None = None
    till: int | None = None

    def check(self) -> None:
        """Raise SelectionInvalid for ids beside a filter."""
        if self.ids and (self.collection is not None or self.up_to is not None):
            expected = "ids, or collection and up_to"
            raise SelectionInvalid("ids beside a filter", expected, "leave one")


@dataclass(frozen=True, slots=True)
class ChosenDeletes:
    """
    What a decision is for.

    Args:
        deletes: The oldest first.
        left: Number of those that match and are more than `up_to`.
        unknown: Ids of which no delete waits.
        delayed: Number of those that wait for their delay alone.
    """

    deletes: Sequence[Place]
    left: int = 0
    unknown: tuple[str, ...] = ()
    delayed: int = 0

    @property
    def ids(self) -> list[str]:
        return [f"{name}:{arrival}" for arrival, name in self.deletes]

    @property
    def collections(self) -> Counter[str]:
        """How many of each collection."""
        return Counter(name for _, name in self.deletes)


def newest(context: Context) -> int:
    """Return the newest arrival number; what comes later has a greater one."""
    with guarded():
        return int(context.steps.client.get(keys.ARRIVAL) or 0)


def choose(context: Context, selection: DeleteSelection) -> ChosenDeletes:
    """
    Return what *selection* names.

    Raises:
        FilterInvalid: There is no such collection.
        StoreUnavailable: The store does not answer.
    """
    names = names_of(context, selection.collection, selection.scope)
    asking = context.held_deletes.asking(names)
    if selection.ids:
        found = sorted(_named(context, names, selection.ids))
    else:
        found = sorted(chain(*(_all(context, name) for name in names if name in asking)))
    if selection.till is not None:
        found = found[: bisect_left(found, (selection.till + 1,))]
    known = {f"{name}:{arrival}" for arrival, name in found} if selection.ids else set()
    unknown = tuple(id for id in dict.fromkeys(selection.ids) if id not in known)
    most = len(found) if selection.up_to is None else selection.up_to
    chosen = found[:most]
    delayed = sum(name not in asking for _, name in chosen)
    return ChosenDeletes(chosen, len(found) - len(chosen), unknown, delayed)


def names_of(context: Context, collection: str | None, scope: Scope | None) -> Sequence[str]:
    """
    Return *collection*, or all that *scope* shows.

    Raises:
        FilterInvalid: There is no such collection.
    """
    whole = scope is None or scope.whole
    known = sorted(context.settings.collections if whole or scope is None else scope.collections)
    if collection is None:
        return known
    if collection not in known:
        names = ", ".join(known) or "none is configured"
        raise FilterInvalid(repr(collection), f"a collection: {names}", "use one of them")
    return [collection]


def arrival_of(id: str) -> int | None:
    """Return the arrival number in the id of a delete; None: it is none."""
    number = id.rpartition(":")[2]
    known = number.isascii() and number.isdigit() and len(number) <= 18  # int() refuses 4,301
    return int(number) if known else None


def _all(context: Context, name: str) -> Iterator[Place]:
    after = 0
    while page := context.held_deletes.arrivals(name, after=after, limit=READ):
        yield from [(arrival, name) for arrival in page]
        after = page[-1]


def _named(context: Context, names: Sequence[str], ids: Sequence[str]) -> Iterator[Place]:
    """Yield those with the *ids*, without reading all that wait beside them."""
    wanted: dict[str, set[int]] = {}
    for id in ids:
        name, arrival = id.rpartition(":")[0], arrival_of(id)
        if name in names and arrival is not None:
            wanted.setdefault(name, set()).add(arrival)
    for name, arrivals in wanted.items():
        # Rows that a person has chosen are near each other; a proposal names all that waited.
        most, ordered, at = min(READ, max(20, len(arrivals) // 10)), sorted(arrivals), 0
        while at < len(ordered):
            after, limit = ordered[at] - 1, min(most, len(ordered))
            found = context.held_deletes.arrivals(name, after=after, limit=limit)
            yield from [(each, name) for each in found if each in arrivals]
            last = found[-1] if found else ordered[at]
            at = max(at + 1, bisect_right(ordered, last))
