"""
Send the site's webhooks to their receivers, signed, in a thread of its own.

https://developers.webflow.com/data/docs/working-with-webhooks
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import threading
from collections.abc import Callable

import requests

from service.sandbox.webhooks.queue import Delivery, Hooks

TIMEOUT = 10.0  # seconds; how long the CMS waits is not known

_log = logging.getLogger(__name__)


def signed(secret: str, body: bytes, *, at: float) -> dict[str, str]:
    """Return the headers that sign *body*, sent *at* seconds since 1970."""
    stamp = str(int(at * 1000))
    digest = hmac.new(secret.encode(), f"{stamp}:".encode() + body, hashlib.sha256)
    return {
        "Content-Type": "application/json",
        "x-webflow-timestamp": stamp,
        "x-webflow-signature": digest.hexdigest(),
    }


class WebhookSender:
    """Makes the attempts, one after the other; the order of the events is not guaranteed."""

    def __init__(self, hooks: Hooks, *, now: Callable[[], float], timeout: float = TIMEOUT) -> None:
        self._hooks = hooks
        self._now = now
        self._timeout = timeout

    def start(self) -> threading.Thread:
        """Begin in a thread, which ends when *hooks* are closed."""
        thread = threading.Thread(target=self.run, name="webhooks", daemon=True)
        thread.start()
        return thread

    def run(self) -> None:
        with requests.Session() as session:
            session.trust_env = False
            while delivery := self._hooks.take():
                status = self._attempt(session, delivery)
                self._hooks.settle(delivery, status)
                extra = {"hook": delivery.hook.id, "attempt": delivery.attempt, "status": status}
                if not delivery.hook.active:
                    _log.error("webhook deactivated", extra=extra)
                elif status != 200:
                    _log.warning("webhook failed", extra=extra)

    def _attempt(self, session: requests.Session, delivery: Delivery) -> int:
        # A new time for each attempt: a receiver that refuses times older than five minutes could
        # accept no retry otherwise. What the CMS does is not documented.
        headers = signed(delivery.hook.secret, delivery.body, at=self._now())
        try:
            answer = session.post(
                delivery.hook.url,
                data=delivery.body,
                headers=headers,
                timeout=self._timeout,
                allow_redirects=False,
            )
        except requests.RequestException:
            return 0
        return answer.status_code
