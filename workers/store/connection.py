"""
Connections to the store, and what it must be able to do.

This module owns no key. Scripts run on one primary (Redis Cluster is not supported), of Redis 7
or Valkey 7.2 at least.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import redis
from redis.backoff import ExponentialWithJitterBackoff
from redis.connection import UnixDomainSocketConnection
from redis.retry import Retry

from workers.config.settings import StoreSettings
from workers.embedded.layout import Place
from workers.errors import Problem, StoreForbidden, StoreFull, StoreUnavailable, StoreUnsafe
from workers.store import rights, version
from workers.store.full import Client

TIMEOUT = 2.0  # s, for one answer
_CONNECTIONS = 32  # per client; more threads than that wait for one
FULL = 0.9  # of maxmemory
_FULL_WORDS = (
    "the store's memory is full: new deliveries are not stored, stored ones are still sent; see "
    "`instep status` for what fills it, and raise maxmemory ([store] memory_mb)"
)
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


def connect(store: StoreSettings, *, timeout: float = TIMEOUT, retries: int = 2) -> redis.Redis:
    """
    Return a client for application state; safe to share between threads, made once per process.

    Nothing is sent before the first command. A command may be sent *retries* times more after a
    broken connection, so every script must bear to be repeated.

    Args:
        timeout: Seconds for a connection, for one answer, and for a free connection.
    """
    return Client(connection_pool=_pool(store, timeout, retries, decode_responses=True))


def rq_connection(
    store: StoreSettings, *, timeout: float = TIMEOUT, retries: int = 2
) -> redis.Redis:
    """Return a client for RQ alone: its worker raises the timeout of the pool that it is given."""
    return Client(connection_pool=_pool(store, timeout, retries, decode_responses=False))


def _pool(
    store: StoreSettings, timeout: float, retries: int, *, decode_responses: bool
) -> redis.BlockingConnectionPool:
    options: dict[str, Any] = {
        "max_connections": _CONNECTIONS,
        "timeout": timeout,
        "socket_timeout": timeout,
        "socket_connect_timeout": timeout,
        "decode_responses": decode_responses,
        # Explicit: from_url retries nothing, Redis() ten times.
        # Broken connections alone: repeated after a timeout, a store that hangs would hold a
        # request for six seconds, and most senders wait for five.
        "retry": Retry(
            ExponentialWithJitterBackoff(cap=0.2, base=0.02), retries, (redis.ConnectionError,)
        ),
    }
    if store.url is not None:
        return redis.BlockingConnectionPool.from_url(store.url, **options)
    return redis.BlockingConnectionPool(  # type: ignore[no-untyped-call]  # of redis-py
        connection_class=UnixDomainSocketConnection,
        path=str(Place.of(store.data).socket),
        **options,
    )


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Turn whatever the client raises into `StoreUnavailable`; also a decorator."""
    try:
        yield
    except redis.exceptions.OutOfMemoryError as error:
        raise StoreFull(_FULL_WORDS) from error
    except redis.ReadOnlyError as error:
        raise StoreUnsafe("the store is a replica now, and takes no changes") from error
    except redis.RedisError as error:
        if refused := rights.refusal(error):
            raise StoreForbidden(refused) from error
        name = type(error).__name__
        raise StoreUnavailable(f"the store could not be used: {name}: {error}") from error


def reach(client: redis.Redis, store: StoreSettings) -> None:
    """
    Make sure that the store answers, for commands that only join a running system.

    Raises:
        StoreUnavailable: it does not; the message says what to start.
        StoreNewer: it is of a later version than this release knows.
    """
    try:
        version.read(client)
    except redis.RedisError as error:
        if refused := rights.refusal(error):
            raise StoreForbidden(refused) from error
        where = "REDIS_URL" if store.url else f"INSTEP_DATA {Place.of(store.data).data}"
        do = "check that it runs" if store.url else "start `instep up`, `web` or `worker` there"
        raise StoreUnavailable(f"no store answers at {where}: {error}; {do}") from error


def has_room(client: redis.Redis) -> bool:
    """
    Return whether the store's memory is less than 90 % full, or has no limit.

    Beyond that no new delivery is kept, so that what is kept can still be written: claims, settles
    and RQ need memory as well. One round trip; ask once a second, not once a delivery.
    """
    with guarded():
        memory = client.info("memory")
    return not is_full(int(memory["used_memory"]), int(memory.get("maxmemory", 0)))


def is_full(used: int, limit: int | None) -> bool:
    """Whether *used* bytes of *limit* leave no room for new deliveries; 0 or None: no limit."""
    return bool(limit) and used >= FULL * (limit or 0)


class Room:
    """Refuses what would not leave room to write what is kept; asks the store once a second."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._until = float("-inf")
        self._enough = True

    def check(self) -> None:
        """
        Raises:
            StoreFull: the store is nearly full.
            StoreUnavailable: it does not answer.
        """
        if time.monotonic() > self._until:
            self._enough = has_room(self._client)
            self._until = time.monotonic() + 1.0
        if not self._enough:
            raise StoreFull(_FULL_WORDS)


def inspect(client: redis.Redis) -> Durability:
    """
    Return what the store says of its own durability.

    Raises:
        StoreUnavailable: it does not answer.
    """
    with guarded():
        info = client.info()
        config = _config(client)
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


def _config(client: redis.Redis) -> dict[str, str]:
    """Return the settings that matter, or nothing where CONFIG is forbidden or unknown."""
    try:
        found = client.config_get("appendonly", "appendfsync", "maxmemory-policy")
    except redis.ResponseError:
        return {}
    return {str(name): str(value) for name, value in found.items()}


def check(client: redis.Redis, store: StoreSettings) -> Durability:
    """
    Return what the store says of itself, if that is enough for the promises made on it.

    Raises:
        StoreUnsafe: it may lose or evict what was acknowledged; the message holds every reason.
        StoreUnavailable: it does not answer.
    """
    found = inspect(client)
    if problems := faults(found, store.durability):
        raise StoreUnsafe("\n".join(str(problem) for problem in problems))
    return found


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
