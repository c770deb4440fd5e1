"""One run at a time for each collection, on all machines, by a lease (`keys.reconciling`)."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

import redis

from workers.errors import ReconcileFailed
from workers.model.run_limits import RunLease
from workers.store import keys
from workers.store.lease import Lease, Owner, kept, owner_of

BY_HAND, SCHEDULED = "instep reconcile", "a scheduled reconcile"  # the owner's work


class RunLock(Lease):
    """The lock of a run; checked before each portion that the run hands over."""

    def __init__(self, client: redis.Redis, collection: str, work: str) -> None:
        super().__init__(client, keys.reconciling(collection), work)
        self.collection = collection

    def check(self) -> RunLease:
        """
        Return the lease that the next step has to find in the store; raises ReconcileFailed if it
        is lost, and another run may have begun.
        """
        if self.keep():
            return RunLease(self.name, self.token)
        raise ReconcileFailed(
            f"{self.loss()}; what was handed over before is still sent; run the reconcile again"
        )

    def loss(self) -> str:
        """Return in words that it is lost, and to whom."""
        other = self.owner()
        by = f"{other} holds it now" if other else "this process was stopped for too long"
        return f"the lock of {self.collection} was lost: {by}"


@contextlib.contextmanager
def run_lock(
    client: redis.Redis,
    collection: str,
    work: str = BY_HAND,
    *,
    lost: Callable[[str], object] = lambda _: None,
    sleep: Callable[[float], object] = time.sleep,
) -> Iterator[RunLock]:
    """
    Hold the lock of *collection* for the length of a ``with``.

    Args:
        work: Shown to others as the owner's work.
        lost: Called in another thread with the reason once it is lost.
        sleep: Waits until the lock of a dead process runs out.

    Raises:
        ReconcileFailed: Another run holds it.
        StoreUnavailable: The store did not answer.
    """
    lock = RunLock(client, collection, work)
    while not lock.take():
        if not lock.is_dead(sleep):
            other = lock.owner() or "another process"
            raise ReconcileFailed(
                f"{collection} is already being reconciled by {other}; wait for its end, or stop it"
            )
    with kept(lock, lambda: lost(lock.loss())):
        yield lock


def holder(client: redis.Redis, collection: str) -> Owner | None:
    """
    Return who reconciles *collection*, or None; raises StoreUnavailable if the store did not
    answer.
    """
    return owner_of(client, keys.reconciling(collection))
