"""Resumes destinations that are paused for a refused token and have another one by now."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

from workers.delivery.context import Context

EVERY: Final = 5.0  # s between two looks
# s from the first look. A worker of the configuration before may send its last request after it,
# and pause for the token that was replaced. No longer: of two machines with different tokens each
# would resume for ever what the other one has paused.
FOR: Final = 300.0

_log = logging.getLogger(__name__)


class RenewedTokens:
    """Raises StoreUnavailable if the store does not answer. *clock*: monotonic seconds."""

    def __init__(self, context: Context, clock: Callable[[], float] = time.monotonic) -> None:
        self._context = context
        self._clock = clock
        self._next = float("-inf")
        self._till: float | None = None

    def look(self) -> None:
        """Resume what is due, within `FOR` seconds of the first look."""
        now = self._clock()
        if now < self._next or (self._till is not None and now > self._till):
            return
        for name in self._context.breaker.resume_renewed():
            _log.info("resumed with another token", extra={"destination": name})
            self._context.wakes.wake(name)
        self._next = now + EVERY
        self._till = self._till or now + FOR
