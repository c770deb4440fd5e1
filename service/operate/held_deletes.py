"""
Pending deletes: what waits for approval, or for its delay, and one decision for all that match.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import merge
from itertools import islice
from typing import Any, Final, Literal

from service.operate.bulk_actions import proposing
from service.operate.held_delete_choice import ChosenDeletes, arrival_of, names_of
from service.operate.held_delete_runner import about, figures_at_start
from service.operate.page import FilterInvalid, Page
from service.operate.scope import Scope
from workers.delivery.context import Context
from workers.model.held_reason import window_words
from workers.store.audit import Audit
from workers.store.held_delete import HeldDelete
from workers.store.held_deletes import HeldDeletes
from workers.store.runs import WAKE

Action = Literal["approve", "drop"]

APPROVAL: Final = "approval"  # what a delete that is held waits for
READ: Final = 200  # deletes per round trip
SHOWN: Final = 20  # examples of an estimate


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
    after = 0 if cursor is None else arrival_of(cursor)
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
    names = names_of(context, None, scope)
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
    counts = context.held_deletes.count(names := names_of(context, collection, scope))
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


def estimate(context: Context, action: Action, chosen: ChosenDeletes) -> dict[str, Any]:
    """
    Return what *action* would be for.

    ``{action, deletes, left, collections: {NAME: number}, oldest, newest, examples, unknown}``;
    oldest, newest: since when the first `SHOWN` and the last of them wait. The others are counted
    alone, and not read.

    Raises StoreUnavailable if the store does not answer.
    """
    deletes = chosen.deletes
    shown = (*deletes[:SHOWN], *deletes[SHOWN:][-1:])
    read = context.held_deletes.read([(name, arrival) for arrival, name in shown])
    moments = [each.since for each in read]
    return {
        "action": action,
        "deletes": len(deletes),
        "left": chosen.left,
        "collections": dict(chosen.collections),
        "oldest": min(moments).isoformat() if moments else None,
        "newest": max(moments).isoformat() if moments else None,
        "examples": [as_dict(each) for each in read[:SHOWN]],
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
    collections = sorted(chosen.collections)
    figures = figures_at_start(action, len(deletes), chosen.left, len(chosen.unknown))
    id = context.runs.start(
        action,
        by,
        collection=collections[0] if len(collections) == 1 else None,
        figures=figures,
        about=about(),
        # Not the record: what `instep forget` erases may stand in no run.
        work=chosen.ids,
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
    own = (
        _pages(context.held_deletes, name, after) for name in names_of(context, collection, scope)
    )
    return merge(*own, key=lambda each: each.arrival)


def _pages(store: HeldDeletes, collection: str, after: int) -> Iterator[HeldDelete]:
    # A page with fewer than asked for need not be the last: some may have ended meanwhile.
    while found := store.list(collection, after=f"{collection}:{after}", limit=READ):
        yield from found
        after = found[-1].arrival
