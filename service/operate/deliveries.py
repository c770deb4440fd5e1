"""Deliveries: what came, how it was answered, what became of it; and once more, if asked."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from service.config.build import Configuration
from service.operate.delivery_entry import DeliveryEntries
from service.operate.delivery_page import show_delivery as show_delivery
from service.operate.delivery_replay import DeliverySelection as DeliverySelection
from service.operate.delivery_replay import replay_deliveries as replay_deliveries
from service.operate.delivery_replay import start_replay as start_replay
from service.operate.delivery_selection import OUTCOMES as OUTCOMES
from service.operate.delivery_selection import DeliveryFilter, look_through
from service.operate.page import FilterInvalid, Page
from service.operate.scope import Scope
from workers.delivery.context import Context
from workers.store.delivery_list import DeliveryList, Looked, Position

LIMIT: Final = 50
SECONDS: Final = 1.0  # that one page may take; the cursor goes on
_NUMBER: Final = re.compile("[0-9]{1,18}")


def list_deliveries(
    context: Context,
    *,
    source: str | None = None,
    outcome: str | None = None,
    key: str | None = None,
    since: datetime | timedelta | None = None,
    cursor: str | None = None,
    limit: int = LIMIT,
    scope: Scope | None = None,
    configuration: Configuration | None = None,
    seconds: float = SECONDS,
    clock: Callable[[], float] = time.monotonic,
    told: Callable[[int], object] = lambda _: None,
) -> Page:
    """
    List deliveries, newest first.

    A page may be short, or empty, and still have a next one: the time was up.

    Args:
        key: Of a record, as it came or in normal form.
        since: Aware, or how long ago.
        cursor: `Page.next` of the page before.
        scope: What may be seen; None: everything.
        configuration: To map what does not tell its keys; None: that of this process.
        seconds: Time to look in.
        told: Called with how many more entries were looked at.

    Raises:
        FilterInvalid: There is no such source or outcome, or the cursor is no cursor.
        StoreUnavailable: The store does not answer.
    """
    ends = clock() + seconds
    until = _position(cursor) if cursor else None
    chosen = DeliveryFilter(source, outcome, key, since, until)
    items: list[dict[str, Any]] = []
    for each in look_through(DeliveryEntries(context, configuration, scope), chosen):
        if isinstance(each, Looked):
            told(each.entries)
            if clock() > ends:
                return Page(items, _cursor(each.position))
        elif len(items) == limit:
            return Page(items, _cursor(until) if until else None)
        else:
            items.append(each.as_dict())
            until = each.position
    return Page(items)


def unlisted_refusals(context: Context) -> dict[str, int]:
    """Return source → refused requests that are in no entry, because there were too many."""
    listed = DeliveryList(context.steps)
    found = {name: listed.unlisted(name) for name in DeliveryEntries(context).sources}
    return {name: times for name, times in found.items() if times}


def _cursor(position: Position) -> str:
    return f"{position.ms}.{position.number}.{position.kind}.{position.source}"


def _position(cursor: str) -> Position:
    parts = cursor.split(".", 3)
    if len(parts) < 4 or not all(map(_NUMBER.fullmatch, parts[:2])):
        raise FilterInvalid(repr(cursor), "`next` of the page before", "use it as it came")
    return Position(int(parts[0]), int(parts[1]), parts[2], parts[3])
