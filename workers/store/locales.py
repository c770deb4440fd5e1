"""
The locales of a site and the variants of its items, as the store knows them.

They (`keys.site`, `keys.variants`, ``locales.lua``) are read only where a
collection or a mapping writes more than the primary locale: the locales once a day, by GET /sites,
and the variants by listing those of all other locales, a page at a time.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any

from workers.config.settings import Collection, Settings
from workers.model.attempts import Lookup
from workers.store import keys
from workers.store.connection import guarded
from workers.store.scripts import Steps
from workers.webflow.item_answers import Answer, ItemView
from workers.webflow.site import Locale, Site

AGAIN_MS = 300_000  # until locales that could not be read are asked for again
SOON_MS = 10_000  # the same, where nothing was answered
LIST_EVERY = 30.0  # s between two listings of the variants that items wait for
SHARE = 10  # one in so many requests is for such a listing


@dataclass(frozen=True, slots=True)
class Known:
    """
    What is known of the locales of a collection's site.

    Args:
        locales: The primary one first; None: they were not read.
        failed: Why the last answer gave none.
        sites: Those that may have the collection, while it is not known which.
        turn: Whose collections are to be listed next.
    """

    locales: tuple[Locale, ...] | None = None
    failed: str = ""
    sites: tuple[Site, ...] = ()
    turn: int = 0


class Locales:
    """
    Raises (every method):
        StoreUnavailable: The store did not answer.
    """

    def __init__(self, steps: Steps, settings: Settings) -> None:
        self.steps = steps
        self.settings = settings

    def known(self, collection: Collection) -> Known:
        """Return what is known of the site of *collection*."""
        with guarded():
            names = ["locales", "failed", "sites", "turn"]
            locales, failed, found, turn = self.steps.client.hmget(self._key(collection), names)
        pairs = json.loads(locales) if locales else None
        return Known(
            None if pairs is None else tuple(Locale(*pair) for pair in pairs),
            str(failed or ""),
            tuple(_site(each) for each in json.loads(found or "[]")),
            int(turn or 0),
        )

    def keep(self, lookup: Lookup, site: Site) -> None:
        """Keep the locales of the *site* of a collection."""
        pairs = json.dumps([[locale.tag, locale.id] for locale in site.locales])
        read: dict[Any, Any] = {"locales": pairs, "read": lookup.at, "next": lookup.at}
        self._set(lookup, read, "failed", "sites", "turn")

    def search(self, lookup: Lookup, sites: tuple[Site, ...], turn: int) -> None:
        """Keep the *sites* of which one has the collection; that at *turn* is asked next."""
        text = json.dumps([[s.id, [[one.tag, one.id] for one in s.locales]] for s in sites])
        self._set(lookup, {"sites": text, "turn": turn, "next": lookup.at})

    def fail(self, lookup: Lookup, reason: str, *, soon: bool) -> None:
        """Keep why the locales could not be read; what was known of them serves on."""
        again = lookup.at + (SOON_MS if soon else AGAIN_MS)
        self._set(lookup, {"failed": reason, "next": again}, "sites", "turn")

    def ingest_page(self, lookup: Lookup, page: Answer | None) -> dict[str, Any]:
        """
        Take in one *page* of the variants; None: none came, and the same page is asked for again.

        Returns:
            ``{"found", "done"}``: items of which a new variant is to be written.
        """
        collection = self.settings.collections[lookup.collection]
        destination = self.settings.destinations[collection.destination]
        views = page.variants if page else ()
        total = page.total if page else None
        following = lookup.offset + len(views)
        more = bool(views) and (total is None or following < total)
        return self.steps.run(
            "variants",
            {
                "token": uuid.uuid4().hex,
                "flight": lookup.token,
                "destination": destination.name,
                "collection": collection.name,
                "index": self.settings.copy_of(collection),
                "locales": collection.locales if collection.localized else None,
                "offset": lookup.offset,
                "entries": [
                    [view.id, view.locale, _state(view), view.updated]
                    for view in views
                    if view.locale
                ],
                "next": following if more else None,
                "total": total,
                "failed": page is None,
                "outside": lookup.slot == ":reconcile",
                "every_ms": int(LIST_EVERY * 1000),
                "page_ms": SHARE * 60_000 // destination.requests_per_minute,
            },
        )

    def _set(self, lookup: Lookup, values: dict[Any, Any], *gone: str) -> None:
        key = self._key(self.settings.collections[lookup.collection])
        with guarded(), self.steps.client.pipeline(transaction=True) as pipeline:
            pipeline.hset(key, mapping=values)
            if gone:
                pipeline.hdel(key, *gone)
            pipeline.execute()

    def _key(self, collection: Collection) -> str:
        return keys.site(collection.name, self.settings.copy_of(collection))


def _site(pair: Any) -> Site:
    return Site(pair[0], tuple(Locale(*locale) for locale in pair[1]))


def _state(view: ItemView) -> str:
    if view.published is None:
        return "staged"
    return "held" if view.draft or view.archived else "live"
