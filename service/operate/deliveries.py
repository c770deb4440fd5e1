"""Deliveries: what came, how it was answered, what became of it; and once more, if asked."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from service.config.build import Configuration
from service.operate.delivery_entry import DeliveryEntries
from service.operate.delivery_page import show_delivery as show_delivery
from service.operate.delivery_replay import DeliverySelection as DeliverySelection
from service.operate.delivery_replay import replay_deliveries as replay_deliveries
from service.operate.delivery_replay import start_replay as start_replay
from service.operate.delivery_selection import OUTCOMES as OUTCOMES
from service.operate.delivery_selection import select_deliveries
from service.operate.page import FilterInvalid, Page
from service.operate.scope import Scope
from workers.delivery.context import Context
from workers.store.delivery_list import DeliveryList, Position

LIMIT: Final = 50
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
) -> Page:
    """
    List deliveries, newest first.

    Args:
        key: Of a record, as it came or in normal form.
        since: Aware, or how long ago.
        cursor: `Page.next` of the page before.
        scope: What may be seen; None: everything.
        configuration: To map what does not tell its keys; None: that of this process.

    Raises:
        FilterInvalid: There is no such source or outcome, or the cursor is no cursor.
        StoreUnavailable: The store does not answer.
    """
    until = _position(cursor) if cursor else None
    found = select_deliveries(
        DeliveryEntries(context, configuration, scope),
        source=source,
        outcome=outcome,
        key=key,
        since=since,
        until=until,
    )
    chosen = list(islice(found, limit + 1))
    more = chosen[limit - 1].position if len(chosen) > limit else None
    items = [each.as_dict() for each in chosen[:limit]]
    return Page(items, _cursor(more) if more else None)


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
