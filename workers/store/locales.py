"""
The locales of sites and the variants of items, in the store.

`keys.site`, `keys.variants` and ``locales.lua``, used only if a collection or mapping writes more
than the primary locale. Locales are read once a day by GET /sites; variants by listing all other
locales, page by page.
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

AGAIN_MS = 300_000  # before locales that could not be read are requested again
SOON_MS = 10_000  # the same, if there was no answer
LIST_EVERY = 30.0  # s between listings of variants that items wait for
SHARE = 10  # one request in so many is for such a listing


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the locales of a collection's site."""

    locales: tuple[Locale, ...] | None = None  # the primary one first; None: not read
    failed: str = ""  # reason of the last failure
    sites: tuple[Site, ...] = ()  # candidates, while the site is unknown
    turn: int = 0  # index of the site to ask next


class Locales:
    """Every method raises StoreUnavailable if the store does not answer."""

    def __init__(self, steps: Steps, settings: Settings) -> None:
        self.steps = steps
        self.settings = settings

    def known(self, collection: Collection) -> Known:
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
        """Store the locales of a collection's *site*."""
        pairs = json.dumps([[locale.tag, locale.id] for locale in site.locales])
        read: dict[Any, Any] = {"locales": pairs, "read": lookup.at, "next": lookup.at}
        read["domain"] = site.domain
        self._set(lookup, read, "failed", "sites", "turn")

    def search(self, lookup: Lookup, sites: tuple[Site, ...], turn: int) -> None:
        """Store the *sites* that may have the collection; the one at *turn* is asked next."""
        text = json.dumps(
            [[s.id, [[one.tag, one.id] for one in s.locales], s.domain] for s in sites]
        )
        self._set(lookup, {"sites": text, "turn": turn, "next": lookup.at})

    def fail(self, lookup: Lookup, reason: str, *, soon: bool) -> None:
        """Record why the locales could not be read; known ones stay in use."""
        again = lookup.at + (SOON_MS if soon else AGAIN_MS)
        self._set(lookup, {"failed": reason, "next": again}, "sites", "turn")

    def ingest_page(self, lookup: Lookup, page: Answer | None) -> dict[str, Any]:
        """
        Store one *page* of variants; None: the request failed, and will be repeated.

        Returns:
            ``{"found", "done"}``: *found*: items with a new variant to write.
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


def _site(stored: Any) -> Site:
    id, locales, *domain = stored  # an older release stored no domain
    return Site(id, tuple(Locale(*locale) for locale in locales), *domain)


def _state(view: ItemView) -> str:
    if view.published is None:
        return "staged"
    return "held" if view.draft or view.archived else "live"
