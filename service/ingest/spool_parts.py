"""The objects of one web process that keep deliveries while the store is away."""

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

TURN: Final = 0.001  # s that a thread may compute while another one waits; Python's default is 5 ms


class SpoolParts:
    """
    Builds the spool, the gate and the drainer.

    Args:
        store: Folder and size limit of the spool.
        client: With a short timeout.
        patient: Used to drain the spool.
        drained: The outbox of *patient*; None: that of the intake.
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
        """Have *intake* use the spool; return its drainer."""
        intake.patient = self._drained or intake.patient
        self._drainer = Drainer(
            self.spool,
            self.gate,
            self.store_check,
            intake.drain,
            partial(spool_marks.put, self._client),
        )
        intake.router = DeliveryRouter(
            self.spool,
            self.gate,
            self.store_check,
            intake.accept,
            self._drainer.notify,
            self._drainer.drains,
        )
        intake.clock = self.store_check.clock
        self.store_check.room = intake.outbox.room
        return self._drainer

    def start(self) -> None:
        """Begin in this process, before its first delivery: drain in a thread until it ends."""
        self.spool.rename()
        if self._drainer:
            # Beside a busy drain, a request would wait for its turn as long as this at each of its
            # steps.
            sys.setswitchinterval(TURN)
            threading.Thread(target=self._drainer.run, name="drainer", daemon=True).start()

    def state(self) -> State:
        return self.spool.state()

    def waiting(self) -> int:
        """Return how many deliveries the spools of this machine hold."""
        return waiting(self._data).deliveries
