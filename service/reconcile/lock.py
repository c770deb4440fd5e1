"""
One run at a time for each collection, over all machines, by a lock in the store.

Owns ``instep:reconciling:<collection>``: who holds it; it runs out by itself where that died.
"""

from __future__ import annotations

import contextlib
import threading
import uuid
from collections.abc import Iterator

import redis

from workers.errors import ReconcileFailed, StoreUnavailable
from workers.store.connection import guarded

HOLDS_MS = 20_000
_RENEW = 5.0  # s


@contextlib.contextmanager
def held_for(client: redis.Redis, collection: str) -> Iterator[None]:
    """
    Hold the lock of *collection* for the length of a ``with``.

    Raises:
        ReconcileFailed: Another run holds it.
        StoreUnavailable: The store did not answer.
    """
    key, mine = f"instep:reconciling:{collection}", uuid.uuid4().hex
    with guarded():
        if not client.set(key, mine, nx=True, px=HOLDS_MS):
            raise ReconcileFailed(
                f"another reconcile of {collection} is going on; wait for its end"
            )
    ended = threading.Event()
    thread = threading.Thread(target=_renew, args=(client, key, ended), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        with contextlib.suppress(StoreUnavailable), guarded():
            if client.get(key) == mine:
                client.delete(key)


def _renew(client: redis.Redis, key: str, ended: threading.Event) -> None:
    while not ended.wait(_RENEW):
        with contextlib.suppress(redis.RedisError):
            client.pexpire(key, HOLDS_MS)
