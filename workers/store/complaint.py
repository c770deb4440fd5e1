"""A warning that is logged once, again when its reason changes, and repeated while it lasts."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

AGAIN = 300.0  # s before the same reason is logged again
_MOST = 20  # reasons remembered; beyond that all are forgotten


class Complaint:
    """Logs *message* with a reason. Safe to share between threads."""

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
        """Log the warning, unless *reason* was logged recently."""
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
        """Log that the warning no longer applies, if it was logged."""
        with self._lock:
            if not self._said:
                return
            self._said.clear()
        self._log.info("%s: no longer", self._message)
