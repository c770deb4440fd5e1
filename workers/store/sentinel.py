"""
Connections to the master that Sentinels name, also after a failover.

redis-py's own `redis.sentinel` has no pool that waits for a free connection, and its errors name no
Sentinel and no service.

https://redis.io/docs/latest/develop/reference/sentinel-clients/
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from workers.config.store_url import SentinelUrl
from workers.errors import Problem

TIMEOUT: Final = 0.5  # s for one Sentinel to be reached, and to answer
EVERY: Final = 1.0  # s between two searches while connections are used
_REST: Final = 0.5  # s for which a failed search stands
_SILENCE: Final = 10.0  # s between searches while no Sentinel answers


class NoMaster(redis.ConnectionError):
    """No Sentinel names a master that is up."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.found}; expected {problem.expected}")
        self.problem = problem


class Masters:
    """The search for the master of one service; thread-safe."""

    def __init__(self, given: SentinelUrl) -> None:
        self._given = given
        self._nodes = list(given.nodes)  # the one that answered last comes first
        self._failed: tuple[float, Problem] | None = None
        self._next = 0.0
        self.current: tuple[str, int] | None = None  # host and port found last

    def __repr__(self) -> str:
        return repr(self._given)

    def find(self) -> tuple[str, int]:
        """Return host and port of the master; NoMaster if no Sentinel names one that is up."""
        failed = self._failed
        # The client tries again at once: it must not wait for silent Sentinels each time.
        if failed and time.monotonic() < failed[0]:
            raise NoMaster(failed[1])
        answers: dict[str, str | Mapping[str, Any]] = {}
        for host, port in list(self._nodes):
            answers[f"{host}:{port}"] = masters = self._masters(host, port)
            state = masters.get(self._given.service) if isinstance(masters, Mapping) else None
            if state and _is_up(state):
                self._nodes = sorted(self._nodes, key=lambda node: node != (host, port))
                self._failed, self._next = None, time.monotonic() + EVERY
                self.current = (str(state["ip"]), int(state["port"]))
                return self.current
        problem = _problem(self._given.service, answers)
        self._failed = time.monotonic() + _REST, problem
        raise NoMaster(problem)

    def refresh(self) -> None:
        """
        Search again, at most once in `EVERY` seconds.

        A failover need not break a connection: until the Sentinels have made it a replica, for 10
        s and more, a former master answers and takes writes, which are lost then.
        """
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + EVERY  # the other threads go on with what is known
        try:
            self.find()
        except NoMaster:
            self._next = time.monotonic() + _SILENCE

    def _masters(self, host: str, port: int) -> str | Mapping[str, Any]:
        """Return what a Sentinel says of each master, or why it says nothing."""
        given = self._given
        # A Sentinel has a password only if its own configuration says so, and one without refuses
        # any.
        said = ""
        for user, password in (("", ""), *([(given.user, given.password)] * bool(given.password))):
            try:
                with _sentinel(host, port, user, password) as client:
                    found: Mapping[str, Any] = client.sentinel_masters()
                    return found
            except redis.AuthenticationError as error:
                said = f"refuses user and password: {error}"
            except redis.RedisError as error:
                return f"says nothing: {error}"
        return said


def _sentinel(host: str, port: int, user: str, password: str) -> redis.Redis:
    return redis.Redis(
        host,
        port,
        username=user or None,
        password=password or None,
        socket_timeout=TIMEOUT,
        socket_connect_timeout=TIMEOUT,
        retry=Retry(NoBackoff(), 0),
    )


def _is_up(state: Mapping[str, Any]) -> bool:
    return bool(state["is_master"]) and not state["is_sdown"] and not state["is_odown"]


def _problem(service: str, answers: Mapping[str, str | Mapping[str, Any]]) -> Problem:
    known = {name for each in answers.values() if isinstance(each, Mapping) for name in each}
    if known and service not in known:
        expected = f"one that the Sentinels know: {', '.join(sorted(known))}"
        do = "correct SERVICE in redis+sentinel://HOST:PORT/SERVICE"
        return Problem("REDIS_URL", f"the service {service}", expected, do)
    expected = f"a Sentinel that names the master of {service}"
    do = "start the Sentinels and the store, or wait for the failover to end"
    return Problem("REDIS_URL", "; ".join(_shown(service, answers)), expected, do)


def _shown(service: str, answers: Mapping[str, str | Mapping[str, Any]]) -> Iterator[str]:
    for node, answer in answers.items():
        if isinstance(answer, str):
            yield f"Sentinel {node} {answer}"
        elif state := answer.get(service):
            yield f"Sentinel {node} says that the master {state['ip']}:{state['port']} is down"
        else:
            yield f"Sentinel {node} knows no service"


class MasterConnection(redis.Connection):
    """A connection to whatever is the master when it connects."""

    def __init__(self, *, masters: Masters, **options: Any) -> None:
        self._masters = masters
        super().__init__(**options)  # type: ignore[no-untyped-call]  # of redis-py, as all below

    def connect(self) -> None:
        if self.is_connected:
            self._masters.refresh()
            # It may lead to a server that hangs, or to a former master.
            if (self.host, self.port) != self._masters.current:
                self.disconnect()  # type: ignore[no-untyped-call]
        super().connect()  # type: ignore[no-untyped-call]

    def _connect(self) -> socket.socket:
        self.host, self.port = self._masters.find()
        found: socket.socket = super()._connect()  # type: ignore[no-untyped-call]
        return found

    def read_response(self, *args: Any, **options: Any) -> Any:
        try:
            return super().read_response(*args, **options)
        except redis.ReadOnlyError as error:
            # A former master that has come back as a replica.
            self.disconnect()  # type: ignore[no-untyped-call]
            raise redis.ConnectionError("the store is a replica now") from error
