"""What people change by hand, in the log of the process that sweeps: commands have none."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from workers.store.audit import Audit
from workers.store.scripts import Steps

EVERY = 1.0  # s
INSTEP = "instep"  # in the audit list: the end of a pause (``sweep.lua``)

_log = logging.getLogger(__name__)


class AuditLog:
    """
    Logs each entry of the audit list; the store knows up to which one that is done.

    Raises StoreUnavailable if the store does not answer. *clock*: monotonic seconds.
    """

    def __init__(self, steps: Steps, clock: Callable[[], float] = time.monotonic) -> None:
        self._audit = Audit(steps)
        self._clock = clock
        self._next = float("-inf")

    def look(self) -> None:
        """Log what is new."""
        if self._clock() < self._next:
            return
        self._next = self._clock() + EVERY
        entries = self._audit.untold()
        for entry in entries:
            values = {name: entry[name] for name in ("action", "target", "by", "figures")}
            if entry["action"] == "pause":
                figures = values.pop("figures")
                values["reason"], until = figures.get("reason"), figures.get("until")
                values |= {"until": until} if until else {}
                values["do"] = f"instep resume {entry['target']}"
                _log.warning("paused by hand", extra=values)
            elif entry["by"] == INSTEP:
                _log.info("pause over", extra=values)
            else:
                _log.info("changed by hand", extra=values)
        if entries:
            self._audit.told(entries[-1]["id"])
