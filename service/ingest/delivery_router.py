"""
Keeps a proven delivery in the store, or in the spool while the store cannot take it.

While the spool holds deliveries of a source, newer ones of that source go behind them; a moment
before they are drained, newer ones wait for that. Else senders that are faster than the drain would
keep it from ever ending.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Final

from service.ingest.entry import Entry
from service.ingest.receipt import SPOOLED, Receipt
from service.ingest.spool import Spool
from service.ingest.store_gate import StoreGate
from workers import fibers
from workers.errors import SpoolFull, StoreUnavailable
from workers.model.changes import Slot
from workers.store.durability import StoreCheck

DRAINED: Final = 0.1  # s that a delivery waits for the last older ones to be drained


class Slots:
    """
    The names under which the store notes the tokens of the last calls; calls under way at the same
    time have one each.

    A call without an answer may have taken effect. Its name is not used again, so that the drain of
    the delivery can find out.
    """

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._free: list[Slot] = []
        self._made = 0
        self._lock = Lock()

    def take(self) -> Slot:
        with self._lock:
            if self._free:
                return self._free.pop()
            self._made += 1
            return Slot(self._spool.name, str(self._made))

    def give_back(self, slot: Slot) -> None:
        with self._lock:
            self._free.append(slot)


class DeliveryRouter:
    """
    Keeps deliveries; safe to share between threads.

    Args:
        accept: Keeps an entry in the store; raises StoreUnavailable.
        notify: Called once the spool has an entry.
        drains: Returns whether what is spooled of a source is being drained.
    """

    def __init__(
        self,
        spool: Spool,
        gate: StoreGate,
        store_check: StoreCheck,
        accept: Callable[[Entry], Receipt],
        notify: Callable[[], object],
        drains: Callable[[str], bool],
    ) -> None:
        self._spool = spool
        self._gate = gate
        self._store_check = store_check
        self._accept = accept
        self._notify = notify
        self._drains = drains
        self._slots = Slots(spool)

    def take(self, entry: Entry) -> Receipt:
        """
        Keep *entry*, in the store or in the spool.

        Raises:
            StoreUnavailable: Neither can keep it.
        """
        came_us = self._store_check.clock.now_us()
        if not self._spool.is_on:
            self._store_check.check()
            return self._accept(entry.at(came_us))
        if (ticket := self._enter(entry.source)) is None:
            return self._keep(entry.at(came_us), self._gate.reason)
        slot = self._slots.take()
        tried = entry.at(came_us, slot)
        try:
            self._store_check.check()
            receipt = self._accept(tried)
        except StoreUnavailable as error:
            self._gate.shut(error)
            self._store_check.failed(error)
            return self._keep(tried, error)
        finally:
            self._gate.leave(ticket)
        self._slots.give_back(slot)
        return receipt

    def _enter(self, source: str) -> int | None:
        """Return a ticket for the store; None: a delivery of *source* goes to the spool."""
        if self._is_behind(source):
            return None
        ticket = self._gate.enter()
        if ticket is None and self._gate.reason is None:
            # The store may have answered others, which could not go on: another fiber held the
            # thread, or they stand behind this one.
            fibers.turn()
            ticket = None if self._spool.holds(source) else self._gate.enter()
        return ticket

    def _is_behind(self, source: str) -> bool:
        """Whether older deliveries of *source* are to be drained first."""
        if not self._spool.holds(source):
            return False
        if not self._drains(source):
            return True
        return not fibers.aside(self._spool.is_drained, source, DRAINED)

    def _keep(self, entry: Entry, reason: StoreUnavailable | None) -> Receipt:
        try:
            fibers.aside(self._spool.append, entry)
        except SpoolFull as error:
            why = reason or "what of its source is spooled waits to be drained"
            raise SpoolFull(f"{why}; {error}") from error
        finally:
            self._notify()
        return SPOOLED
