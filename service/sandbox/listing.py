"""
Lists of items: filters, order and pages.

https://developers.webflow.com/data/reference/cms/collection-items/staged-items/list-items
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from service.sandbox.records import Item
from service.sandbox.refusals import shape
from service.sandbox.values import parse_time

PAGE = 100  # items

_NEVER = datetime.min.replace(tzinfo=UTC)
_TIMES: dict[str, Callable[[Item], datetime]] = {
    "createdOn": lambda item: item.created,
    "lastUpdated": lambda item: item.staged.updated,
    "lastPublished": lambda item: item.published or _NEVER,
}
_KEYS: dict[str, Callable[[Item], Any]] = {
    **_TIMES,
    "name": lambda item: item.staged.fields["name"],
    "slug": lambda item: item.staged.fields["slug"],
}


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list; *total* counts what the filters leave."""

    items: list[Item]
    limit: int
    offset: int
    total: int


def page(items: Iterable[Item], query: Mapping[str, str]) -> Page:
    """
    Return the page that *query* asks for; newest first where it names no order.

    Raises:
        Refused: a parameter cannot be read.
    """
    limit = _integer(query, "limit", PAGE, 1, PAGE)
    offset = _integer(query, "offset", 0, 0, None)
    found = [item for item in items if all(test(item) for test in _filters(query))]
    by = query.get("sortBy", "createdOn")
    if by not in _KEYS:
        raise shape(f"Value (sortBy) should be equal to one of the allowed values: {list(_KEYS)}")
    order = query.get("sortOrder", "asc" if "sortBy" in query else "desc")
    if order not in ("asc", "desc"):
        raise shape("Value (sortOrder) should be equal to one of the allowed values: asc, desc")
    found.sort(key=lambda item: (_KEYS[by](item), item.id), reverse=order == "desc")
    return Page(found[offset : offset + limit], limit, offset, len(found))


def _filters(query: Mapping[str, str]) -> list[Callable[[Item], bool]]:
    tests = [_equals(slug, query[slug]) for slug in ("name", "slug") if slug in query]
    for name, read in _TIMES.items():
        for sign, bound in (("gte", 1), ("lte", -1)):
            if (parameter := f"{name}[{sign}]") in query:
                tests.append(_bounded(read, _moment(query, parameter), bound))
    return tests


def _equals(slug: str, value: str) -> Callable[[Item], bool]:
    return lambda item: item.staged.fields.get(slug) == value


def _bounded(
    read: Callable[[Item], datetime], limit: datetime, sign: int
) -> Callable[[Item], bool]:
    if sign > 0:
        return lambda item: read(item) >= limit
    return lambda item: read(item) <= limit


def _moment(query: Mapping[str, str], name: str) -> datetime:
    try:
        return parse_time(query[name])
    except ValueError:
        raise shape(f'Value ({name}) should match format "date-time"') from None


def _integer(
    query: Mapping[str, str], name: str, default: int, least: int, most: int | None
) -> int:
    text = query.get(name, str(default))
    if not text.isascii() or not text.isdigit():
        raise shape(f"Value ({name})'s type should be integer")
    value = int(text)
    if value < least:
        raise shape(f"Value ({name}) should be >= {least}")
    if most is not None and value > most:
        raise shape(f"Value ({name}) should be <= {most}")
    return value
