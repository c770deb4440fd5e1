"""
A lock in the store that knows its owner, and is free some seconds after that has died.

Each user owns the key that it names. What stands there says who holds it, so that others can be
told; a release before this one wrote a number alone, which is nobody's name.
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
from redis.exceptions import LockError
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

    @property
    def token(self) -> str:
        """What stands in the store while this one holds it."""
        return self._told

    def take(self) -> bool:
        """Take it where it is free, keep it where it is held; return whether it is held now."""
        if self._told:
            if self.keep():
                return True
            self._told = ""
        if clock.is_stale(self._client, self.name, int(1000 * self._seconds)):
            with guarded():
                self._client.delete(self.name)  # the store's clock went back
        told = _told(self._work)
        began = self._now()
        with guarded():
            if self._lock.acquire(blocking=False, token=told):
                self._told, self._renewed = told, began
        return bool(self._told)

    def keep(self) -> bool:
        """
        Renew it; return whether it is still held.

        One that the store has let go though it was renewed in time (its clock was set, its data
        put back) is taken again, unless another has it. After a longer silence of ours another may
        have come and gone: then it is lost.
        """
        began = self._now()
        with guarded():
            try:
                self._lock.reacquire()
            except LockError:
                late = began - self._renewed > self._seconds
                if late or not self._lock.acquire(blocking=False, token=self._told):
                    return False
        self._renewed = began
        return True

    def end(self) -> None:
        """Leave it to the next one at once; nothing where another holds it."""
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
def kept(lease: Lease) -> Iterator[None]:
    """Renew *lease*, which is held, in a thread of its own for the length of a ``with``."""
    ended = threading.Event()
    thread = threading.Thread(target=_renew, args=(lease, ended), name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(RENEW)
        with contextlib.suppress(StoreUnavailable):
            lease.end()


def _renew(lease: Lease, ended: threading.Event) -> None:
    while not ended.wait(RENEW):
        with contextlib.suppress(StoreUnavailable):
            if not lease.keep():
                return


def _told(work: str) -> str:
    # The number tells two of one process apart.
    told = {"host": socket.gethostname(), "pid": os.getpid(), "since": time.time(), "work": work}
    return json.dumps(told | {"token": uuid.uuid4().hex})
