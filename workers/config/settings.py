"""The configuration as one frozen value; secrets are excluded from ``repr``."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from workers.config.pull import Pull
from workers.config.writeback import WriteBack
from workers.errors import Problem


@dataclass(frozen=True, slots=True)
class StoreSettings:
    url: str | None = field(default=None, repr=False)  # REDIS_URL; None: the embedded Valkey
    data: Path = Path(".instep")  # INSTEP_DATA
    durability: str = "always"  # "always", "everysec" or "unverified"
    memory_mb: int = 512  # embedded store only
    history_mb: int = 64  # limited to an eighth of the store's memory
    history_days: float = 30.0
    undo_hours: float = 72.0  # 0: nothing can be undone
    undo_mb: int = 64  # limited to an eighth of the store's memory
    spool_mb: int = 256  # per web process, in INSTEP_DATA/spool; 0: off

    @property
    def lives(self) -> dict[str, int]:
        """Limits of the lives of all records, in bytes and ms, as the Lua steps take them."""
        return {"bytes": self.history_mb * 2**20, "ms": int(self.history_days * 86_400_000)}

    @property
    def undo(self) -> dict[str, int] | None:
        """Limits of the undo log, in bytes and ms, as the Lua steps take them; None: no log."""
        if not self.undo_hours:
            return None
        return {"bytes": self.undo_mb * 2**20, "ms": int(self.undo_hours * 3_600_000)}


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
    site: str | None = None  # site id; None: looked up from a collection when needed
    publish: str = "never"  # or "items", or "site"
    publish_domains: tuple[str, ...] = ()  # ids; (): that of Webflow and all custom ones
    publish_others: bool = False  # a publish of the site may take along what others queued
    publish_window: str = ""  # "HH:MM-HH:MM" in *timezone*; "": always
    timezone: str = "UTC"
    # All tokens and secrets, masked in its messages.
    hidden: tuple[str, ...] = field(default=(), repr=False, compare=False)

    @property
    def batch(self) -> int:
        return 100 if self.api == "v2" else 1

    @property
    def budget(self) -> str:
        """Name of the rate limit budget: a hash of the token, which destinations may share."""
        return hashlib.sha256(f"{self.base_url} {self.token}".encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Reconcile:
    """``[collections.NAME.reconcile]``: conflict policy, orphans, and schedule."""

    policy: str = "source wins"  # or "cms wins", or "report"
    fields: Mapping[str, str] = field(default_factory=dict)  # slug → another policy
    orphans: str = "report"  # or one of RETIREMENTS
    every: float | None = None  # s between two starts
    at: str | None = None  # HH:MM in `timezone`, daily
    timezone: str = "UTC"  # no key of the file
    file: str | None = None  # the snapshot, relative to instep.toml
    sql: str | None = field(default=None, repr=False)  # the database's address
    query: str | None = None
    under: str | None = None  # path that each record of it is put under
    partial: bool = False  # an item that the snapshot lacks is not an orphan


@dataclass(frozen=True, slots=True)
class Guard:
    """``[collections.NAME.guard]``: what may be done without approval."""

    at_most: int = 10  # items created, or retired, within the window; or *percent*
    percent: float = 5.0  # of the collection
    half_from: int = 3  # never half the collection, if that is this many or more
    window: float = 86_400.0  # s
    # s that a retirement by a live event waits, so that the first of a mass are held too; 0: none
    delay: float = 60.0


RETIREMENTS = ("archive", "draft", "unpublish", "delete")


@dataclass(frozen=True, slots=True)
class Collection:
    name: str
    destination: str
    id: str
    # Slug of the field that holds the source's key, or slugs of its parts.
    key: str | Sequence[str] | None = None
    missing: str = "dead-letter"  # or "ignore", or "create"
    preflight: bool = True  # values are validated against its schema before a request
    locales: str | Sequence[str] = "primary"  # or "all", or a list of tags: variants to write
    locales_given: bool = field(default=False, compare=False)  # instep.toml has the key
    reconcile: Reconcile = Reconcile()
    guard: Guard = Guard()

    @property
    def keys(self) -> tuple[str, ...]:
        """Slugs of the key fields, in the order of the parts; empty without a key."""
        return (self.key,) if isinstance(self.key, str) else tuple(self.key or ())

    @property
    def localized(self) -> bool:
        """Whether other variants than the primary one are written."""
        return self.locales != "primary"


MAX_BODY = 1_048_576  # bytes, unless the sender is known to send more


@dataclass(frozen=True, slots=True)
class Source:
    name: str
    sender: str
    secrets: tuple[str, ...] = field(default=(), repr=False)  # newest first
    ends: tuple[datetime | None, ...] = ()  # of each secret; empty: none expires
    max_body: int | None = None  # bytes; None: the sender's default
    dedupe_hours: float | None = None  # None: the sender's default, or 24
    keep_hours: float = 48.0  # how long deliveries are kept for a remap; 0: not at all
    keep_mb: int = 16  # limit of the kept deliveries, compressed
    url: str | None = None  # the signed URL, if not public_url + path
    path_token: str | None = field(default=None, repr=False)
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)  # keys of the sender
    challenge: str | None = None  # how the sender verifies the endpoint
    verify_token: str | None = field(default=None, repr=False)  # expected with hub.challenge
    timezone: str | None = None  # of times without an offset

    @property
    def marks(self) -> tuple[str, ...]:
        """A hash per secret, under which its use is counted: positions shift when one is added."""
        texts = (f"{self.name} {secret}".encode() for secret in self.secrets)
        return tuple(hashlib.sha256(text).hexdigest()[:8] for text in texts)


PULLED = "pull"  # in place of the sender of a source that is pulled


@dataclass(frozen=True, slots=True)
class Fetcher:
    name: str
    kind: str
    token: str = field(repr=False)
    base_url: str | None = None  # None: the default of the kind
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)  # keys of the kind


@dataclass(frozen=True, slots=True)
class Access:
    """``[access.NAME]``: a token for the JSON API, and what it may do."""

    name: str
    token: str = field(repr=False)
    role: str = "view"  # or "operate"
    destinations: tuple[str, ...] = ()  # empty: all


ALERT_KINDS = ("paused", "outage", "late", "problems", "deletes", "reconcile", "silence", "store")


@dataclass(frozen=True, slots=True)
class Alerts:
    """``[alerts]``: what is reported to a chat or a monitor. Both addresses may be secrets."""

    url: str = field(default="", repr=False)  # "": only the heartbeat
    secret: str | None = field(default=None, repr=False)  # signs each message
    on: tuple[str, ...] = ALERT_KINDS
    late_seconds: float = 300.0
    every: float = 900.0  # s between two messages about one cause
    heartbeat: str = field(default="", repr=False)  # GET each minute while all is well; "": off

    @property
    def hidden(self) -> tuple[str, ...]:
        """Return what is masked: also the path alone, which errors of requests show."""
        parts = [urlsplit(address) for address in (self.url, self.heartbeat)]
        paths = [part._replace(scheme="", netloc="").geturl() for part in parts]
        return tuple(filter(None, (self.url, self.heartbeat, *paths, self.secret)))


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
    metrics_token: str | None = field(default=None, repr=False)  # INSTEP_METRICS_TOKEN
    fetchers: Mapping[str, Fetcher] = field(default_factory=dict)
    access: Mapping[str, Access] = field(default_factory=dict)
    alerts: Alerts | None = None
    writebacks: Mapping[str, WriteBack] = field(default_factory=dict)
    pulls: Mapping[str, Pull] = field(default_factory=dict)
    warnings: tuple[Problem, ...] = ()  # deprecated keys

    @property
    def all_sources(self) -> Mapping[str, Source]:
        """Return the sources that send, and those that are pulled; these have no secrets."""
        return {**self.sources, **{name: Source(name, PULLED) for name in self.pulls}}

    def collections_of(self, destination: str) -> tuple[Collection, ...]:
        """Return the collections of *destination*, sorted by name."""
        return tuple(c for _, c in sorted(self.collections.items()) if c.destination == destination)

    def copy_of(self, collection: Collection) -> str:
        """
        Return a short name for the site address and id of *collection*.

        Item ids and confirmations are valid for this pair only: with another id or address in
        instep.toml they no longer hold.
        """
        base = self.destinations[collection.destination].base_url
        return hashlib.sha256(f"{base} {collection.id}".encode()).hexdigest()[:12]

    def copies(self, destination: str | None = None) -> dict[str, str]:
        """Return the copy of each collection with a key, of one destination or of all."""
        return {
            collection.name: self.copy_of(collection)
            for collection in self.collections.values()
            if collection.key and destination in (None, collection.destination)
        }

    def copy_name(self, collection: Collection, *, staged: bool) -> str:
        """Return the name of the copy that confirmations refer to."""
        return f"{self.copy_of(collection)}:{'staged' if staged else 'live'}"

    @property
    def hidden(self) -> tuple[str, ...]:
        """Return all tokens and secrets, to be masked."""
        return next((each.hidden for each in self.destinations.values()), ())

    def hiding_secrets(self) -> Settings:
        """Return these settings with all tokens and secrets in each destination's *hidden*."""
        known = [self.admin_token, self.metrics_token]
        known += [*(each.token for each in self.destinations.values())]
        known += [each.token for each in self.fetchers.values()]
        known += [each.token for each in self.access.values()]
        known += self.alerts.hidden if self.alerts else ()
        known += [text for each in self.writebacks.values() for text in each.hidden]
        known += [each for pull in self.pulls.values() for each in pull.hidden]
        for source in self.sources.values():
            known += [*source.secrets, source.path_token, source.verify_token]
        hidden = tuple(dict.fromkeys(filter(None, known)))
        named = self.destinations.items()
        return replace(self, destinations={n: replace(d, hidden=hidden) for n, d in named})
