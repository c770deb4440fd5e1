"""The status of the running Instep: the numbers of `instep status`."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from workers.config.loader import load
from workers.errors import StoreUnavailable
from workers.runtime import heartbeats, jobs
from workers.store import keys
from workers.store.connection import guarded
from workers.store.item_record import CLAIM, DUE, ItemClaim

SILENT_MS = 15_000  # after which no request is open any more


@dataclass(frozen=True, slots=True)
class SystemState:
    """
    The state of the system at one moment.

    Args:
        pending: Field values that are accepted and not on the site yet.
        held: Items in a request without news for a while, and s until the claim runs out.
        put_off: Items with a later due time, and s until the last of them is due.
        repairs: Once nothing is pending: items to be written once more, because it is unknown
            whether an interrupted request reached the CMS.
    """

    status: Mapping[str, Any]
    pending: int
    repairs: int
    workers: int
    held: tuple[int, float] = (0, 0.0)
    put_off: tuple[int, float] = (0, 0.0)

    @property
    def state(self) -> str:
        return str(self.status["destinations"]["site"]["state"])

    @property
    def dead(self) -> int:
        return int(self.status["dead_letters"])


class StatusClient:
    """Reads the store of the system that runs with *environ*."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._context = jobs.build(load(environ))
        self._client = self._context.steps.client

    def look(self) -> SystemState | None:
        """Return the state now; None: the store does not answer at this moment."""
        try:
            status = self._context.report.status()
            workers = heartbeats.workers_alive(self._client)
            with guarded():
                # Once nothing is pending, only items with a repair mark are still in a due set.
                repairs = self._client.zcard(keys.due("products", "live"))
                held, put_off = self._waits()
        except StoreUnavailable:
            return None
        return SystemState(status, status["fields"]["pending"], repairs, workers, held, put_off)

    def _waits(self) -> tuple[tuple[int, float], tuple[int, float]]:
        """Return what abandoned requests hold, and what is due later."""
        records: list[Any] = self._client.zrange(keys.waiting("products"), 0, -1)
        with self._client.pipeline(transaction=False) as pipeline:
            pipeline.time()
            for record in records:
                pipeline.hmget(keys.item("products", record), CLAIM, DUE)
            (seconds, micros), *found = pipeline.execute()
        now = 1000 * seconds + micros / 1000
        claims = [ItemClaim.parse(claim) for claim, _ in found if claim]
        held = [claim.till - now for claim in claims if claim.at < now - SILENT_MS]
        put_off = [float(due) - now for claim, due in found if due and not claim]
        return _waiting(held), _waiting(put_off)

    def letters(self) -> list[dict[str, Any]]:
        return [letter.as_dict() for letter in self._context.letters.list()]

    def kill_worker(self) -> int | None:
        """Kill one of the workers with SIGKILL; return its pid, or None if none was found."""
        try:
            found = [each.pid for each in heartbeats.listed(self._client) if each.role == "worker"]
        except StoreUnavailable:
            return None
        pid = random.choice(found) if found else None  # noqa: S311  # any of them
        if pid:
            os.kill(pid, signal.SIGKILL)
        return pid

    def close(self) -> None:
        self._client.close()
        self._context.wakes.close()


def _waiting(left_ms: Iterable[float]) -> tuple[int, float]:
    """Return how many of *left_ms* have time left, and the longest, in seconds."""
    still = [left / 1000 for left in left_ms if left > 0]
    return len(still), max(still, default=0.0)
