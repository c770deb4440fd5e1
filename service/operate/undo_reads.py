"""
What the CMS shows of some records now: by filter, one by one, or by listing the collection,
whichever takes the fewest calls; each call in a slot of the budget.

What was read is remembered for a while: a caller that may not wait for a slot (`Later`) asks again,
and only what is still unread is asked for.

https://developers.webflow.com/data/reference/cms/collection-items/staged-items/list-items
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import KW_ONLY, dataclass, field

from service.reconcile.plan.model import ListedItem
from service.reconcile.state.cms_listing import PAUSE, CmsLister, listed
from service.reconcile.state.cms_schema import schema_of
from workers.config.settings import Collection
from workers.delivery.context import Context
from workers.errors import ReconcileFailed
from workers.webflow.client import PAGE
from workers.webflow.filters import key_filter
from workers.webflow.item_answers import Answer
from workers.webflow.schema import UNKNOWN, Schema

FRESH = 300.0  # s for which an item that was read by itself counts as the one of now
LISTED = 600.0  # s, the same of a listing, whose other pages take a while
MOST_PAGES = 100  # of a listing: what it shows is held in memory
FAILED = 30.0  # s until a request that failed is tried again


class Later(Exception):
    """
    The caller would have to wait, and may not.

    Attributes:
        seconds: Until it may try again.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


def at_once(seconds: float) -> None:
    """Raise `Later`, where `time.sleep` would wait."""
    # A request that failed, and not a slot: each try may take as long as its timeout.
    raise Later(FAILED if seconds >= PAUSE else seconds)


@dataclass(frozen=True, slots=True)
class _Read:
    item: ListedItem | None
    till: float


@dataclass(eq=False)
class CmsItems:
    """
    Reads items of one collection.

    Args:
        by_key: Its records are keys, by which the CMS can filter.
        sleep: Waits for a slot; `at_once`: nobody waits.
        locale: cmsLocaleId of the variants to read; "": the primary ones.

    Raises (every method):
        Later: See *sleep*.
        ReconcileFailed: The CMS refuses, or does not answer.
        StoreUnavailable: The store does not answer.
    """

    context: Context
    collection: Collection
    _: KW_ONLY
    by_key: bool = True
    sleep: Callable[[float], object] = time.sleep
    locale: str = ""
    clock: Callable[[], float] = time.monotonic
    _read: dict[str, _Read] = field(default_factory=dict)
    _offset: int = 0  # of the next page of the listing; 0: none has begun

    def __post_init__(self) -> None:
        self._lister = CmsLister(self.context, self.collection, "item", sleep=self.sleep)
        destination = self.context.settings.destinations[self.collection.destination]
        self._filters = destination.api == "v2" and self.by_key and bool(self.collection.keys)

    @property
    def calls(self) -> int:
        return self._lister.calls

    def close(self) -> None:
        self._lister.close()

    def schema(self) -> Schema:
        """Return the schema, read if it is not known; without fields if it cannot be read."""
        with suppress(ReconcileFailed):
            return schema_of(self.context, self.collection, self.sleep)[0]
        return UNKNOWN

    def of(
        self, ids: Mapping[str, str], schema: Schema, *, more: int = 0, size: int = 0
    ) -> dict[str, ListedItem]:
        """
        Return record → item; those that are not in the CMS are left out.

        Args:
            ids: Record → id of its item.
            more: How many other records are to be read after them.
            size: Items of the collection, as far as known; 0: unknown.
        """
        if self._filters:
            self._filter(ids, schema)
        left = self._unread(ids)
        pages, needed = -(-size // PAGE), len(left) + (0 if self._filters else more)
        if self._offset or (left and 0 < pages < min(needed, MOST_PAGES)):
            self._list()
            left = self._unread(ids)
        for id in left.values():
            self._keep(self._lister.item(id, self.locale), FRESH)
            self._read.setdefault(id, _Read(None, self.clock() + FRESH))
        found = {record: self._read[id].item for record, id in ids.items()}
        return {record: item for record, item in found.items() if item is not None}

    def _unread(self, ids: Mapping[str, str]) -> dict[str, str]:
        now = self.clock()
        self._read = {id: read for id, read in self._read.items() if read.till > now}
        return {record: id for record, id in ids.items() if id not in self._read}

    def _filter(self, ids: Mapping[str, str], schema: Schema) -> None:
        """Read what the CMS finds by the keys; it need not find all, nor answer at all."""
        left = list(self._unread(ids))
        while left and self._filters:
            asked = key_filter(self.collection, left, None, schema)
            if not asked.asked:
                return
            where = {"cmsLocaleId": self.locale} if self.locale else {}
            answer = self._lister.filtered({**asked.query, **where})
            # What is no answer to the filter shows items all the same, but not those asked for.
            self._filters = answer.status == 200 and asked.outcome(answer) == "page"
            self._keep(answer, FRESH)
            left = [record for record in left if record not in asked.asked]

    def total(self) -> int:
        """Return how many items the collection has."""
        answer = self._lister.page(0)
        self._keep(answer, FRESH)
        return answer.total or 0

    def _list(self) -> None:
        while self._offset < MOST_PAGES * PAGE:
            answer = self._lister.page(self._offset, self.locale)
            self._keep(answer, LISTED)
            shown = len(answer.variants)
            self._offset += shown
            if not shown or self._offset >= (answer.total or 0):
                break
        self._offset = 0

    def _keep(self, answer: Answer, seconds: float) -> None:
        till = self.clock() + seconds
        for view in answer.variants if self.locale else answer.items.values():
            self._read[view.id] = _Read(listed(view), till)
