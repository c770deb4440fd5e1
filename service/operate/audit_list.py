"""The audit list: who changed what by hand, with filters."""

from __future__ import annotations

import re
from typing import Any, Final

from service.operate.page import FilterInvalid, Page
from workers.delivery.context import Context
from workers.store.audit import Audit

SCANNED: Final = 2000  # entries read for one page
_READ: Final = 200
_CURSOR: Final = re.compile(r"[0-9]{1,15}-[0-9]{1,15}")


def list_audit(
    context: Context,
    *,
    by: str | None = None,
    action: str | None = None,
    target: str | None = None,
    cursor: str | None = None,
    limit: int,
) -> Page:
    """
    Return entries, newest first, each ``{id, at, by, action, target, figures}``.

    A page with filters may have fewer entries than *limit* although it is not the last: no more
    than `SCANNED` are read for it.

    Args:
        by, action: Exactly so.
        target: A part of it.
        cursor: As an earlier call returned it.

    Raises:
        FilterInvalid: The cursor is no cursor.
        StoreUnavailable: The store does not answer.
    """
    if cursor is not None and not _CURSOR.fullmatch(cursor):
        raise FilterInvalid(repr(cursor), "`next` of the page before", "use it as it came")
    audit, items, read = Audit(context.steps), list[dict[str, Any]](), 0
    filtered = any((by, action, target))
    while read < SCANNED:
        part, cursor = audit.list(cursor, _READ if filtered else limit)
        read += len(part)
        for entry in part:
            if _fits(entry, by, action, target):
                items.append(entry)
            if len(items) == limit:
                more = cursor is not None or entry is not part[-1]
                return Page(items, entry["id"] if more else None)
        if cursor is None:
            break
    return Page(items, cursor)


def _fits(entry: dict[str, Any], by: str | None, action: str | None, target: str | None) -> bool:
    return (
        by in (None, entry["by"])
        and action in (None, entry["action"])
        and (target is None or target.casefold() in entry["target"].casefold())
    )
