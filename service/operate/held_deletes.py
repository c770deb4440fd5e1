"""
Pending deletes: what waits for approval, or for its delay, and one decision for all that match.

What a decision is for is fixed as it starts: each delete by its arrival number. One that came
later, or took the place of another meanwhile, is not touched.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import islice
from typing import Any, Final, Literal

from service.operate.bulk_actions import proposing
from service.operate.held_delete_runner import READ, about, figures_at_start
from service.operate.page import FilterInvalid, Page
from service.operate.scope import Scope
from workers.delivery.context import Context
from workers.errors import SelectionInvalid
from workers.model.held_reason import window_words
from workers.store import keys
from workers.store.audit import Audit
from workers.store.connection import guarded
from workers.store.held_deletes import HeldDelete, HeldDeletes
from workers.store.runs import WAKE

Action = Literal["approve", "drop"]

APPROVAL: Final = "approval"  # what a delete that is held waits for
SHOWN: Final = 20  # examples of an estimate


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
        left: Number of those that match and are more than `up_to`.
        unknown: Ids of which no delete waits.
    """

    deletes: tuple[HeldDelete, ...]
    left: int = 0
    unknown: tuple[str, ...] = ()


def list_deletes(
    context: Context,
    *,
    collection: str | None = None,
    scope: Scope | None = None,
    cursor: str | None = None,
    limit: int,
) -> Page:
    """
    List the deletes that wait, oldest first.

    Each is ``{id, collection, key, item, action, source, run, since, waits, until, reason}``;
    *waits*: for "approval", or for its "delay", until *until*.

    Args:
        cursor: The id of the last delete of the page before.

    Raises:
        FilterInvalid: There is no such collection, or the cursor is no cursor.
        StoreUnavailable: The store does not answer.
    """
    after = 0 if cursor is None else _arrival(cursor)
    if after is None:
        raise FilterInvalid(repr(cursor), "`next` of the page before", "use it as it came")
    found = [*islice(_waiting(context, collection, scope, after), limit + 1)]
    items = [as_dict(each) for each in found[:limit]]
    return Page(items, items[-1]["id"] if len(found) > limit else None)


def as_dict(delete: HeldDelete) -> dict[str, Any]:
    """Return *delete* ready for JSON."""
    return {
        "id": delete.id,
        "collection": delete.collection,
        "key": delete.key,
        "item": delete.item,
        "action": delete.action,
        "source": delete.source,
        "run": delete.run,
        "since": delete.since.isoformat(),
        "waits": delete.waits,
        "until": delete.until.isoformat() if delete.until else None,
        "reason": delete.reason,
    }


def count_held(context: Context, scope: Scope | None = None) -> dict[str, int]:
    """Return how many deletes wait for approval, by collection; raises StoreUnavailable."""
    names = _names(context, None, scope)
    counts = context.held_deletes.count(names)
    return {name: counts[name] for name in names if counts.get(name)}


def held_reasons(
    context: Context, *, collection: str | None = None, scope: Scope | None = None
) -> list[dict[str, Any]]:
    """
    Return why deletes wait for approval, by collection.

    Each is ``{collection, deletes, items, gone, window, limit}``: how many wait, of how many items
    of the collection (0: unknown), how many have gone before within *window*, in words, and the
    limit of the guard that they are beyond.

    Raises:
        FilterInvalid: There is no such collection.
        StoreUnavailable: The store does not answer.
    """
    counts = context.held_deletes.count(names := _names(context, collection, scope))
    found = context.held_deletes.reasons([name for name in names if counts.get(name)])
    return [
        {
            "collection": name,
            "deletes": counts[name],
            "items": each.items,
            "gone": each.gone,
            "window": window_words(each.window),
            "limit": each.limit(),
        }
        for name, each in found.items()
    ]


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
    if selection.ids:
        found = sorted(_named(context, selection), key=lambda each: each.arrival)
    else:
        waiting = _waiting(context, selection.collection, selection.scope, 0)
        found = [each for each in waiting if each.waits == APPROVAL]
    if selection.till is not None:
        found = [each for each in found if each.arrival <= selection.till]
    known = {each.id for each in found}
    unknown = tuple(id for id in dict.fromkeys(selection.ids) if id not in known)
    most = len(found) if selection.up_to is None else selection.up_to
    return ChosenDeletes(tuple(found[:most]), max(0, len(found) - most), unknown)


def estimate(action: Action, chosen: ChosenDeletes) -> dict[str, Any]:
    """
    Return what *action* would be for.

    ``{action, deletes, left, collections: {NAME: number}, oldest, newest, examples, unknown}``
    """
    deletes = chosen.deletes
    moments = [each.since for each in deletes]
    return {
        "action": action,
        "deletes": len(deletes),
        "left": chosen.left,
        "collections": dict(Counter(each.collection for each in deletes)),
        "oldest": min(moments).isoformat() if moments else None,
        "newest": max(moments).isoformat() if moments else None,
        "examples": [as_dict(each) for each in deletes[:SHOWN]],
        "unknown": [*chosen.unknown],
    }


def start(
    context: Context,
    action: Action,
    chosen: ChosenDeletes,
    by: str,
    *,
    proposed: str = "",
    wake: bool = True,
) -> str:
    """
    Begin *action*, and return the id of its run; a worker carries it out.

    Args:
        by: Who decides, as in the audit list.
        proposed: Why it is only proposed (`Runs.start`).
        wake: Ask for a worker; without, the caller goes on with `BulkRunner`.

    Raises:
        StoreUnavailable: The store does not answer.
    """
    deletes = chosen.deletes
    collections = sorted({each.collection for each in deletes})
    figures = figures_at_start(action, len(deletes), chosen.left, len(chosen.unknown))
    id = context.runs.start(
        action,
        by,
        collection=collections[0] if len(collections) == 1 else None,
        figures=figures,
        about=about(),
        # Not the record: what `instep forget` erases may stand in no run.
        work=[each.id for each in deletes],
        ended=not deletes,
        proposed=proposed,
    )
    target = ", ".join(collections) or "pending deletes"
    told = {"deletes": len(deletes), "left": chosen.left}
    Audit(context.steps).record(
        by, proposing(f"{action} deletes", proposed), target, run=id, **told
    )
    if deletes and wake and not proposed and context.outbox.wants_job(WAKE):
        context.wakes.wake(WAKE)
    return id


def _waiting(
    context: Context, collection: str | None, scope: Scope | None, after: int
) -> Iterator[HeldDelete]:
    """Yield the deletes behind the arrival number *after*, oldest first."""
    own = (_pages(context.held_deletes, name, after) for name in _names(context, collection, scope))
    return merge(*own, key=lambda each: each.arrival)


def _named(context: Context, selection: DeleteSelection) -> Iterator[HeldDelete]:
    """Yield those with the ids that are named, without reading all that wait beside them."""
    names = {*_names(context, selection.collection, selection.scope)}
    wanted: dict[str, set[int]] = {}
    for id in selection.ids:
        name, arrival = id.rpartition(":")[0], _arrival(id)
        if name in names and arrival is not None:
            wanted.setdefault(name, set()).add(arrival)
    for name, arrivals in wanted.items():
        # Rows that a person has chosen are near each other; a proposal names all that waited.
        most, ordered, at = min(READ, max(20, len(arrivals) // 10)), sorted(arrivals), 0
        while at < len(ordered):
            after = f"{name}:{ordered[at] - 1}"
            found = context.held_deletes.list(name, after=after, limit=min(most, len(ordered)))
            yield from (each for each in found if each.arrival in arrivals)
            last = found[-1].arrival if found else ordered[at]
            at = max(at + 1, bisect_right(ordered, last))


def _pages(store: HeldDeletes, collection: str, after: int) -> Iterator[HeldDelete]:
    # A page with fewer than asked for need not be the last: some may have ended meanwhile.
    while found := store.list(collection, after=f"{collection}:{after}", limit=READ):
        yield from found
        after = found[-1].arrival


def _names(context: Context, collection: str | None, scope: Scope | None) -> Sequence[str]:
    whole = scope is None or scope.whole
    known = sorted(context.settings.collections if whole or scope is None else scope.collections)
    if collection is None:
        return known
    if collection not in known:
        names = ", ".join(known) or "none is configured"
        raise FilterInvalid(repr(collection), f"a collection: {names}", "use one of them")
    return [collection]


def _arrival(id: str) -> int | None:
    number = id.rpartition(":")[2]
    known = number.isascii() and number.isdigit() and len(number) <= 18  # int() refuses 4,301
    return int(number) if known else None
