"""
The one kind of lock in the store: it knows its owner, and is free some seconds after that has died.

What stands in the key is JSON that says who holds it, and is the token by which `redis.lock.Lock`
renews and releases it: a process of another release respects it, and is respected, whatever token
it writes. Times to live must not change from one release to the next: a lock that has longer to
live than its own is taken for one that the store's clock has left behind (`clock.is_stale`).
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import redis
from redis.client import Pipeline
from redis.exceptions import LockError, WatchError
from redis.lock import Lock

from workers.errors import StoreUnavailable
from workers.store import clock
from workers.store.connection import guarded

SECONDS = 10.0  # that it outlives its owner
RENEW = 2.0  # s between two renewals
_LOOK = 0.5  # s between two looks at a lock that may be a dead owner's
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


@dataclass(frozen=True, slots=True)
class Owner:
    """
    Who holds a lease.

    Args:
        since: Seconds since 1970, by the owner's clock; 0: nobody knows.
        work: What it does, as "instep reconcile" or "the schedule".
    """

    host: str = ""
    pid: int = 0
    since: float = 0.0
    work: str = ""

    def __str__(self) -> str:
        if not self.pid:
            return "a process of an older release"
        at = datetime.fromtimestamp(self.since, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        return f"{self.work} (process {self.pid} on {self.host}) since {at}"


class Lease:
    """
    Of this process, or thread.

    Args:
        name: The key.
        work: What is done while it is held.
        seconds: That it outlives its owner.
        now: Of a clock that goes on while the machine sleeps, in s.

    Raises (every method):
        StoreUnavailable: The store did not answer.
    """

    def __init__(
        self,
        client: redis.Redis,
        name: str,
        work: str,
        *,
        seconds: float = SECONDS,
        now: Callable[[], float] = lambda: time.clock_gettime(_CLOCK),
    ) -> None:
        self.name = name
        self._client = client
        self._seconds = seconds
        self._lock = Lock(client, name, timeout=seconds, blocking=False, thread_local=False)
        self._work = work
        self._now = now
        self._renewed = float("-inf")
        self._told = ""
        self._turn = threading.RLock()  # a thread renews what another one works under

    @property
    def token(self) -> str:
        """What stands in the store while this one holds it; nothing: it does not."""
        return self._told

    def take(self) -> bool:
        """Take it where it is free, keep it where it is held; return whether it is held now."""
        if self.keep():
            return True
        if clock.is_stale(self._client, self.name, int(1000 * self._seconds)):
            with guarded():
                self._client.delete(self.name)  # the store's clock went back
        told = _told(self._work)
        began = self._now()
        with guarded():
            if not self._lock.acquire(token=told):
                return False
        self._told, self._renewed = told, began
        return True

    def keep(self) -> bool:
        """
        Renew it; return whether it is still held.

        One that the store has let go though it was renewed in time (its clock was set, its data
        put back) is taken again, unless another has it. After a longer silence of ours another may
        have come and gone: then it is lost, for good.
        """
        with self._turn:
            if not self._told:
                return False
            began = self._now()
            with guarded():
                try:
                    self._lock.reacquire()
                except LockError:
                    # Not by *began*: this process may have stood still since.
                    late = self._now() - self._renewed > self._seconds
                    if late or not self._lock.acquire(token=self._told):
                        self._told = ""
                        return False
            self._renewed = began
            return True

    def write(self, give: Callable[[Pipeline], object]) -> bool:
        """
        Carry out what *give* adds to a transaction, and only while it is held.

        It may be called again, since renewing touches the key as well. Returns whether it was done.
        """
        with guarded(), self._client.pipeline(transaction=True) as commands:
            while self._told:
                commands.watch(self.name)  # type: ignore[no-untyped-call]  # redis-py 8
                if commands.get(self.name) != self._told:
                    break
                commands.multi()
                give(commands)
                with contextlib.suppress(WatchError):
                    commands.execute()
                    return True
        return False

    def end(self) -> None:
        """Leave it to the next one at once; nothing where another holds it."""
        with self._turn:
            if self._told:
                self._told = ""
                with guarded(), contextlib.suppress(LockError):
                    self._lock.release()

    def owner(self) -> Owner | None:
        """Return who holds it; None: nobody."""
        return owner_of(self._client, self.name)

    def is_dead(self, sleep: Callable[[float], object] = time.sleep) -> bool:
        """
        Wait until it runs out, or its owner renews it; return whether it has run out.

        So nobody is told that a process holds it which died a moment ago.
        """
        with guarded():
            left = float(self._client.pttl(self.name))
            while left >= 0:
                sleep(min(_LOOK, left / 1000))
                now = float(self._client.pttl(self.name))
                if now > left:
                    return False
                left = now
        return True


def owner_of(client: redis.Redis, name: str) -> Owner | None:
    """
    Return who holds the lease *name*; None: nobody.

    Raises:
        StoreUnavailable: The store did not answer.
    """
    with guarded():
        text = client.get(name)
    if text is None:
        return None
    try:
        said = json.loads(text)
        return Owner(said["host"], int(said["pid"]), float(said["since"]), said["work"])
    except (ValueError, TypeError, LookupError):
        return Owner()


@contextlib.contextmanager
def kept(lease: Lease, lost: Callable[[], object] = lambda: None) -> Iterator[None]:
    """
    Renew *lease*, which is held, in a thread of its own for the length of a ``with``.

    Args:
        lost: Called there once it is lost.
    """
    ended = threading.Event()
    thread = threading.Thread(target=_renew, args=(lease, ended, lost), name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(RENEW)
        with contextlib.suppress(StoreUnavailable):
            lease.end()


def _renew(lease: Lease, ended: threading.Event, lost: Callable[[], object]) -> None:
    while not ended.wait(RENEW):
        with contextlib.suppress(StoreUnavailable):
            if not lease.keep():
                if not ended.is_set():
                    lost()
                return


def _told(work: str) -> str:
    # The number tells two of one process apart.
    told = {"host": socket.gethostname(), "pid": os.getpid(), "since": time.time(), "work": work}
    return json.dumps(told | {"token": uuid.uuid4().hex})
