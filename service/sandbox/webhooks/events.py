"""
Announce changes to listeners: after they are finished, once the site's lock is free.

https://developers.webflow.com/data/reference/webhooks/events
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType

from service.sandbox.model.records import Collection, Item

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Event:
    """
    A finished change.

    Args:
        trigger: Webflow's name, such as ``collection_item_changed`` or ``site_publish``.
        collection: None for ``site_publish``.
        item: An unchanging copy of the variant after the change; of a deleted one, the last.
        locale: The ``cmsLocaleId`` of the variant.
        before: The variant before the change, if any.
        domains: What the site was published to.
        page: The only page published; None: the whole site.
    """

    trigger: str
    at: datetime
    collection: Collection | None = None
    item: Item | None = None
    locale: str | None = None
    before: Item | None = None
    domains: tuple[str, ...] = ()
    page: str | None = None


Listener = Callable[[Event], None]


class NotifyingLock:
    """
    The reentrant lock of a site.

    Events announced under the lock reach the listeners when its holder releases it, in order, so
    that no listener runs under the lock.
    """

    def __init__(self) -> None:
        self.listeners: tuple[Listener, ...] = ()
        self._lock = threading.RLock()
        self._depth = 0
        self._events: list[Event] = []

    def __enter__(self) -> None:
        self._lock.acquire()
        self._depth += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._depth -= 1
        events: list[Event] = []
        if not self._depth and self._events:
            events, self._events = self._events, events
        self._lock.release()
        for event in events:
            self._notify(event)

    def announce(self, event: Event) -> None:
        """Pass *event* to the listeners, at once unless the lock is held."""
        with self:
            self._events.append(event)

    def _notify(self, event: Event) -> None:
        for listener in self.listeners:
            try:
                listener(event)
            except Exception:
                _log.exception("a listener failed", extra={"trigger": event.trigger})
