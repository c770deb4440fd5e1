"""Beside sweeping: groups dead letters, ends what nobody works on or approves, takes samples."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from workers.delivery.context import Context
from workers.store import problem_keys
from workers.store.connection import guarded
from workers.store.minute_samples import MinuteSamples
from workers.store.runs import WAKE

EVERY: Final = 1.0  # s between two looks
GROUPED: Final = 200  # letters per look
AUDIT_EVERY: Final = 60.0  # s between audits of the groups: processes of an older release may run


class Upkeep:
    """Raises StoreUnavailable if the store does not answer. *clock*: monotonic seconds."""

    def __init__(self, context: Context, clock: Callable[[], float] = time.monotonic) -> None:
        self._context = context
        self._clock = clock
        self._samples = MinuteSamples(context.steps, context.settings, clock)
        self._next = self._audit = float("-inf")

    def look(self) -> None:
        """Do what is due."""
        now = self._clock()
        if now < self._next:
            return
        self._next = now + EVERY
        if now >= self._audit:
            self._audit = now + AUDIT_EVERY
            self._context.problems.audit()
            self._context.runs.close_ended()
        self._context.problems.group(GROUPED)
        self._wake_runs()
        self._samples.look()

    def _wake_runs(self) -> None:
        """Ask for a worker if a run waits that no process works on, such as a killed one's."""
        ids = self._context.runs.queued()
        if not ids:
            return
        with guarded():
            held = self._context.steps.client.exists(*map(problem_keys.running, ids))
        if int(held) < len(ids) and self._context.outbox.wants_job(WAKE):
            self._context.wakes.wake(WAKE)
