"""
Webhooks of the site: the registrations, and the queue of deliveries.

https://developers.webflow.com/data/docs/working-with-webhooks
"""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from service.sandbox.webhooks.events import Event, Listener
from service.sandbox.webhooks.payloads import body_of
from service.sandbox.webhooks.registrations import RETRY_SECONDS, Registration

RETRIES = 3
QUEUED = 10_000  # deliveries at most; more are dropped and counted


@dataclass(slots=True)
class Delivery:
    """A body on its way to one hook; *attempt* counts from 1."""

    hook: Registration
    body: bytes
    attempt: int = 1


class Hooks:
    """
    The registrations, and a queue of deliveries that a ``WebhookSender`` takes from.

    It has its own lock, so that deliveries do not need the site's.

    Args:
        ids: ``siteId`` and ``workspaceId``.
        watch: Called at the first registration, to have ``listen`` called from then on.

    ``retry_seconds`` is the wait before each of RETRIES further attempts.
    """

    def __init__(
        self,
        ids: Mapping[str, str],
        watch: Callable[[Listener], None],
    ) -> None:
        self.retry_seconds = RETRY_SECONDS
        self._ids = ids
        self._watch = watch
        self._watching = False
        self._changed = threading.Condition()
        self.registrations: dict[str, Registration] = {}
        self._waiting: list[tuple[float, int, Delivery]] = []
        self._numbers = count()
        self._closed = False

    def put(self, hook: Registration) -> None:
        """Add a registration unchanged, replacing one with the same id."""
        with self._changed:
            self.registrations[hook.id] = hook
            watching, self._watching = self._watching, True
        if not watching:
            self._watch(self.listen)

    def remove(self, id: str) -> bool:
        """Remove a registration and its waiting deliveries; False: there is none."""
        with self._changed:
            hook = self.registrations.pop(id, None)
            self._forget(hook)
            return hook is not None

    def __iter__(self) -> Iterator[Registration]:
        return iter(list(self.registrations.values()))

    def listen(self, event: Event) -> None:
        """Queue the deliveries of *event*; see ``Site.watch``."""
        hooks = [one for one in self if one.active and one.trigger == event.trigger]
        body = body_of(event, self._ids) if hooks else b""
        with self._changed:
            for hook in hooks:
                hook.triggered = event.at
                if len(self._waiting) < QUEUED:
                    self._push(Delivery(hook, body), 0.0)
                else:
                    hook.dropped += 1

    def take(self) -> Delivery | None:
        """Return the next delivery once it is due, or None once the site has closed."""
        with self._changed:
            while not self._closed:
                wait = self._waiting[0][0] - time.monotonic() if self._waiting else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._waiting)[2]
                self._changed.wait(wait)
        return None

    def settle(self, delivery: Delivery, status: int) -> None:
        """Record the answer of an attempt: 200 is success, anything else has RETRIES more."""
        hook = delivery.hook
        with self._changed:
            hook.status = status
            if status == 200:
                hook.delivered += 1
                return
            hook.failed += 1
            if delivery.attempt <= RETRIES:
                self._push(Delivery(hook, delivery.body, delivery.attempt + 1), self.retry_seconds)
                return
            hook.active = False
            self._forget(hook)

    def close(self) -> None:
        """Make ``take`` return None, now and from now on."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def as_list(self) -> list[dict[str, Any]]:
        """Return the registrations, without their secrets."""
        waiting = [one[2].hook.id for one in list(self._waiting)]
        keys = ("id", "trigger", "url", "active", "delivered", "failed", "dropped", "status")
        return [
            {key: getattr(hook, key) for key in keys} | {"waiting": waiting.count(hook.id)}
            for hook in self
        ]

    def _forget(self, hook: Registration | None) -> None:
        self._waiting = [one for one in self._waiting if one[2].hook is not hook]
        heapq.heapify(self._waiting)

    def _push(self, delivery: Delivery, wait: float) -> None:
        entry = (time.monotonic() + wait, next(self._numbers), delivery)
        heapq.heappush(self._waiting, entry)
        self._changed.notify_all()
