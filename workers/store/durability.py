"""
Checks of the store's durability.

Scripts need one primary (no Redis Cluster) of Redis 7, Valkey 7.2 or newer.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import redis

from workers.config.settings import StoreSettings
from workers.embedded.loading import progress_of
from workers.errors import Problem, StoreLoading, StoreUnavailable, StoreUnsafe
from workers.store import keys, version
from workers.store.connection import Room, guarded
from workers.store.store_clock import StoreClock

EVERY = 0.5  # s between checks of a `StoreCheck`

_STRENGTH = {"always": 3, "everysec": 2, "no": 1, "off": 0}
_OLDEST = {"valkey": (7, 2), "redis": (7, 0)}


@dataclass(frozen=True, slots=True)
class Durability:
    """What the store reports about its durability."""

    mode: str  # "always", "everysec", "no" (fsync of the AOF), "off" (no AOF) or "unverified"
    appendonly: bool
    appendfsync: str | None
    maxmemory_policy: str | None
    role: str
    aof_last_write_status: str
    version: str
    cluster: bool
    verified: bool  # CONFIG could be read; otherwise INFO tells a part

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def inspect(client: redis.Redis) -> Durability:
    """Read the durability of the store; StoreUnavailable if it does not answer."""
    return durability_of(look(client))


@dataclass(frozen=True, slots=True)
class Look:
    """The store's answers to one check."""

    now_us: int  # µs since 1970
    version: str | None  # of `keys.VERSION`
    info: Mapping[str, Any]  # all of INFO
    config: Mapping[str, str]  # relevant settings; empty if CONFIG is forbidden


def look(client: redis.Redis) -> Look:
    """
    Read everything a check needs, in one round trip.

    Raises:
        StoreLoading: It loads its data.
        StoreUnavailable: There is no answer.
    """
    with guarded():
        try:
            return _look(client)
        except redis.exceptions.BusyLoadingError as error:
            raise StoreLoading(progress_of(client.info("persistence"))) from error


def _look(client: redis.Redis) -> Look:
    with client.pipeline(transaction=False) as pipeline:
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
    """Return the durability reported in *look*."""
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
    Return the durability of the store, if it satisfies *store*.

    Raises:
        StoreUnsafe: It may lose or evict acknowledged data; the message lists every reason.
        StoreUnavailable: It does not answer.
    """
    found = inspect(client)
    require(found, store)
    return found


def require(found: Durability, store: StoreSettings) -> None:
    """Like `check`, for *found*."""
    if problems := faults(found, store.durability):
        raise StoreUnsafe("\n".join(str(problem) for problem in problems))


def faults(found: Durability, wanted: str) -> tuple[Problem, ...]:
    """Return what makes *found* less durable than *wanted*, a ``[store] durability``."""
    return (*_unfit(found), *_evicting(found), *_weak(found, wanted))


def _unfit(found: Durability) -> Iterator[Problem]:
    server, _, version = found.version.partition(" ")
    oldest = _OLDEST[server]
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())
    if numbers < oldest:
        expected = "Redis 7 or Valkey 7.2, or newer"
        yield Problem("store: version", found.version, expected, "upgrade it, or use another")
    if found.role != "master":
        do = "set REDIS_URL to the primary, or wait for the failover to end"
        yield Problem("store: role", found.role, "a primary", do)
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
    Checks, at most twice a second, whether the store may be trusted with new data. Thread-safe.

    A store that was durable at the start may be weakened later: by ``CONFIG SET``, a failover to a
    replica, or a failing disk.

    Args:
        clock: Learns the store's time from each check.
        offset_ms: Added to the store's clock by the steps.
        patient: A client with a longer timeout, if any.
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
        self.room: Room | None = None  # updated by each check
        self._client = client
        self._patient = patient or client
        self._store = store
        self._offset_us = 1000 * offset_ms
        self._lock = threading.Lock()
        self._until = float("-inf")
        self._error: StoreUnavailable | None = None

    def check(self) -> None:
        """
        Raise the error of the last check, if any.

        Raises:
            StoreUnsafe: The store may lose or evict data; the message lists every reason.
            StoreNewer: A later release has written it.
            StoreUnavailable: It does not answer.
        """
        with self._lock:
            # One thread waits for a hanging store, the others for that thread.
            if time.monotonic() >= self._until:
                self._learn(self._look(self._client))
            error = self._error
        if error is not None:
            raise error.with_traceback(None)

    def check_patiently(self) -> None:
        """
        Like `check`, but wait for a slow store, without blocking others, and recheck after an
        error.
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
        """Record a failure seen elsewhere, so that no thread has to wait for it."""
        self._learn(error)

    def forget(self) -> None:
        """Make the next check ask the store."""
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
            durability = durability_of(found)
            if durability.role != "master":
                # A new connection may lead to the new primary: by Sentinels, or by its name.
                client.connection_pool.disconnect(inuse_connections=False)
            require(durability, self._store)
        except StoreUnavailable as error:
            return error
        return None
