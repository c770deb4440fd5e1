"""
One reading of a source, from its first page to its last.

A reading is whole if nothing speaks against it. *Doubts*, each of which lets it update but retire
nothing: a page that could not be read; a record on two pages, or a page that came before: the list
shifted, or the paging does not work; a total that changes, or is not what was read; an answer that
says more follow; an error beside the data.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from service.fetchers.responses import Answer
from service.pulls.feeds import Page, page_of
from service.pulls.pages import Pager, PageRequest
from service.pulls.read_records import ReadRecords
from service.pulls.requester import Requester
from service.reconcile.snapshot.pages import goes_on, sign_of_more, total_in
from workers.config.pull import Pull
from workers.errors import PullFailed

MOST_PAGES: Final = 100_000
MOST_STALE: Final = 20  # pages in a row without a record that is new
_NAMES: Final = 3  # doubts that are told

Ids = Callable[[Any], Sequence[str]]


@dataclass(eq=False)
class Reading:
    """
    What one reading came to.

    Args:
        doubts: Why it may lack records; empty: it is whole.
        validators: ``ETag`` and ``Last-Modified`` of a source of one page.
    """

    records: ReadRecords
    pages: int = 0
    doubts: list[str] = field(default_factory=list)
    validators: Mapping[str, str] = field(default_factory=dict)
    unchanged: bool = False  # 304: nothing has changed since the validators were kept
    failure: PullFailed | None = None  # what ended it

    @property
    def doubt(self) -> str:
        """Why it is not whole; empty: it is."""
        more = len(self.doubts) - _NAMES
        return "; ".join([*self.doubts[:_NAMES], *([f"and {more} more"] if more > 0 else [])])


def read(
    pull: Pull,
    requester: Requester,
    records: ReadRecords,
    ids: Ids,
    *,
    since: str | None = None,
    validators: Mapping[str, str] | None = None,
) -> Reading:
    """
    Read the source into *records*.

    Args:
        ids: Returns the keys that the mappings read in a payload.
        since: See `Pager`.
        validators: Of the last complete reading: if they still hold, one call is all.

    Raises:
        PullFailed: Nothing could be read.
    """
    return _Reader(pull, requester, Reading(records), ids).run(Pager(pull, since), validators or {})


class _Reader:
    def __init__(self, pull: Pull, requester: Requester, reading: Reading, ids: Ids) -> None:
        self._pull, self._requester, self._reading, self._ids = pull, requester, reading, ids
        self._seen: dict[str, int] = {}  # digest of a page → its number
        self._places: set[Any] = set()
        self._count = 0  # records of all pages, as they came
        self._total: int | None = None
        self._stale = 0  # pages since the last record that no earlier page had

    def run(self, pager: Pager, validators: Mapping[str, str]) -> Reading:
        reading = self._reading
        request: PageRequest | None = pager.first()
        headers = _conditions(validators) if not self._pull.page else {}
        while request is not None:
            try:
                request = self._one(pager, request, headers)
            except PullFailed as error:
                if not self._count and not reading.pages:
                    raise
                reading.failure = error
                self._doubt(f"page {reading.pages + 1}: {error}")
                break
        return reading

    def _one(
        self, pager: Pager, request: PageRequest, headers: Mapping[str, str]
    ) -> PageRequest | None:
        """Read a page; return the request for the next one."""
        reading = self._reading
        answer = self._requester.get(request.url, request.body, headers)
        if answer.status == HTTPStatus.NOT_MODIFIED:
            reading.unchanged = True
            return None
        page = page_of(self._pull, answer)
        count, new, repeated = self._take(page, reading.pages + 1)
        reading.pages += 1
        if repeated:
            self._doubt(f"page {reading.pages} repeats page {repeated}: the paging does not go on")
            return None
        self._count += count
        self._stale = 0 if new else self._stale + 1
        if page.doubt:
            self._doubt(f"page {reading.pages}: {page.doubt}")
        self._watch_total(page)
        following = pager.after(request, page, answer, count)
        if following is None:
            self._end(page, answer)
        return self._checked(following)

    def _take(self, page: Page, number: int) -> tuple[int, int, int]:
        """Add the records of *page*; return how many, how many new, and the page it repeats."""
        digest, count, new, doubled = hashlib.sha256(), 0, 0, None
        for payload in page.records:
            text = json.dumps(payload)
            digest.update(text.encode() + b"\n")
            ids = self._ids(payload)
            earlier = self._reading.records.add(text, ids, number)
            doubled = earlier or doubled
            new += earlier is None
            count += 1
        first = self._seen.setdefault(digest.hexdigest(), number) if count else number
        if doubled and first == number:
            key = doubled[0].rpartition("\0")[2]
            self._doubt(f"{key} is on page {doubled[1]} and on page {number}: the list has shifted")
        return count, new, first if first != number else 0

    def _watch_total(self, page: Page) -> None:
        total = total_in(page.beside)
        if total is None:
            return
        if self._total not in (None, total):
            self._doubt(f"the total went from {self._total} to {total}: the list has shifted")
        self._total = total

    def _end(self, page: Page, answer: Answer) -> None:
        """Judge the last page."""
        reading = self._reading
        sign = goes_on(page.beside, self._count)
        if not self._pull.page:
            sign = sign_of_more(page.beside, self._count)
            if not reading.doubts:
                reading.validators = _validators(answer)
        if self._total not in (None, self._count):
            self._doubt(f"the total is {self._total}, and {self._count} records were read")
        elif sign is not None:
            advice = "" if self._pull.page else ": set page"
            self._doubt(f"the last page says that more follow ({sign[0][:40]}){advice}")

    def _checked(self, request: PageRequest | None) -> PageRequest | None:
        """Return *request*, unless it leads nowhere new, or away from the host of the source."""
        if request is None:
            return None
        if not self._requester.same_host(request.url):
            raise PullFailed("the next page is on another host, which is not asked")
        if request.place in self._places:
            self._doubt("the next page is one that was read already: the paging goes in circles")
            return None
        self._places.add(request.place)
        if self._stale >= MOST_STALE:
            # Before those of each of these pages: only the first are told.
            why = f"{MOST_STALE} pages in a row bring no new record: the paging does not end"
            self._reading.doubts.insert(0, why)
            return None
        if self._reading.pages >= MOST_PAGES:
            self._doubt(f"there are more than {MOST_PAGES} pages")
            return None
        return request

    def _doubt(self, why: str) -> None:
        self._reading.doubts.append(why)


def _conditions(validators: Mapping[str, str]) -> dict[str, str]:
    names = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
    return {names[key]: value for key, value in validators.items() if key in names}


def _validators(answer: Answer) -> dict[str, str]:
    return {key: answer.headers[key] for key in ("etag", "last-modified") if key in answer.headers}
