"""
How durable the store is, and what is wrong with it.

Scripts run on one primary (Redis Cluster is not supported), of Redis 7 or Valkey 7.2 at least.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import redis

from workers.config.settings import StoreSettings
from workers.errors import Problem, StoreUnavailable, StoreUnsafe
from workers.store import keys, version
from workers.store.connection import Room, guarded
from workers.store.store_clock import StoreClock

EVERY = 0.5  # s between two looks of a `StoreCheck`

_STRENGTH = {"always": 3, "everysec": 2, "no": 1, "off": 0}
_OLDEST = {"valkey": (7, 2), "redis": (7, 0)}


@dataclass(frozen=True, slots=True)
class Durability:
    """
    What a store says of itself.

    Args:
        mode: "always", "everysec" or "no" (append-only file, by fsync), "off" (none),
            "unverified" (it does not tell).
        verified: Whether CONFIG could be read; where it is forbidden, INFO tells a part of it.
    """

    mode: str
    appendonly: bool
    appendfsync: str | None
    maxmemory_policy: str | None
    role: str
    aof_last_write_status: str
    version: str
    cluster: bool
    verified: bool

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def inspect(client: redis.Redis) -> Durability:
    """
    Return what the store says of its own durability.

    Raises:
        StoreUnavailable: it does not answer.
    """
    return durability_of(look(client))


@dataclass(frozen=True, slots=True)
class Look:
    """
    What a store answers to one look at it.

    Args:
        now_us: Its time, µs since 1970.
        version: What `keys.VERSION` holds.
        info: All of INFO.
        config: The settings that matter; empty where CONFIG is forbidden or unknown.
    """

    now_us: int
    version: str | None
    info: Mapping[str, Any]
    config: Mapping[str, str]


def look(client: redis.Redis) -> Look:
    """
    Look at the store, in one round trip.

    Raises:
        StoreUnavailable: it does not answer.
    """
    with guarded(), client.pipeline(transaction=False) as pipeline:
        pipeline.time()
        pipeline.get(keys.VERSION)
        pipeline.info()
        pipeline.config_get("appendonly", "appendfsync", "maxmemory-policy")
        *answers, config = pipeline.execute(raise_on_error=False)
        if isinstance(config, redis.ResponseError):
            config = {}
        for answer in (*answers, config):
            if isinstance(answer, redis.RedisError):
                raise answer
    (seconds, micros), text, info = answers
    return Look(int(seconds) * 1_000_000 + int(micros), text, info, config)


def durability_of(look: Look) -> Durability:
    """Return what *look* says of the durability of the store."""
    info, config = look.info, look.config
    appendonly = config["appendonly"] == "yes" if config else bool(info.get("aof_enabled"))
    fsync = config.get("appendfsync")
    server = "valkey" if "valkey_version" in info else "redis"
    return Durability(
        mode="off" if not appendonly else fsync or "unverified",
        appendonly=appendonly,
        appendfsync=fsync,
        maxmemory_policy=config.get("maxmemory-policy", info.get("maxmemory_policy")),
        role=str(info.get("role", "master")),
        aof_last_write_status=str(info.get("aof_last_write_status", "ok")),
        version=f"{server} {info.get(f'{server}_version', '?')}",
        cluster=bool(info.get("cluster_enabled")),
        verified=bool(config),
    )


def check(client: redis.Redis, store: StoreSettings) -> Durability:
    """
    Return what the store says of itself, if that is enough for the promises made on it.

    Raises:
        StoreUnsafe: it may lose or evict what was acknowledged; the message holds every reason.
        StoreUnavailable: it does not answer.
    """
    found = inspect(client)
    require(found, store)
    return found


def require(found: Durability, store: StoreSettings) -> None:
    """As `check`, of what was *found*."""
    if problems := faults(found, store.durability):
        raise StoreUnsafe("\n".join(str(problem) for problem in problems))


def faults(found: Durability, wanted: str) -> tuple[Problem, ...]:
    """Return all that keeps *found* from being as durable as *wanted*, a ``[store] durability``."""
    return (*_unfit(found), *_evicting(found), *_weak(found, wanted))


def _unfit(found: Durability) -> Iterator[Problem]:
    server, _, version = found.version.partition(" ")
    oldest = _OLDEST[server]
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())
    if numbers < oldest:
        expected = "Redis 7 or Valkey 7.2, or newer"
        yield Problem("store: version", found.version, expected, "upgrade it, or use another")
    if found.role != "master":
        yield Problem("store: role", found.role, "a primary", "set REDIS_URL to the primary")
    if found.cluster:
        yield Problem("store: cluster_enabled", "yes", "no", "use a server without cluster mode")


def _evicting(found: Durability) -> Iterator[Problem]:
    if found.maxmemory_policy not in (None, "noeviction"):
        yield Problem(
            "store: maxmemory-policy",
            found.maxmemory_policy,
            "noeviction, because an evicted key is a lost change",
            "CONFIG SET maxmemory-policy noeviction",
        )


def _weak(found: Durability, wanted: str) -> Iterator[Problem]:
    if found.aof_last_write_status != "ok":
        yield Problem(
            "store: aof_last_write_status", found.aof_last_write_status, "ok", "check its disk"
        )
    if wanted == "unverified":
        return
    if not found.verified:
        yield Problem(
            "store: CONFIG GET",
            "a server that forbids it",
            f"permission, to check [store] durability = {wanted!r}",
            'allow it, or set durability = "unverified" in instep.toml',
        )
    elif _STRENGTH.get(found.mode, 0) < _STRENGTH[wanted]:
        yield Problem(
            "store: appendonly, appendfsync",
            f"{'yes' if found.appendonly else 'no'}, {found.appendfsync}",
            f"yes, {wanted} ([store] durability)",
            f"CONFIG SET appendonly yes, CONFIG SET appendfsync {wanted}, and keep both in its "
            "configuration file",
        )


class StoreCheck:
    """
    Whether the store may be trusted with anything new just now: asked twice a second, while anybody
    wants to know. Safe to share between threads.

    What was strong enough at the start may be weakened later (``CONFIG SET``, a failover to a
    replica, a disk that fails): a process must not go by what it was then.

    Args:
        client: Of the store.
        store: How durable it is to be.
        clock: Learns the store's time from each look.
        offset_ms: That the steps add to the store's clock.
        patient: A client of the store that waits for longer; None: none does.
    """

    def __init__(
        self,
        client: redis.Redis,
        store: StoreSettings,
        clock: StoreClock | None = None,
        offset_ms: int = 0,
        patient: redis.Redis | None = None,
    ) -> None:
        self.clock = clock or StoreClock()
        self.room: Room | None = None  # learns from each look, too
        self._client = client
        self._patient = patient or client
        self._store = store
        self._offset_us = 1000 * offset_ms
        self._lock = threading.Lock()
        self._until = float("-inf")
        self._error: StoreUnavailable | None = None

    def check(self) -> None:
        """
        Raises:
            StoreUnsafe: the store may lose or evict what it is given; the message holds every
                reason.
            StoreNewer: a later release has written it.
            StoreUnavailable: it does not answer.
        """
        with self._lock:
            # While one thread waits for a store that hangs, the others wait for that one.
            if time.monotonic() >= self._until:
                self._learn(self._look(self._client))
            error = self._error
        if error is not None:
            raise error.with_traceback(None)

    def check_patiently(self) -> None:
        """
        As `check`, but that a store which is slow is waited for, and what was bad is looked at
        again; nobody else waits for that.
        """
        if self._error is None and time.monotonic() < self._until:
            return
        error = self._look(self._patient)
        self._learn(error)
        if error is not None:
            raise error.with_traceback(None)

    def _learn(self, error: StoreUnavailable | None) -> None:
        self._error, self._until = error, time.monotonic() + EVERY

    def failed(self, error: StoreUnavailable) -> None:
        """The store was just heard to fail: nobody needs to find out by waiting."""
        self._learn(error)

    def forget(self) -> None:
        """Look anew at the next check."""
        self._until = float("-inf")

    def _look(self, client: redis.Redis) -> StoreUnavailable | None:
        try:
            began = self.clock.begin()
            found = look(client)
            self.clock.observe(began, found.now_us + self._offset_us)
            if self.room:
                self.room.learn(found.info)
            if found.version is not None:
                version.number_of(found.version)
            require(durability_of(found), self._store)
        except StoreUnavailable as error:
            return error
        return None
