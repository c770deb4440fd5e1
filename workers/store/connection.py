"""Connections to the store."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from typing import Any

import redis
from redis.backoff import ExponentialWithJitterBackoff
from redis.connection import UnixDomainSocketConnection
from redis.driver_info import DriverInfo
from redis.retry import Retry

from workers.config.settings import StoreSettings
from workers.config.store_url import sentinels
from workers.embedded.layout import Place
from workers.errors import StoreForbidden, StoreFull, StoreUnavailable, StoreUnsafe
from workers.store import rights, version
from workers.store.connection_pool import ConnectionPool
from workers.store.full import Client
from workers.store.sentinel import MasterConnection, Masters

TIMEOUT = 2.0  # s per answer
# Made once: else each connection looks for the version of redis-py on disk, which takes 1 ms.
_DRIVER = DriverInfo()
_CONNECTIONS = 32  # per client; further threads wait for a free one
FULL = 0.9  # of maxmemory
_FULL_WORDS = (
    "the store's memory is full: new deliveries are not stored, stored ones are still sent; see "
    "`instep status` for what fills it, and raise maxmemory ([store] memory_mb)"
)


def connect(store: StoreSettings, *, timeout: float = TIMEOUT, retries: int = 2) -> redis.Redis:
    """
    Return a client for application state; thread-safe, created once per process.

    It connects on the first command. After a broken connection a command is sent up to *retries*
    times more, so every script must be repeatable. *timeout* in seconds: to connect, to answer, and
    to get a free connection.
    """
    return Client(connection_pool=_pool(store, timeout, retries, decode_responses=True))


def rq_connection(
    store: StoreSettings, *, timeout: float = TIMEOUT, retries: int = 2
) -> redis.Redis:
    """Return a client for RQ only: its worker changes the timeout of the pool."""
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
        "driver_info": _DRIVER,
        # Explicit: from_url retries nothing, Redis() ten times. Broken connections only: repeating
        # after a timeout, a hanging store would hold a request for six seconds, and most senders
        # wait for five.
        "retry": Retry(
            ExponentialWithJitterBackoff(cap=0.2, base=0.02), retries, (redis.ConnectionError,)
        ),
    }
    if store.url is not None and (given := sentinels(store.url)):
        return redis.BlockingConnectionPool(  # type: ignore[no-untyped-call]  # of redis-py
            connection_class=MasterConnection,
            masters=Masters(given),
            host=given.service,  # until it connects; names the store's witness
            db=given.database,
            username=given.user or None,
            password=given.password or None,
            **options,
        )
    if store.url is not None:
        return ConnectionPool.from_url(store.url, **options)
    return ConnectionPool(  # type: ignore[no-untyped-call]  # of redis-py
        connection_class=UnixDomainSocketConnection,
        path=str(Place.of(store.data).socket),
        **options,
    )


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Turn the client's exceptions into `StoreUnavailable`; also a decorator."""
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
    Check that the store answers, for commands that only join a running system.

    Raises:
        StoreUnavailable: No answer; the message says what to start.
        StoreNewer: A later release has written it.
    """
    try:
        version.read(client)
    except redis.RedisError as error:
        if refused := rights.refusal(error):
            raise StoreForbidden(refused) from error
        where = "REDIS_URL" if store.url else f"INSTEP_DATA {Place.of(store.data).data}"
        do = "check that it runs" if store.url else "start `instep up`, `web` or `worker` there"
        # Where no socket is, nothing has failed: it was not started, or in another folder.
        begun = store.url or Place.of(store.data).socket.exists()
        why = f": {error}" if begun else ""
        raise StoreUnavailable(f"no store answers at {where}{why}; {do}") from error


def is_full(used: int, limit: int | None) -> bool:
    """
    Tell whether *used* bytes of *limit* leave no room for new deliveries; 0 or None: no limit.
    """
    return bool(limit) and used >= FULL * (limit or 0)


class Room:
    """
    Refuses new deliveries when the store is 90 % full; asks it once a second.

    The rest is for claims, settles and RQ, which need memory to send what is stored.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._until = float("-inf")
        self._enough = True

    def check(self) -> None:
        """Raise StoreFull if the store is nearly full, StoreUnavailable if it does not answer."""
        if time.monotonic() > self._until:
            with guarded():
                self.learn(self._client.info("memory"))
        if not self._enough:
            raise StoreFull(_FULL_WORDS)

    def learn(self, memory: Mapping[str, Any]) -> None:
        """Update from the *memory* section of an INFO that was read elsewhere."""
        self._enough = not is_full(int(memory["used_memory"]), int(memory.get("maxmemory", 0)))
        self._until = time.monotonic() + 1.0
