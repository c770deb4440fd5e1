"""The heartbeat: a GET each minute while all is well, for a service that reports its absence."""

from __future__ import annotations

import logging
from typing import Final

from workers.alerts.sender import Request
from workers.errors import OutgoingError
from workers.outgoing import http_request
from workers.outgoing.http_request import Address
from workers.store.complaint import Complaint

EVERY: Final = 60.0  # s

_log = logging.getLogger(__name__)


class Heartbeat:
    """*request*: as ``http_request.request``."""

    def __init__(self, request: Request = http_request.request) -> None:
        self._request = request
        self._next = float("-inf")
        self._failure = Complaint(_log, "heartbeat not taken")

    def beat(self, url: str, *, well: bool, now: float) -> None:
        """Call *url* if it is due and all is *well*; *now*: monotonic seconds."""
        if not url or not well or now < self._next:
            return
        self._next = now + EVERY
        try:
            reply = self._request("GET", Address(url))
        except OutgoingError as error:
            self._failure.tell(str(error))
            return
        if reply.is_success:
            self._failure.over()
        else:
            self._failure.tell(f"GET {Address(url)}: {reply}")
