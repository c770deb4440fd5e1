"""The list of records, and the search in it: by key in any case, by prefix, or by item id."""

from __future__ import annotations

import re
import time
from collections.abc import Collection as Names
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from service.operate.page import Page
from workers.delivery.context import Context
from workers.store import keys
from workers.store.connection import guarded
from workers.store.item_record import SHOWN
from workers.webflow.item_keys import normal, normal_record

SECONDS: Final = 0.25  # that one request may search; the cursor goes on
_SLICE: Final = 1_000  # keys that the store looks at per read
_CURSOR: Final = re.compile(r"([0-9]{1,19})(?:-([0-9]{1,5}))?")
CURSOR: Final = rf"^{_CURSOR.pattern}\Z"

Record = tuple[str, str]  # collection, record


@dataclass(frozen=True, slots=True)
class _Position:
    """Where a search goes on: the cursor of SCAN, and how many of its matches were shown."""

    scan: int = 0
    shown: int = 0

    @classmethod
    def parse(cls, cursor: str | None) -> _Position:
        found = _CURSOR.fullmatch(cursor or "0")
        return cls(int(found[1]), int(found[2] or 0)) if found else cls()


def search_records(
    context: Context,
    text: str,
    *,
    collections: Names[str],
    cursor: str | None = None,
    limit: int,
    seconds: float = SECONDS,
) -> Page:
    """
    Return the records of *collections* whose key is, or begins with, *text*, whatever its case; and
    the one whose item has the id *text*. Without *text*: all records, in no order.

    A page may be empty and still have a next one: the time was up.

    Args:
        cursor: `Page.next` of the page before; it must match `CURSOR`.
        seconds: Time to search in.

    Raises:
        StoreUnavailable: The store did not answer.
    """
    exact = [*_exact(context, text, collections)] if text else []
    found = [] if cursor else exact[:limit]
    more, rest = _scan(
        context,
        normal(text),
        collections,
        _Position.parse(cursor),
        limit - len(found),
        time.monotonic() + seconds,
        leave_out=exact,
    )
    found += more
    return Page(_shown(context, found), rest)


def _exact(context: Context, text: str, collections: Names[str]) -> Iterator[Record]:
    """Yield the records that *text* names in full: as key, or as item id."""
    client, settings = context.steps.client, context.settings
    asked: list[Record] = []
    with guarded(), client.pipeline(transaction=False) as pipeline:
        for name in sorted(collections):
            own = settings.collections[name]
            pipeline.hget(keys.item_keys(name, settings.copy_of(own)), text)
            for record in dict.fromkeys((normal_record(text, len(own.keys) or 1), text)):
                pipeline.exists(keys.item(name, record))
                asked.append((name, record))
            asked.append((name, ""))
        answers = iter(pipeline.execute())
    for name in sorted(collections):
        by_item = next(answers)
        if by_item is not None:
            yield name, str(by_item)
        while (each := asked.pop(0))[1]:
            if next(answers) and each != (name, by_item):
                yield each


def _scan(
    context: Context,
    text: str,
    collections: Names[str],
    at: _Position,
    limit: int,
    ends: float,
    *,
    leave_out: Iterable[Record],
) -> tuple[list[Record], str | None]:
    """Return up to *limit* records that begin with *text*, and the cursor of the rest."""
    seen = set(leave_out)
    found: list[Record] = []
    pattern, shown = _pattern(text), at.shown
    scan = at.scan
    while True:
        with guarded():
            after, names = context.steps.client.scan(scan, match=pattern, count=_SLICE)
        fits = [each for each in map(_record, names) if _fits(each, text, collections)]
        for number, each in enumerate(fits):
            if number < shown or each in seen:
                continue
            if len(found) == limit:
                return found, f"{scan}-{number}"
            seen.add(each)
            found.append(each)
        scan, shown = int(after), 0
        if not scan:
            return found, None
        if time.monotonic() > ends:
            return found, str(scan)


def _pattern(text: str) -> str:
    """Return a pattern for SCAN that leaves out most keys that do not begin with *text*."""
    start = re.match(r"[\x20-\x7e]*", text)
    letters = (
        f"[{letter.lower()}{letter.upper()}]"
        if letter.isalpha()
        else re.sub(r"(\W)", r"\\\1", letter)
        for letter in (start[0] if start else "")
    )
    any_collection = keys.item("*", "")
    return f"{any_collection}{''.join(letters)}*"


def _record(name: Any) -> Record:
    collection, _, record = keys.rest_of(str(name)).partition(":")
    return collection, record


def _fits(each: Record, text: str, collections: Names[str]) -> bool:
    collection, record = each
    return collection in collections and record.lower().startswith(text.lower())


def _shown(context: Context, found: list[Record]) -> list[dict[str, Any]]:
    client, settings = context.steps.client, context.settings
    with guarded(), client.pipeline(transaction=False) as pipeline:
        for name, record in found:
            copy = settings.copy_of(settings.collections[name])
            pipeline.hget(keys.item(name, record), SHOWN)
            pipeline.hget(keys.item_ids(name, copy), record)
            pipeline.zscore(keys.waiting(name), record)
        answers = iter(pipeline.execute())
    return [
        {
            "collection": name,
            "key": next(answers) or record,
            "item": next(answers),
            "pending": next(answers) is not None,
        }
        for name, record in found
    ]
