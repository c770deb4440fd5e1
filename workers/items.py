"""
Item lookup: from key to item id, by listing, kept in the store.

Owns ``instep:ids:…``, ``instep:keys:…``, ``instep:index:…`` and ``instep:schema:…``
(``lua/index.lua``). The first pass lists the collection, oldest first; later ones only what was
created since, at most every 30 s. A page is a step of its own, from the same budget, and a crash
goes on at the same page.
https://developers.webflow.com/data/reference/cms/collection-items/staged-items/list-items
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from workers.answers import Answer, SchemaField
from workers.comparison import key_text
from workers.outbox import INDEX_EVERY, V1_INDEX_EVERY
from workers.scripts import Steps
from workers.settings import Collection, Destination, Settings
from workers.steps import Lookup
from workers.store import guarded

PAGE = 100  # items; the most that a listing gives
SCHEMA_TTL = 86_400  # s; an answer that contradicts the schema drops it earlier


class Items:
    """
    Raises (every method):
        StoreUnavailable: The store did not answer.
    """

    def __init__(self, steps: Steps, settings: Settings) -> None:
        self.steps = steps
        self.settings = settings

    def take_in(self, lookup: Lookup, page: Answer | None) -> dict[str, Any]:
        """
        Take in one *page* of a listing; None: none came, and the pass goes on at the same page.

        Returns:
            ``{"found", "missing", "done"}``.
        """
        collection = self.settings.collections[lookup.collection]
        destination = self.settings.destinations[collection.destination]
        items = page.items if page else {}
        more = page is not None and len(items) > 0 and self._more(lookup, page)
        return self.steps.run(
            "index",
            {
                "token": uuid.uuid4().hex,
                "flight": lookup.token,
                "destination": destination.name,
                "collection": collection.name,
                "index": self.settings.copy_of(collection),
                "missing": collection.missing,
                "message": f"no item of {collection.name} has {collection.key} = ",
                "whole": destination.api == "v1",
                "every_ms": int(INDEX_EVERY * 1000),
                "full_ms": int(self._full_every(destination, page) * 1000),
                "history": self.settings.store.history,
                "failed": page is None,
                "items": list(self._entries(collection, items.values())),
                "next": lookup.offset + len(items) if more else None,
                "total": page.total if page else None,
                "short": not more and not self._is_last(lookup, page),
            },
        )

    def schema(self, collection: Collection) -> list[SchemaField] | None:
        """Return the fields of *collection* as last read, or None."""
        with guarded():
            text = self.steps.client.get(self._schema_key(collection))
        return json.loads(text) if text else None

    def keep_schema(self, collection: Collection, fields: Sequence[SchemaField]) -> None:
        with guarded(), self.steps.client.pipeline(transaction=True) as pipeline:
            pipeline.set(self._schema_key(collection), json.dumps(fields), ex=SCHEMA_TTL)
            pipeline.hdel(self._index_key(collection), "schema_doubted")
            pipeline.execute()

    def drop_schema(self, collection: Collection) -> None:
        """Forget the schema: an answer contradicted it."""
        with guarded():
            self.steps.client.delete(self._schema_key(collection))

    def doubt_schema(self, collection: Collection) -> None:
        """Have the schema read again before long: a label is not in it. It serves until then."""
        with guarded():
            self.steps.client.hset(self._index_key(collection), "schema_doubted", 1)

    def _index_key(self, collection: Collection) -> str:
        return f"instep:index:{collection.name}:{self.settings.copy_of(collection)}"

    def _schema_key(self, collection: Collection) -> str:
        return f"instep:schema:{collection.name}:{self.settings.copy_of(collection)}"

    def _more(self, lookup: Lookup, page: Answer) -> bool:
        if page.total is None:
            return len(page.items) >= PAGE
        return lookup.offset + len(page.items) < page.total

    def _is_last(self, lookup: Lookup, page: Answer | None) -> bool:
        """Tell whether *page* ends the listing; one that says nothing of its length does not."""
        if page is None or page.total is None:
            return False
        return lookup.offset + len(page.items) >= page.total

    def _full_every(self, destination: Destination, page: Answer | None) -> float:
        """Seconds between whole listings: a tenth of the budget at most; ten minutes in v1."""
        if destination.api == "v1":
            return V1_INDEX_EVERY
        pages = -(-((page.total if page else None) or 0) // PAGE)
        return max(INDEX_EVERY, 10 * pages * 60 / destination.requests_per_minute)

    def _entries(self, collection: Collection, items: Any) -> Iterator[dict[str, Any]]:
        for item in items:
            key = key_text(item.fields.get(collection.key or ""))
            if key is not None:
                yield {
                    "key": key,
                    "id": item.id,
                    "updated": item.updated,
                    "created": item.created,
                    "shown": item.published is not None and not (item.draft or item.archived),
                }
