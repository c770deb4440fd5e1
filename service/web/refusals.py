"""Requests that are refused: each is one line in the log, and counted by source."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from typing import Final

from workers.store.refusals import REASONS, UNKNOWN

PREFIX: Final = "/webhooks/"

_log = logging.getLogger(__name__)


class Reporter:
    """
    Args:
        sources: Names of all.
        count: Is given the name of a source, or UNKNOWN, and a reason of
            ``workers.store.refusals``; must not wait.
    """

    def __init__(self, sources: Collection[str], count: Callable[[str, str], object]) -> None:
        self._sources = sources
        self._count = count

    def report(self, path: str, reason: str, status: int) -> None:
        """Log and count a refused request to *path*, which is itself not told: it may be secret."""
        source = self.source_of(path)
        if source is None:
            _log.warning("request", extra={"action": reason, "status": status})
            return
        _log.warning("delivery", extra={"action": reason, "status": status, "source": source})
        self._count(source, reason)

    def count_outcome(self, source: str, action: str) -> None:
        """Count what became of a delivery of *source* if it was refused; it is logged already."""
        if action in REASONS:
            self._count(source, action)

    def source_of(self, path: str) -> str | None:
        """Return the source that *path* means, or UNKNOWN; None: it is no path of deliveries."""
        if not path.lstrip("/").startswith(PREFIX[1:]):
            return None
        name = path.removeprefix(PREFIX).partition("/")[0]
        return name if path.startswith(PREFIX) and name in self._sources else UNKNOWN
