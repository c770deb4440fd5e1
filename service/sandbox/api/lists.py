"""
Lists of items: filters, order and pages.

https://developers.webflow.com/data/reference/cms/collection-items/staged-items/list-items
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from service.sandbox.api.filters import Row, Test, field_orders, field_tests
from service.sandbox.fields.values import parse_time
from service.sandbox.model.records import Item
from service.sandbox.model.refusals import shape
from service.sandbox.model.schema import Field

PAGE = 100  # items

_NEVER = datetime.min.replace(tzinfo=UTC)
_TIMES: dict[str, Callable[[Row], datetime]] = {
    "createdOn": lambda row: row[0].created,
    "lastUpdated": lambda row: row[1].updated,
    "lastPublished": lambda row: row[0].published or _NEVER,
}
_KEYS: dict[str, Callable[[Row], Any]] = {
    **_TIMES,
    "name": lambda row: row[1].fields["name"],
    "slug": lambda row: row[1].fields["slug"],
}


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list; *total* counts the filtered items."""

    items: list[Item]
    limit: int
    offset: int
    total: int


def page(
    items: Iterable[Item],
    query: Mapping[str, str],
    *,
    fields: Mapping[str, Field] | None = None,
    live: bool = False,
) -> Page:
    """
    Return the page that *query* asks for; newest first without an order.

    Args:
        fields: The schema, if the list can be filtered and sorted by field.
        live: Use the live copies.

    Raises:
        Refused: A parameter is invalid.
    """
    limit = _integer(query, "limit", PAGE, 1, PAGE)
    offset = _integer(query, "offset", 0, 0, None)
    tests = [*_filters(query), *field_tests(query, fields or {})]
    rows = [
        row
        for row in ((item, item.live if live and item.live else item.staged) for item in items)
        if all(test(row) for test in tests)
    ]
    _sort(rows, query, fields or {})
    items = [item for item, _ in rows[offset : offset + limit]]
    return Page(items, limit, offset, len(rows))


def _sort(rows: list[Row], query: Mapping[str, str], fields: Mapping[str, Field]) -> None:
    by = query.get("sortBy", "createdOn")
    if by not in _KEYS:
        known = ", ".join(_KEYS)
        raise shape(f"Value (sortBy) should be equal to one of the allowed values: {known}")
    order = query.get("sortOrder", "asc" if "sortBy" in query else "desc")
    if order not in ("asc", "desc"):
        raise shape("Value (sortOrder) should be equal to one of the allowed values: asc, desc")
    rows.sort(key=lambda row: (_KEYS[by](row), row[0].id), reverse=order == "desc")
    # Sorted by the first field last: the sort is stable.
    for key, reverse in reversed(field_orders(query, fields)):
        rows.sort(key=key, reverse=reverse)


def _filters(query: Mapping[str, str]) -> list[Test]:
    tests = [_equals(slug, query[slug]) for slug in ("name", "slug") if slug in query]
    for name, read in _TIMES.items():
        for sign, bound in (("gte", 1), ("lte", -1)):
            if (parameter := f"{name}[{sign}]") in query:
                tests.append(_bounded(read, _moment(query, parameter), bound))
    return tests


def _equals(slug: str, value: str) -> Callable[[Row], bool]:
    return lambda row: row[1].fields.get(slug) == value


def _bounded(read: Callable[[Row], datetime], limit: datetime, sign: int) -> Callable[[Row], bool]:
    if sign > 0:
        return lambda row: read(row) >= limit
    return lambda row: read(row) <= limit


def _moment(query: Mapping[str, str], name: str) -> datetime:
    try:
        return parse_time(query[name])
    except (OverflowError, ValueError):
        raise shape(f'Value ({name}) should match format "date-time"') from None


def _integer(
    query: Mapping[str, str], name: str, default: int, least: int, most: int | None
) -> int:
    text = query.get(name, str(default))
    # Eighteen digits: no offset is longer, and Python refuses to read thousands.
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise shape(f"Value ({name})'s type should be integer")
    value = int(text)
    if value < least:
        raise shape(f"Value ({name}) should be >= {least}")
    if most is not None and value > most:
        raise shape(f"Value ({name}) should be <= {most}")
    return value
