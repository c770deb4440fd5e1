"""A warning that is said once, again when it changes, and now and then while it lasts."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

AGAIN = 300.0  # s after which the same is said again
_MOST = 20  # reasons that are remembered; beyond that all are forgotten


class Complaint:
    """
    Safe to share between threads.

    Args:
        log: Whose warning it is.
        message: What it says; the reason stands beside it.
    """

    def __init__(
        self,
        log: logging.Logger,
        message: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._log = log
        self._message = message
        self._clock = clock
        self._said: dict[str, float] = {}  # reason → when
        self._lock = threading.Lock()

    def tell(self, reason: str) -> None:
        """Say that it is so, for *reason*, unless that was said a moment ago."""
        with self._lock:
            now = self._clock()
            said = self._said.get(reason)
            if said is not None and now - said < AGAIN:
                return
            if len(self._said) >= _MOST:
                self._said.clear()
            self._said[reason] = now
        self._log.warning(self._message, extra={"reason": reason})

    def over(self) -> None:
        """Say that it is over, if it was told."""
        with self._lock:
            if not self._said:
                return
            self._said.clear()
        self._log.info("%s: no longer", self._message)
