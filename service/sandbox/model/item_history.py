"""
The history of a collection's items, for lists that lag behind.

https://developers.webflow.com/data/reference/cms/collection-items/staged-items/list-items
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from service.sandbox.model.records import Item


class ItemHistory:
    """
    The state before each change of a collection, as far back as its lists lag.

    Args:
        now: The site's clock.
        lag: Seconds; 0: nothing is remembered.
    """

    def __init__(self, now: Callable[[], datetime], lag: Callable[[], float]) -> None:
        self._now = now
        self._lag = lag
        # time, locale, id, and the item before the change or None
        self._before: deque[tuple[datetime, str, str, Item | None]] = deque()

    def keep(self, locale: str, id: str, before: Item | None) -> None:
        """Remember an item before a change; None: it is new."""
        seconds = self._lag()
        if not seconds:
            self._before.clear()
            return
        now = self._now()
        self._before.append((now, locale, id, replace(before) if before is not None else None))
        while self._before[0][0] <= now - timedelta(seconds=seconds):
            self._before.popleft()

    def __len__(self) -> int:
        return len(self._before)

    def items(self, locale: str, current: Mapping[str, Item]) -> dict[str, Item]:
        """Return the earlier state of the *current* items of *locale*."""
        since = self._now() - timedelta(seconds=self._lag())
        found = dict(current)
        for at, where, id, before in reversed(self._before):
            if at <= since or where != locale:
                continue
            if before is None:
                found.pop(id, None)
            else:
                found[id] = before
        return found
