"""What the demo sees of the running Instep: the same numbers as `instep status` shows."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workers import jobs, processes
from workers.errors import StoreUnavailable
from workers.loading import load
from workers.store.connection import guarded


@dataclass(frozen=True, slots=True)
class Look:
    """
    One look at the system.

    Args:
        pending: Field values that are accepted and not on the site yet.
        repairs: Once nothing is pending: items that will be written once more, since nobody knows
            whether a request that was under way has reached the CMS.
    """

    status: Mapping[str, Any]
    pending: int
    repairs: int
    workers: int

    @property
    def state(self) -> str:
        return str(self.status["destinations"]["site"]["state"])

    @property
    def dead(self) -> int:
        return int(self.status["dead_letters"])


class System:
    """
    Args:
        environ: With which the system runs.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._parts = jobs.build(load(environ))
        self._client = self._parts.steps.client

    def look(self) -> Look | None:
        """Return what it is like now; None: the store does not answer at this moment."""
        try:
            status = self._parts.report.status()
            workers = processes.workers_alive(self._client)
            with guarded():
                # Once nothing is pending, only what has a repair mark is still in a due set.
                repairs = self._client.zcard("instep:due:products:live")
        except StoreUnavailable:
            return None
        return Look(status, status["fields"]["pending"], repairs, workers)

    def letters(self) -> list[dict[str, Any]]:
        """Return the open dead letters."""
        return [letter.as_dict() for letter in self._parts.letters.list()]

    def kill_worker(self) -> int | None:
        """Kill one of the workers with SIGKILL; return its pid, or None if none was found."""
        try:
            found = [each.pid for each in processes.listed(self._client) if each.role == "worker"]
        except StoreUnavailable:
            return None
        pid = random.choice(found) if found else None  # noqa: S311  # any of them
        if pid:
            os.kill(pid, signal.SIGKILL)
        return pid

    def close(self) -> None:
        self._client.close()
        self._parts.wakes.close()
