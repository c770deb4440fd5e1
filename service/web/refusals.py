"""Refused requests: each is one line in the log, and counted by source."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from typing import Final

from workers.store.refusals import REASONS, UNKNOWN

PREFIX: Final = "/webhooks/"

_log = logging.getLogger(__name__)


class Reporter:
    """
    Logs and counts refused requests.

    Args:
        sources: The names of all sources.
        count: Called with the name of a source, or UNKNOWN, and a reason of
            ``workers.store.refusals``; must not block.
    """

    def __init__(self, sources: Collection[str], count: Callable[[str, str], object]) -> None:
        self._sources = sources
        self._count = count

    def report(self, path: str, reason: str, status: int) -> None:
        """Log and count a refused request; *path* is not logged: it may hold a secret."""
        source = self.source_of(path)
        if source is None:
            _log.warning("request", extra={"action": reason, "status": status})
            return
        _log.warning("delivery", extra={"action": reason, "status": status, "source": source})
        self._count(source, reason)

    def count_outcome(self, source: str, action: str) -> None:
        """Count a delivery of *source* if *action* is a refusal; it is logged already."""
        if action in REASONS:
            self._count(source, action)

    def source_of(self, path: str) -> str | None:
        """Return the source named in *path*, or UNKNOWN; None: not a path for deliveries."""
        if not path.lstrip("/").startswith(PREFIX[1:]):
            return None
        name = path.removeprefix(PREFIX).partition("/")[0]
        return name if path.startswith(PREFIX) and name in self._sources else UNKNOWN
