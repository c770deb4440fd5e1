"""The state of the stand-in: one site, its collections, files, tokens, faults and calls."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from service.sandbox.calls import Calls
from service.sandbox.faults import Faults
from service.sandbox.files import Files
from service.sandbox.records import Collection
from service.sandbox.refusals import Refused
from service.sandbox.schema import NAME, SLUG, Field
from service.sandbox.window import Tokens

SITE_ID = "65e000000000000000000002"
LOCALE_ID = "65f0000000000000000000aa"
USER_ID = "Person_5a0000000000000000000001"


class Site:
    """
    Everything the stand-in knows; make one per test, there is no other state.

    Args:
        token: The token that is valid at the start.
        requests_per_minute: Size of each token's window.
        now: The clock, in seconds since 1970; windows and item times go by it.
    """

    def __init__(
        self, *, token: str, requests_per_minute: int = 60, now: Callable[[], float]
    ) -> None:
        self._now = now
        self.lock = threading.RLock()
        self.stopping = threading.Event()
        self.collections: dict[str, Collection] = {}
        self.files = Files(SITE_ID)
        self.tokens = Tokens(token, limit=requests_per_minute, now=now)
        self.faults = Faults(now=now)
        self.calls = Calls(now=now)

    def now(self) -> datetime:
        """Return the time, aware, to the millisecond, as the APIs show it."""
        moment = datetime.fromtimestamp(self._now(), UTC)
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    def collection(self, id: str) -> Collection:
        """
        Return a collection.

        Raises:
            Refused: there is none with this *id*.
        """
        try:
            return self.collections[id]
        except KeyError:
            raise Refused("collection", id) from None

    def add_collection(
        self, name: str, slug: str, fields: Iterable[Field], *, id: str | None = None
    ) -> Collection:
        """Add an empty collection; ``name`` and ``slug`` are part of every one."""
        schema = {one.slug: one for one in (NAME, SLUG, *fields)}
        made = Collection(id or new_id(), name, slug, self.now(), schema)
        self.collections[made.id] = made
        return made

    def has_item(self, collection: str, id: str) -> bool:
        return collection in self.collections and id in self.collections[collection].items


def new_id() -> str:
    """Return an id of the CMS's form: 24 hex digits."""
    return secrets.token_hex(12)
