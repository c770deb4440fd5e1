"""
Whether the store may be trusted with anything new just now: asked twice a second, while anybody
wants to know.

What was strong enough at the start may be weakened later (``CONFIG SET``, a failover to a replica,
a disk that fails): a process must not go by what it was then.
"""

from __future__ import annotations

import threading
import time

import redis

from workers.errors import StoreUnavailable
from workers.settings import StoreSettings
from workers.store import connection, version
from workers.store.store_clock import StoreClock

EVERY = 0.5  # s between two looks


class Soundness:
    """
    Safe to share between threads.

    Args:
        client: Of the store.
        store: How durable it is to be.
        clock: Learns the store's time from each look.
        offset_ms: That the steps add to the store's clock.
    """

    def __init__(
        self,
        client: redis.Redis,
        store: StoreSettings,
        clock: StoreClock | None = None,
        offset_ms: int = 0,
    ) -> None:
        self.clock = clock or StoreClock()
        self._client = client
        self._store = store
        self._offset_us = 1000 * offset_ms
        self._lock = threading.Lock()
        self._until = float("-inf")
        self._error: StoreUnavailable | None = None

    def check(self) -> None:
        """
        Raises:
            StoreUnsafe: the store may lose or evict what it is given; the message holds every
                reason.
            StoreNewer: a later release has written it.
            StoreUnavailable: it does not answer.
        """
        with self._lock:
            # While one thread waits for a store that hangs, the others wait for that one.
            if time.monotonic() >= self._until:
                self._error = self._look()
                self._until = time.monotonic() + EVERY
            error = self._error
        if error is not None:
            raise error.with_traceback(None)

    def failed(self, error: StoreUnavailable) -> None:
        """The store was just heard to fail: nobody needs to find out by waiting."""
        self._error, self._until = error, time.monotonic() + EVERY

    def forget(self) -> None:
        """Look anew at the next check."""
        self._until = float("-inf")

    def _look(self) -> StoreUnavailable | None:
        try:
            began = self.clock.begin()
            with connection.guarded():
                seconds, micros = self._client.time()
                self.clock.observe(began, seconds * 1_000_000 + micros + self._offset_us)
                version.read(self._client)
            connection.check(self._client, self._store)
        except StoreUnavailable as error:
            return error
        return None
