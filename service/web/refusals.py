"""Refused requests: each is one line in the log, counted by source, and listed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from time import monotonic
from typing import Any, Final, Protocol

from workers.store.refusal_list import Refused
from workers.store.refusals import UNKNOWN

PREFIX: Final = "/webhooks/"
ACKNOWLEDGED: Final = frozenset({"kept", "duplicate", "unwanted", "spooled"})  # answered 200

_log = logging.getLogger(__name__)


class ListRefusal(Protocol):
    def __call__(
        self, source: str, refused: Refused, checked: Callable[[], Mapping[str, Any]] = dict, /
    ) -> object:
        """List a refused request; *checked* returns what was looked at. Must not block."""


class Reporter:
    """
    Logs, counts and lists refused requests, and times the answers to the others.

    Args:
        sources: The names of all sources.
        count: Called with the name of a source, or UNKNOWN, and a reason of
            ``workers.store.refusals``; must not block.
        time_ack: Called with the name of a source and the seconds until a delivery of it was
            answered; must not block.
    """

    def __init__(
        self,
        sources: Collection[str],
        count: Callable[[str, str], object],
        list_refusal: ListRefusal = lambda *_: None,
        time_ack: Callable[[str, float], object] = lambda *_: None,
    ) -> None:
        self._sources = sources
        self._count = count
        self._list = list_refusal
        self._time_ack = time_ack

    def report(self, path: str, reason: str, status: int) -> None:
        """Log and count a refused request; *path* is not logged: it may hold a secret."""
        source = self.source_of(path)
        if source is None:
            _log.warning("request", extra={"outcome": reason, "status": status})
            return
        _log.warning("delivery", extra={"outcome": reason, "status": status, "source": source})
        self._count(source, reason)
        self._list(source, Refused(reason, status, _message(source, reason)))

    def count_refusal(
        self,
        source: str,
        reason: str,
        status: int,
        message: str = "",
        checked: Callable[[], Mapping[str, Any]] = dict,
    ) -> None:
        """Count and list a refused delivery of *source*; it is logged already."""
        self._count(source, reason)
        self._list(source, Refused(reason, status, message), checked)

    def time_answer(self, source: str, action: str, since: float) -> None:
        """Time an answer, unless it is a refusal or a 503; *since*: a `time.monotonic`."""
        if action in ACKNOWLEDGED:
            self._time_ack(source, monotonic() - since)

    def source_of(self, path: str) -> str | None:
        """Return the source named in *path*, or UNKNOWN; None: not a path for deliveries."""
        if not path.lstrip("/").startswith(PREFIX[1:]):
            return None
        name = path.removeprefix(PREFIX).partition("/")[0]
        return name if path.startswith(PREFIX) and name in self._sources else UNKNOWN


def _message(source: str, reason: str) -> str:
    if reason != "not-found":
        return ""
    if source == UNKNOWN:
        return "no source has the name in the path"
    return "the path has a wrong path_token, or none, or one where the source has none"
