"""The state of the stand-in: one site, its collections, files, tokens, faults and calls."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Collection as Ids
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from service.sandbox.faults.faults import Faults
from service.sandbox.fields.files import Files
from service.sandbox.fields.values import format_time
from service.sandbox.model.calls import Calls
from service.sandbox.model.clock import Clock
from service.sandbox.model.item_history import ItemHistory
from service.sandbox.model.locales import Locales, make_locales
from service.sandbox.model.rate_window import Tokens
from service.sandbox.model.records import Collection, Copy, Item
from service.sandbox.model.refusals import Refused
from service.sandbox.model.rules import Rules
from service.sandbox.model.schema import NAME, SLUG, Field
from service.sandbox.webhooks.events import Event, Listener, NotifyingLock
from service.sandbox.webhooks.queue import Hooks

WORKSPACE_ID = "65e000000000000000000001"
SITE_ID = "65e000000000000000000002"
SUBDOMAIN = "sandbox.webflow.io"
USER_ID = "Person_5a0000000000000000000001"


@dataclass(slots=True)
class Domain:
    """A custom domain, and when the site was last published to it."""

    id: str
    url: str
    published: datetime | None = None

    def as_v2(self) -> dict[str, Any]:
        shown = format_time(self.published) if self.published else None
        return {"id": self.id, "url": self.url, "lastPublished": shown}


class Site:
    """
    The whole state of the stand-in; create one per test.

    Args:
        token: The token that is valid at the start.
        requests_per_minute: Size of each token's window.
        now: Seconds since 1970; windows and item times use ``clock``, which can be offset.

    ``locales`` is None for a site that is not localized, ``published`` for one that was never
    published; ``rules`` are its settings.
    """

    def __init__(
        self, *, token: str, requests_per_minute: int = 60, now: Callable[[], float]
    ) -> None:
        self.clock = Clock(now)
        self.lock = NotifyingLock()
        self.stopping = threading.Event()
        self.collections: dict[str, Collection] = {}
        # By collection, locale and item: the copy that was fully checked, and the schema used.
        self.checked: dict[tuple[str, str, str], tuple[Copy, tuple[Field, ...]]] = {}
        self.histories: dict[str, ItemHistory] = {}  # by collection id
        self.locales: Locales | None = make_locales()
        self.rules = Rules()
        self.created = self.now()
        self.published: datetime | None = self.created
        self.last_publish: float | None = None  # the last allowed publish of the site
        self.domains = [Domain("65e0000000000000000000d1", "www.example.com", self.created)]
        self.files = Files(SITE_ID)
        self.tokens = Tokens(token, limit=requests_per_minute, now=self.clock)
        self.faults = Faults(now=now)
        self.calls = Calls(now=now)
        ids = {"siteId": SITE_ID, "workspaceId": WORKSPACE_ID}
        self.hooks = Hooks(ids, self.watch)
        self.webhooks = self.hooks.registrations

    def now(self) -> datetime:
        """Return the time, aware, truncated to milliseconds as in the APIs."""
        moment = datetime.fromtimestamp(self.clock(), UTC)
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    def require(self, id: str) -> None:
        """Raise Refused if *id* is not this site's."""
        if id != SITE_ID:
            raise Refused("site", id)

    def collection(self, id: str) -> Collection:
        """Return a collection; raises Refused if there is none with this *id*."""
        try:
            return self.collections[id]
        except KeyError:
            raise Refused("collection", id) from None

    def add_collection(
        self, name: str, slug: str, fields: Iterable[Field], *, id: str | None = None
    ) -> Collection:
        """Add an empty collection; ``name`` and ``slug`` are part of every one."""
        made = Collection(id or new_id(), name, slug, self.now(), {})
        for one in (NAME, SLUG, *fields):
            made.put_field(one)
        self._own(made)
        return made

    def adopt(self, collection: Collection, held: Mapping[str, Iterable[str]]) -> None:
        """Add a stored collection, without its items; *held* are slugs by locale."""
        self._own(collection)
        for one in list(collection.fields.values()):
            collection.put_field(one)  # of a state from before fields had ids of their own
        for locale, slugs in held.items():
            collection.variants(locale).held = set(slugs)

    def _own(self, collection: Collection) -> None:
        history = ItemHistory(self.now, lambda: self.rules.filter_lag)
        self.collections[collection.id], self.histories[collection.id] = collection, history
        collection.announce, collection.remember = self._announce, history.keep

    def watch(self, listener: Listener) -> None:
        """
        Call *listener* after every change from now on.

        It runs in the thread of the request, after the lock is released and before the answer, and
        must be quick. Its exceptions are logged.
        """
        self.lock.listeners = (*self.lock.listeners, listener)

    def announce_publish(
        self, domains: Ids[str], *, subdomain: bool, page: str | None = None
    ) -> None:
        """
        Notify the listeners that the site was published.

        Args:
            domains: Ids of the custom domains that it was published to.
            subdomain: Whether it was published to its own subdomain as well.
            page: The only page published; None: the whole site.
        """
        names = [one.url for one in self.domains if one.id in domains]
        names += [SUBDOMAIN] if subdomain else []
        event = Event("site_publish", self.now(), domains=tuple(names), page=page)
        self.lock.announce(event)

    def _announce(
        self, trigger: str, collection: Collection, item: Item, before: Item | None
    ) -> None:
        if self.lock.listeners:
            after = replace(item)  # the item itself may change again
            event = Event(trigger, self.now(), collection, after, item.locale, before)
            self.lock.announce(event)

    def has_item(self, collection: str, id: str, locale: str) -> bool:
        found = self.collections.get(collection)
        return found is not None and id in found.variants(locale).items


def new_id() -> str:
    """Return an id of the CMS's form: 24 hex digits."""
    return secrets.token_hex(12)
