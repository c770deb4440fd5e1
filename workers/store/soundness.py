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

from workers.config.settings import StoreSettings
from workers.errors import StoreUnavailable
from workers.store import durability, version
from workers.store.connection import Room
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
        patient: A client of the store that waits for longer; None: none does.
    """

    def __init__(
        self,
        client: redis.Redis,
        store: StoreSettings,
        clock: StoreClock | None = None,
        offset_ms: int = 0,
        patient: redis.Redis | None = None,
    ) -> None:
        self.clock = clock or StoreClock()
        self.room: Room | None = None  # learns from each look, too
        self._client = client
        self._patient = patient or client
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
                self._learn(self._look(self._client))
            error = self._error
        if error is not None:
            raise error.with_traceback(None)

    def check_patiently(self) -> None:
        """
        As `check`, but that a store which is slow is waited for, and what was bad is looked at
        again; nobody else waits for that.
        """
        if self._error is None and time.monotonic() < self._until:
            return
        error = self._look(self._patient)
        self._learn(error)
        if error is not None:
            raise error.with_traceback(None)

    def _learn(self, error: StoreUnavailable | None) -> None:
        self._error, self._until = error, time.monotonic() + EVERY

    def failed(self, error: StoreUnavailable) -> None:
        """The store was just heard to fail: nobody needs to find out by waiting."""
        self._learn(error)

    def forget(self) -> None:
        """Look anew at the next check."""
        self._until = float("-inf")

    def _look(self, client: redis.Redis) -> StoreUnavailable | None:
        try:
            began = self.clock.begin()
            look = durability.look(client)
            self.clock.observe(began, look.now_us + self._offset_us)
            if self.room:
                self.room.learn(look.info)
            if look.version is not None:
                version.number_of(look.version)
            durability.require(durability.durability_of(look), self._store)
        except StoreUnavailable as error:
            return error
        return None
