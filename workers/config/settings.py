"""
``instep.toml`` and the environment, as one frozen value.

Unknown keys, wrong types and missing environment variables are all reported at once, by file
and key; a secret is never part of a message or of ``repr``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from workers.errors import Problem


@dataclass(frozen=True, slots=True)
class StoreSettings:
    url: str | None = field(default=None, repr=False)  # REDIS_URL; None: the embedded Valkey
    data: Path = Path(".instep")  # INSTEP_DATA
    durability: str = "always"  # "always", "everysec" or "unverified"
    memory_mb: int = 512  # of the embedded store
    history_mb: int = 64  # MiB of the history; no more than an eighth of the store's memory
    history_days: float = 30.0
    spool_mb: int = 256  # of each web process, under INSTEP_DATA/spool; 0: off

    @property
    def history(self) -> dict[str, int]:
        """How many bytes the history may take, and for how many ms it is kept, as steps take it."""
        return {"bytes": self.history_mb * 2**20, "ms": int(self.history_days * 86_400_000)}


@dataclass(frozen=True, slots=True)
class Destination:
    name: str
    api: str  # "v1" or "v2"
    token: str = field(repr=False)
    base_url: str = "https://api.webflow.com"
    requests_per_minute: int = 60
    live: bool = True
    linger: float = 1.0  # s
    attempts: int = 12
    give_up_hours: float = 24.0
    site: str | None = None  # its id; None: found by a collection, where one is needed
    # What no message of it shows: every token and secret.
    hidden: tuple[str, ...] = field(default=(), repr=False, compare=False)

    @property
    def batch(self) -> int:
        """Items that one request carries: 100 in v2, one in v1."""
        return 100 if self.api == "v2" else 1

    @property
    def budget(self) -> str:
        """Name of the budget: the token's hash, so that destinations may share one."""
        return hashlib.sha256(f"{self.base_url} {self.token}".encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Reconcile:
    """``[collections.NAME.reconcile]``: who wins, what becomes of orphans, and when it runs."""

    policy: str = "source wins"  # or "cms wins", or "report"
    fields: Mapping[str, str] = field(default_factory=dict)  # slug → another policy
    orphans: str = "report"  # or one of RETIREMENTS
    every: float | None = None  # s between two starts
    at: str | None = None  # HH:MM, UTC, each day
    file: str | None = None  # of the snapshot, beside instep.toml
    sql: str | None = field(default=None, repr=False)  # the database's address
    query: str | None = None
    partial: bool = False  # an item that the snapshot lacks is not an orphan


@dataclass(frozen=True, slots=True)
class Guard:
    """``[collections.NAME.guard]``: what a run may do without being asked."""

    at_most: int = 10  # items created, or retired, within the window; or
    percent: float = 5.0  # of the collection
    half_from: int = 3  # from so many on, not half of it, be it less
    window: float = 86_400.0  # s


RETIREMENTS = ("archive", "draft", "unpublish", "delete")


@dataclass(frozen=True, slots=True)
class Collection:
    name: str
    destination: str
    id: str
    # Slug of the item field that holds the source's key; several where each holds a part of it.
    key: str | Sequence[str] | None = None
    missing: str = "dead-letter"  # or "ignore", or "create"
    preflight: bool = True  # values are held against its schema before any call
    locales: str | Sequence[str] = "primary"  # or "all", or tags: the variants that are written
    reconcile: Reconcile = Reconcile()
    guard: Guard = Guard()

    @property
    def keys(self) -> tuple[str, ...]:
        """Slugs of the fields that hold the key, in the order of its parts; none: it has none."""
        return (self.key,) if isinstance(self.key, str) else tuple(self.key or ())

    @property
    def localized(self) -> bool:
        """Whether more than the primary variant of an item is written."""
        return self.locales != "primary"


MAX_BODY = 1_048_576  # bytes, of a source whose sender is not known to send more


@dataclass(frozen=True, slots=True)
class Source:
    name: str
    sender: str
    secrets: tuple[str, ...] = field(default=(), repr=False)  # newest first
    ends: tuple[datetime | None, ...] = ()  # of each secret; none at all: no secret has one
    max_body: int | None = None  # bytes; None: as much as its sender is known to send
    dedupe_hours: float | None = None  # None: as long as its sender wants, 24 where none says
    keep_hours: float = 48.0  # that deliveries are kept to be run again; 0: none is
    keep_mb: int = 16  # MiB that they may take, packed
    url: str | None = None  # the signed URL, where it is not public_url + path
    path_token: str | None = field(default=None, repr=False)
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)  # the sender's own keys
    challenge: str | None = None  # how it is asked whether it is there, if it is at all
    verify_token: str | None = field(default=None, repr=False)  # that hub.challenge comes with
    timezone: str | None = None  # of its times without an offset

    @property
    def marks(self) -> tuple[str, ...]:
        """A short name for each secret, by which it is counted: places shift when one is added."""
        texts = (f"{self.name} {secret}".encode() for secret in self.secrets)
        return tuple(hashlib.sha256(text).hexdigest()[:8] for text in texts)


@dataclass(frozen=True, slots=True)
class Fetcher:
    name: str
    kind: str
    token: str = field(repr=False)
    base_url: str | None = None  # None: the kind's own
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)  # the kind's own keys


@dataclass(frozen=True, slots=True)
class Settings:
    path: Path  # of instep.toml
    store: StoreSettings
    destinations: Mapping[str, Destination]
    collections: Mapping[str, Collection]
    sources: Mapping[str, Source]
    mappings: tuple[str, ...] = ()
    public_url: str | None = None
    admin_token: str | None = field(default=None, repr=False)  # INSTEP_ADMIN_TOKEN
    fetchers: Mapping[str, Fetcher] = field(default_factory=dict)
    warnings: tuple[Problem, ...] = ()  # of keys that will go

    def collections_of(self, destination: str) -> tuple[Collection, ...]:
        """Return the collections that are written through *destination*, by name."""
        return tuple(c for _, c in sorted(self.collections.items()) if c.destination == destination)

    def copy_of(self, collection: Collection) -> str:
        """
        Return a short name for the copy that *collection* means: site address and collection id.

        Item ids and confirmations are statements about one copy; with another id or address in
        instep.toml they no longer hold.
        """
        base = self.destinations[collection.destination].base_url
        return hashlib.sha256(f"{base} {collection.id}".encode()).hexdigest()[:12]

    def hiding_secrets(self) -> Settings:
        """Return these settings, whose destinations know every token and secret to hide it."""
        known = [self.admin_token, *(each.token for each in self.destinations.values())]
        known += [each.token for each in self.fetchers.values()]
        for source in self.sources.values():
            known += [*source.secrets, source.path_token, source.verify_token]
        hidden = tuple(dict.fromkeys(filter(None, known)))
        named = self.destinations.items()
        return replace(self, destinations={n: replace(d, hidden=hidden) for n, d in named})
