"""
Item lookup from key to item id, by filter or listing; the index can be rebuilt from the CMS alone.

The steps: ``listing_schedule.lua``, ``index_page.lua``, ``duplicate_keys.lua``. In v2 a filter asks
for the waiting keys at once (``filters.lua``); keys about which it proves nothing
(``filter_answers.lua``) wait for a listing, as all keys do in v1. The first listing covers the
collection; later ones what was edited since, at most every 30 s while a key waits, or what was
created since, if the edits are too many. In the background, while anything is sent, edits and the
whole collection are listed as well. Each page is a step of its own, on the same budget; after a
crash the listing continues with it.
https://developers.webflow.com/data/reference/cms/collection-items/staged-items/list-items
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from workers.config.settings import Collection, Destination, Settings
from workers.model.attempts import Lookup
from workers.model.item_status import status_of
from workers.store import keys
from workers.store.connection import guarded
from workers.store.outbox import INDEX_EVERY, V1_INDEX_EVERY
from workers.store.scripts import Steps
from workers.store.search_index import SearchIndex
from workers.store.shown_values import Shown, ShownValues
from workers.store.spellings import Spellings
from workers.webflow.filters import KeyFilter, is_numeric, is_odd
from workers.webflow.item_answers import Answer
from workers.webflow.record_match import RecordKeys
from workers.webflow.schema import Schema

PAGE = 100  # items: the maximum of a listing
SCHEMA_TTL = 86_400  # s, unless an answer contradicts the schema
_SCHEMA_TIMES = [  # of the index's hash
    f"schema_{name}" for name in ("read", "arrival", "failed", "next", "doubted")
]
_NEXT_MS = (1000, 2000, 4000, 7000, 10_000)  # between reads of an unchanged schema
_FORGETS_MS = 600_000  # after which these start again
SHARE = 10  # one request in so many is for listings, of each kind
FRESH_EVERY = 600.0  # s between background listings

_log = logging.getLogger(__name__)


class Items:
    """Every method raises StoreUnavailable if the store does not answer."""

    def __init__(self, steps: Steps, settings: Settings) -> None:
        self.steps = steps
        self.settings = settings
        self.spellings = Spellings(steps, settings)
        self._shown = ShownValues(steps)
        self._search = SearchIndex(steps, settings)

    def ingest_page(
        self, lookup: Lookup, page: Answer | None, asked: KeyFilter | None = None
    ) -> dict[str, Any]:
        """
        Index one *page* of a listing; None: the request failed, and the page will be read again.

        Args:
            asked: The filter that *page* answers, if any.

        Returns:
            ``{"found", "missing", "done", "twins", "sweep"}``.
        """
        collection = self.settings.collections[lookup.collection]
        destination = self.settings.destinations[collection.destination]
        items = page.items if page else {}
        names = self.spellings.record_keys(collection, self.schema(collection), items, asked)
        views = tuple(asked.found(names, items.values()) if asked else items.values())
        shown = self._shown.read(collection, pairs := [(names.of(view), view) for view in views])
        more = page is not None and len(items) > 0 and self._more(lookup, page)
        found = self.steps.run(
            "index_page",
            {
                "token": uuid.uuid4().hex,
                "flight": lookup.token,
                "destination": destination.name,
                "collection": collection.name,
                "index": self.settings.copy_of(collection),
                "missing": collection.missing,
                "message": missing_message(collection),
                "began": lookup.at or None,
                "whole": destination.api == "v1",
                "every_ms": int(INDEX_EVERY * 1000),
                "full_ms": int(self._full_every(destination, page) * 1000),
                "page_ms": int(self._page_every(destination) * 1000),
                "rest_ms": int(FRESH_EVERY * 1000),
                "slot": lookup.slot,
                "offset": lookup.offset,
                "at": page.at if page else None,
                "failed": page is None,
                "undo": self.settings.store.undo,
                "items": [
                    *self._entries(names, views, shown),
                    *self.spellings.shown_before(names, lookup),
                ],
                "odd": any(is_odd(names, view) for view in items.values()),
                "numeric": any(is_numeric(collection, view) for view in items.values()),
                "filter": asked and page and _answered(names, asked, page),
                "primary": self._primary(page),
                "next": lookup.offset + len(items) if more else None,
                "total": page.total if page else None,
                "short": not more and not self._is_last(lookup, page),
            },
        )
        self._search.show(collection, pairs)
        for key, item, other in found["twins"] or ():
            told = {"collection": collection.name, "key": key, "item": item, "other": other}
            _log.warning("two items with one key", extra=told)
        if found["sweep"]:
            self._drop_unlisted(collection)
        return found

    def _drop_unlisted(self, collection: Collection) -> None:
        """Forget, in steps, the ids that a whole listing did not show."""
        cursor, gone = "0", 0
        while True:
            answer = self.steps.run(
                "prune_index",
                {
                    "token": uuid.uuid4().hex,
                    "collection": collection.name,
                    "index": self.settings.copy_of(collection),
                    "cursor": cursor,
                },
            )
            cursor, gone = answer["cursor"], gone + answer["gone"]
            if cursor == "0":
                break
        if gone:
            _log.info("items are gone", extra={"collection": collection.name, "items": gone})

    def waits(self, collection: Collection) -> bool:
        """Tell whether keys wait for a listing that no filter can replace."""
        name = collection.name
        with guarded(), self.steps.client.pipeline(transaction=True) as pipeline:
            pipeline.zcard(keys.lookup(name))
            pipeline.zcard(keys.filtered(name))
            pipeline.zcard(keys.wanted(name))
            sought, filtered, wanted = pipeline.execute()
        return bool(sought > filtered or wanted)

    def end_listing(self, collection: Collection, began_ms: int) -> None:
        """
        Record that the reconcile that began then no longer lists: others need not wait for it.
        """
        key = keys.index(collection.name, self.settings.copy_of(collection), "reconcile")
        with guarded():
            if self.steps.client.hget(key, "began") == str(began_ms):
                self.steps.client.delete(key)

    def duplicates(self, collection: Collection) -> dict[str, tuple[str, ...]]:
        """Return key → its items, if there are several, the one that is written first."""
        at = (collection.name, self.settings.copy_of(collection))
        found: dict[str, list[str]] = {}
        with guarded():
            for item, key in self.steps.client.hscan_iter(keys.twins(*at)):
                if key not in found:
                    found[key] = [str(self.steps.client.hget(keys.item_ids(*at), key))]
                found[key].append(item)
        return {key: (first, *sorted(set(more))) for key, (first, *more) in found.items()}

    def schema(self, collection: Collection) -> Schema:
        """Return the schema as last read, without fields if there is none."""
        with guarded(), self.steps.client.pipeline(transaction=True) as pipeline:
            pipeline.get(self._schema_key(collection))
            pipeline.hmget(self._index_key(collection), _SCHEMA_TIMES)
            text, times = pipeline.execute()
        read, arrival, failed, next_at, doubted = (int(at or 0) for at in times)
        fields = {one["slug"]: one for one in json.loads(text or "[]")}
        return Schema(fields, read if text else 0, arrival, failed, next_at, bool(doubted))

    def keep_schema(self, lookup: Lookup, page: Answer | None) -> None:
        """Store the schema that *lookup* read; None: the request failed, and the old one stays."""
        collection = self.settings.collections[lookup.collection]
        key, index = self._schema_key(collection), self._index_key(collection)
        with guarded(), self.steps.client.pipeline(transaction=True) as pipeline:
            if page is None:
                pipeline.hset(index, "schema_failed", lookup.at)
                pipeline.execute()
                return
            text = json.dumps(page.schema)
            at: dict[Any, Any] = {"schema_read": lookup.at, "schema_arrival": lookup.arrival}
            pipeline.set(key, text, ex=SCHEMA_TTL)
            pipeline.hset(index, mapping=at | self._until_next(collection, text, lookup.at))
            pipeline.hset(index, "slug", page.slug)
            pipeline.hdel(index, "schema_doubted")
            pipeline.execute()

    def _until_next(self, collection: Collection, text: str, at: int) -> dict[str, int]:
        """Return the times of the next read: later each time that nothing has changed."""
        client = self.steps.client
        read, same = (
            int(found or 0)
            for found in client.hmget(self._index_key(collection), ["schema_read", "schema_same"])
        )
        if client.get(self._schema_key(collection)) != text:
            return {"schema_next": at, "schema_same": 0}
        same = min(same, len(_NEXT_MS) - 1) if at - read < _FORGETS_MS else 0
        return {"schema_next": at + _NEXT_MS[same], "schema_same": same + 1}

    def drop_schema(self, collection: Collection) -> None:
        """Forget the schema after an answer that contradicts it."""
        with guarded(), self.steps.client.pipeline(transaction=True) as pipeline:
            pipeline.delete(self._schema_key(collection))
            pipeline.hdel(self._index_key(collection), "schema_next")
            pipeline.execute()

    def mark_schema_stale(self, collection: Collection, *, at_once: bool = False) -> None:
        """
        Have the schema read again soon; it stays in use until then.

        *at_once*: an answer contradicted it, so read it even if it was just read.
        """
        with guarded(), self.steps.client.pipeline(transaction=True) as pipeline:
            pipeline.hset(self._index_key(collection), "schema_doubted", 1)
            if at_once:
                pipeline.hdel(self._index_key(collection), "schema_next")
            pipeline.execute()

    def _primary(self, page: Answer | None) -> str | None:
        """Return the locale of the listing, if CMS events may name other locales."""
        told = any(source.sender == "webflow" for source in self.settings.sources.values())
        views = page.variants if page and told else ()
        return next((view.locale for view in views if view.locale), None)

    def _index_key(self, collection: Collection) -> str:
        return keys.index(collection.name, self.settings.copy_of(collection))

    def _schema_key(self, collection: Collection) -> str:
        return keys.schema(collection.name, self.settings.copy_of(collection))

    def _more(self, lookup: Lookup, page: Answer) -> bool:
        if page.total is None:
            return len(page.items) >= PAGE
        return lookup.offset + len(page.items) < page.total

    def _is_last(self, lookup: Lookup, page: Answer | None) -> bool:
        """Tell whether *page* ends the listing; without a total it does not."""
        if page is None or page.total is None:
            return False
        return lookup.offset + len(page.items) >= page.total

    def _full_every(self, destination: Destination, page: Answer | None) -> float:
        """Return the seconds between whole listings: a share of the budget; fixed in v1."""
        if destination.api == "v1":
            return V1_INDEX_EVERY
        pages = -(-((page.total if page else None) or 0) // PAGE)
        return max(INDEX_EVERY, pages * self._page_every(destination))

    def _page_every(self, destination: Destination) -> float:
        """Return the seconds per page that are one collection's share of a budget."""
        sharing = sum(
            collection.key is not None
            for collection in self.settings.collections.values()
            if self.settings.destinations[collection.destination].budget == destination.budget
        )
        return SHARE * max(1, sharing) * 60 / destination.requests_per_minute

    def _entries(
        self, names: RecordKeys, items: Any, shown: Mapping[str, Shown]
    ) -> Iterator[dict[str, Any]]:
        for item in items:
            yield {
                **({"values": shown[item.id]} if item.id in shown else {}),
                "key": names.of(item),
                "id": item.id,
                "updated": item.updated,
                "created": item.created,
                "status": status_of(item),
            }


def missing_message(collection: Collection) -> str:
    """Return the message for a key without an item, up to the key."""
    return f"no item of {collection.name} has {'|'.join(collection.keys)} = "


def _answered(names: RecordKeys, asked: KeyFilter, page: Answer) -> dict[str, Any]:
    """Return the result of the filter *asked* for ``filter_answers.lua``."""
    refused = page.status >= 400 or not asked.askable
    # Of two keys that a field stores alike, the other is asked for next.
    found = {names.of(view) for view in page.items.values()}
    forms = {names.form(key) for key in found if key is not None}
    return {
        "outcome": "refused" if refused else asked.outcome(page),
        "asked": [key for key in asked.asked if key in found or names.form(key) not in forms],
        "left": list(asked.left),
        "canary": asked.canary is not None,
        "shown": asked.shown(names, page.items.values()),
        "number": asked.number,
        "known": asked.known,
    }
