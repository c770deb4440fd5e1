"""Sends messages to the address of ``[alerts]``, and says when to try again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from workers.config.alerts_schema import key_of
from workers.config.settings import Alerts
from workers.errors import OutgoingError
from workers.outgoing import http_request
from workers.outgoing.http_request import Address, Reply
from workers.outgoing.message_signature import signed_headers

FIRST: Final = 10.0  # s until the second try; each further wait is twice as long …
LAST: Final = 300.0  # s … up to this
PATIENT: Final = 3600.0  # s that a Retry-After may ask for

Request = Callable[..., Reply]


def send(
    alerts: Alerts, id: str, body: bytes, *, now: float, request: Request = http_request.request
) -> Reply:
    """
    POST the JSON *body* of the message *id*; signed if there is a secret.

    Args:
        now: Seconds since 1970.

    Raises:
        OutgoingError: No answer in time.
    """
    headers = {"Content-Type": "application/json; charset=utf-8"}
    if alerts.secret:
        at = datetime.fromtimestamp(now, UTC)
        headers |= signed_headers(key_of(alerts.secret), id, body, now=at)
    address, secret = Address(alerts.url), alerts.secret or ""
    return request("POST", address, body=body, headers=headers, secret=secret)


class Sender:
    """
    Sends one message at a time, and waits longer after each failure.

    Args:
        request: As ``http_request.request``.
    """

    def __init__(self, request: Request = http_request.request) -> None:
        self._request = request
        self._failures = 0
        self._next = 0.0

    def may_send(self, now: float) -> bool:
        """Tell whether the wait after the last failure is over; *now*: monotonic seconds."""
        return now >= self._next

    def send(self, alerts: Alerts, id: str, body: bytes, *, at: float, now: float) -> str:
        """
        Send a message; return why it was not taken, without secrets, or "".

        Args:
            at: Seconds since 1970.
            now: Monotonic seconds.
        """
        try:
            reply = send(alerts, id, body, now=at, request=self._request)
        except OutgoingError as error:
            return self._failed(str(error), None, now)
        if not reply.is_success:
            reason = f"POST {Address(alerts.url)}: {reply}"
            return self._failed(reason, reply.retry_after, now)
        self._failures, self._next = 0, 0.0
        return ""

    def _failed(self, reason: str, asked: float | None, now: float) -> str:
        wait = min(LAST, FIRST * 2.0 ** min(self._failures, 10))
        self._failures += 1
        self._next = now + max(wait, min(asked or 0.0, PATIENT))
        return reason
