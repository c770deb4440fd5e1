"""Pages of records out of a list of the store, with filters on what each page shows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Protocol, TypeVar

from service.operate.page import FilterInvalid
from service.operate.record_hits import AT_ONCE, UNKNOWN, Record, read_hits
from service.operate.record_rests import STATES
from workers.delivery.context import Context

SECONDS: Final = 0.05  # of one request: a page may be short, or empty, and still have a next one
ANY: Final = "any"
ATTENTION: Final = "attention"  # what needs a person
CHOICES: Final = (ATTENTION, ANY, *STATES, UNKNOWN)


class Entry(Protocol):
    """An entry of a list."""

    @property
    def record(self) -> Record: ...
    def cursor(self, looked: int) -> str:
        """Return where a page goes on behind it, the *looked*-th entry of the list."""


_E = TypeVar("_E", bound=Entry)


@dataclass(frozen=True, slots=True)
class Filters:
    """
    What a list shows.

    Args:
        state: One of `CHOICES`; `ATTENTION` chooses the list, and shows all of it.
        source: That has given one of the values.

    Raises:
        FilterInvalid: There is no such state.
    """

    state: str = ANY
    source: str | None = None

    def __post_init__(self) -> None:
        if self.state not in CHOICES:
            expected = f"one of {', '.join(CHOICES)}"
            raise FilterInvalid(repr(self.state), expected, "correct the state")

    def show(self, hit: dict[str, Any]) -> bool:
        by_state = self.state in (ANY, ATTENTION, hit["state"])
        return by_state and self.source in (None, *hit["sources"])


@dataclass(frozen=True, slots=True)
class Part:
    """
    What a page shows of a list.

    Args:
        items: Records, as `read_hits` shows them.
        next: The cursor of the next page, if any.
        looked: Entries of the list up to there, those of the pages before among them.
    """

    items: list[dict[str, Any]]
    next: str | None
    looked: int


def read_page(
    context: Context,
    entries: Iterable[_E],
    shows: Callable[[_E, dict[str, Any]], bool],
    limit: int,
    looked: int,
) -> Part:
    """
    Return up to *limit* records of *entries*, each once, of those that are read in `SECONDS`.

    *shows*: whether an entry is shown, by what `read_hits` says of its record; *looked*: entries of
    the pages before.
    """
    items: list[dict[str, Any]] = []
    last: str | None = None
    shown: set[Record] = set()
    ends = time.monotonic() + SECONDS
    for part in _parts(iter(entries), min(AT_ONCE, limit + 1)):
        if last and time.monotonic() > ends:
            return Part(items, last, looked)
        hits = read_hits(context, [*dict.fromkeys(each.record for each in part)])
        for each in part:
            hit = hits.get(each.record)
            if hit and each.record not in shown and shows(each, hit):
                if len(items) == limit:
                    return Part(items, last, looked)
                items.append(hit)
                shown.add(each.record)
            looked += 1
            last = each.cursor(looked)
    return Part(items, None, looked)


def _parts(entries: Iterator[_E], first: int) -> Iterator[list[_E]]:
    size = first
    while part := list(islice(entries, size)):
        yield part
        size = AT_ONCE
