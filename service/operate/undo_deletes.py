"""Deletes that a run has asked for, and that still wait: an undo of the run drops them."""

from __future__ import annotations

from collections.abc import Iterator

from service.operate.undo_scope import UndoScope
from workers.delivery.context import Context
from workers.store.held_delete import HeldDelete

_READ = 1000  # of one call


def waiting_of(context: Context, scope: UndoScope) -> list[HeldDelete]:
    """
    Return those that the run of *scope* has asked for; of no run: none.

    Raises StoreUnavailable if the store does not answer.
    """
    return [each for each in _all(context) if _takes(scope, each)] if scope.run else []


def drop_waiting(context: Context, scope: UndoScope, by: str) -> int:
    """
    Drop them, in the name of *by*; return how many. Done again, it finds none.

    Raises StoreUnavailable if the store does not answer.
    """
    named: dict[str, list[tuple[str, int]]] = {}
    for each in waiting_of(context, scope):
        named.setdefault(each.collection, []).append((each.record, each.arrival))
    done = 0
    for collection, own in named.items():
        decided = context.held_deletes.drop(collection, own, by)
        done += decided.done
        for name in decided.wake:
            context.wakes.wake(name)
    return done


def _all(context: Context) -> Iterator[HeldDelete]:
    for collection in context.settings.collections:
        after: str | None = None
        while page := context.held_deletes.list(collection, after=after, limit=_READ):
            yield from page
            after = page[-1].id


def _takes(scope: UndoScope, each: HeldDelete) -> bool:
    seen = scope.collections is None or each.collection in scope.collections
    return seen and each.run == scope.run and each.arrival <= scope.last
