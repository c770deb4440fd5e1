"""The objects of one web process that keep deliveries while the store cannot."""

from __future__ import annotations

import sys
import threading
from functools import partial
from typing import Final

import redis

from service.ingest.delivery_router import DeliveryRouter
from service.ingest.drainer import Drainer
from service.ingest.intake import Intake
from service.ingest.spool import Spool, State, folder_of
from service.ingest.spool_count import waiting
from service.ingest.store_gate import StoreGate
from workers.config.settings import StoreSettings
from workers.store import spool_marks
from workers.store.durability import StoreCheck
from workers.store.outbox import Outbox

TURN: Final = 0.001  # s that a thread may compute while another one waits; Python's own is 5 ms


class SpoolParts:
    """
    Args:
        store: Where the spool lies, and how large it may grow.
        client: Of the store; gives up soon.
        patient: Another, by which the spool is drained.
        drained: The outbox of that; None: what takes the deliveries.
    """

    def __init__(
        self,
        store: StoreSettings,
        client: redis.Redis,
        patient: redis.Redis | None = None,
        drained: Outbox | None = None,
    ) -> None:
        self.spool = Spool(folder_of(store.data), store.spool_mb)
        self.gate = StoreGate()
        self.store_check = StoreCheck(client, store, patient=patient)
        self._client = patient or client
        self._data = store.data
        self._drained = drained
        self._drainer: Drainer | None = None

    def attach(self, intake: Intake) -> Drainer:
        """Have *intake* keep its deliveries by the spool; return what drains it."""
        intake.patient = self._drained or intake.patient
        self._drainer = Drainer(
            self.spool,
            self.gate,
            self.store_check,
            intake.drain,
            partial(spool_marks.put, self._client),
        )
        intake.router = DeliveryRouter(
            self.spool, self.gate, self.store_check, intake.accept, self._drainer.notify
        )
        intake.clock = self.store_check.clock
        self.store_check.room = intake.outbox.room
        return self._drainer

    def start(self) -> None:
        """Drain in a thread for as long as the process lives."""
        if self._drainer:
            # Beside a drain, which works all the time, a request would wait for its turn at each
            # of its steps for as long as this.
            sys.setswitchinterval(TURN)
            threading.Thread(target=self._drainer.run, name="drainer", daemon=True).start()

    def state(self) -> State:
        """Return what the spool of this process holds."""
        return self.spool.state()

    def waiting(self) -> int:
        """Return how many deliveries the spools of this machine hold."""
        return waiting(self._data).deliveries
