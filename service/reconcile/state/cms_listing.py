"""
Lists a whole collection of the CMS: 100 items a call, each in a slot of the budget.

Every page also updates the index of keys, ids and confirmed values; meanwhile the workers start no
full listing of their own, and its end shows them which items are missing. v2 lists the oldest
first, so that new items come last. v1 can list neither in an order nor one copy: an item created
meanwhile repeats another, and a deleted one hides another, as in v2.

https://developers.webflow.com/data/reference/cms/collection-items/staged-items/list-items
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import datetime
from typing import Protocol

from service.reconcile.plan.model import ListedItem
from service.reconcile.state.cms_schema import take
from workers.config.settings import Collection
from workers.delivery.context import Context
from workers.delivery.reads import CmsReader, summary
from workers.errors import DestinationError, ReconcileFailed
from workers.model.attempts import Lookup
from workers.model.changes import time_version
from workers.store.connection import guarded
from workers.store.rewrites import Repairs
from workers.webflow.client import Client
from workers.webflow.item_answers import Answer, ItemView
from workers.webflow.record_match import RecordKeys

TRIES = 6  # of one page, while the CMS does not answer, or refuses temporarily
PAUSE = 2.0  # s before the second try, doubled for each


@dataclass(frozen=True, slots=True)
class Listing:
    """
    The result of a listing.

    Args:
        whole: It has all items, and none was deleted meanwhile.
        began_ms: The store's clock before its first page.
        since_ms: A request claimed later may have changed its item after that was listed.
    """

    items: int
    calls: int
    whole: bool
    began_ms: int
    since_ms: int


class Side(Protocol):
    """Receives the items of a listing."""

    def add_item(self, record: str | None, item: ListedItem) -> None: ...


@dataclass(eq=False)
class CmsLister:
    """
    Lists one collection.

    Args:
        by: "key", or "item" if events carry the item's id.
        names: Maps shown keys to records.
        on_progress: Called with the number of items so far and in all.
        moved: Called for each page.
        sleep: Waits for a slot.

    Raises (every method):
        ReconcileFailed: A page could not be read.
        StoreUnavailable: The store did not answer.
    """

    context: Context
    collection: Collection
    by: str
    _: KW_ONLY
    names: RecordKeys | None = None
    on_progress: Callable[[int, int | None], object] = lambda *_: None
    moved: Callable[[], object] = lambda: None
    sleep: Callable[[float], object] = time.sleep

    def __post_init__(self) -> None:
        self._destination = self.context.settings.destinations[self.collection.destination]
        self._names = self.names or RecordKeys(self.collection)
        self._reader = CmsReader(self.context)
        self.calls = 0

    def into(self, table: Side | None, began_ms: int = 0, since_ms: int = 0) -> Listing:
        """List everything into *table*; None: only update the index."""
        began_ms = began_ms or self._now_ms()
        seen: set[str] = set()
        newest: str | None = None
        most, shrank, offset, total, at = 0, False, 0, None, None
        try:
            while True:
                page = self.page(offset)
                total, at = page.total, at or page.at
                shrank = shrank or (total or 0) < most
                most = max(most, total or 0)
                for view in page.items.values():
                    if table is not None:
                        table.add_item(self._record(view), listed(view))
                    newest = max(filter(None, (newest, view.created)), default=None)
                seen |= page.items.keys()
                self.context.items.ingest_page(self._as_lookup(offset, began_ms), page)
                offset += len(page.items)
                self.on_progress(len(seen), total)
                if not page.items or offset >= (total if total is not None else offset + 1):
                    break
        except BaseException:
            self.context.items.end_listing(self.collection, began_ms)
            raise
        finally:
            self._reader.close()
        whole = total is not None and not shrank and len(seen) >= total
        if not whole:
            self.context.items.end_listing(self.collection, began_ms)
        else:
            repairs = Repairs(self.context.steps, self.context.settings)
            repairs.listed(self.collection, newest, len(seen), at, began_ms)
        return Listing(len(seen), self.calls, whole, began_ms, since_ms)

    def _record(self, view: ItemView) -> str | None:
        if self.by == "item":
            return view.id
        return self._names.of(view)

    def _as_lookup(self, offset: int, began_ms: int) -> Lookup:
        # Its items are recorded without moving the workers' own listing forward: they wait for its
        # end (lua/lib/listing_schedule.lua).
        name, token = self.collection.name, uuid.uuid4().hex
        return Lookup(name, "index", token, offset, slot=":reconcile", at=began_ms)

    def _now_ms(self) -> int:
        with guarded():
            seconds, micros = self.context.steps.client.time()
        return int(seconds) * 1000 + int(micros) // 1000 + self.context.steps.clock_offset_ms

    def close(self) -> None:
        """Close the connections, if single reads have opened any."""
        self._reader.close()

    def page(self, offset: int, locales: str = "") -> Answer:
        """Return a page of the items, or of their variants in *locales* (cmsLocaleIds, "a,b")."""
        where = {"cmsLocaleId": locales} if locales else None
        return self._read(
            lambda client: client.list_items(self.collection.id, offset=offset, where=where),
            f"its items from {offset} on could not be listed",
        )

    def live_page(self, offset: int) -> Answer:
        return self._read(
            lambda client: client.list_items(self.collection.id, offset=offset, live=True),
            f"its live items from {offset} on could not be listed",
        )

    def live_item(self, id: str) -> Answer:
        """Return the live copy of one item, if any."""
        return self._read(
            lambda client: client.get_item(self.collection.id, id, live=True),
            f"its live item {id} could not be read",
            (200, 404),
            kind="get",
        )

    def item(self, id: str, locale: str = "") -> Answer:
        """Return one item, if any, or its variant in *locale* (cmsLocaleId)."""
        return self._read(
            lambda client: client.get_item(self.collection.id, id, locale=locale),
            f"its item {id} could not be read",
            (200, 404),
            kind="get",
        )

    def filtered(self, query: Mapping[str, str]) -> Answer:
        """Return the first page of the items that match *query*; 400: the CMS refuses it."""
        return self._read(
            lambda client: client.list_items(self.collection.id, where=query),
            "its items could not be looked up",
            (200, 400),
            kind="filter",
        )

    def _read(
        self,
        ask: Callable[[Client], Answer],
        failed: str,
        good: Sequence[int] = (200,),
        kind: str = "list",
    ) -> Answer:
        # A 404 about one item says nothing of the collection.
        paused = None if 404 in good else self.collection
        words = ""
        for tries in range(TRIES):
            if tries:
                self.sleep(PAUSE * 2 ** (tries - 1))
            take(self.context, self.collection, self.sleep)
            outcome = self._reader.ask(
                self._destination,
                ask,
                kind=kind,
                collection=paused,
                refusable=400 in good,
            )
            self.calls += 1
            if isinstance(outcome, Answer) and outcome.status in good:
                self.moved()
                return outcome
            words = summary(outcome)
            if not _passes(outcome):
                break
        raise ReconcileFailed(f"{self.collection.name}: {failed}: {words}")


def _passes(outcome: Answer | DestinationError) -> bool:
    if isinstance(outcome, DestinationError):
        return True
    limited = outcome.status == 429 or (outcome.status == 400 and outcome.code == "RateLimit")
    return limited or outcome.status >= 500


def listed(view: ItemView) -> ListedItem:
    """Return *view* with its times as versions."""
    return ListedItem(
        view.id,
        view.fields,
        _version(view.updated),
        _version(view.published),
        _version(view.created),
        view.archived,
        view.draft,
    )


def _version(text: str | None) -> str | None:
    try:
        return time_version(datetime.fromisoformat(text)) if text else None
    except (ValueError, OverflowError):
        return None
