"""
The lock of the store: it knows its owner, and expires some seconds after the owner dies.

The value is JSON about the owner, and the token with which `redis.lock.Lock` renews and releases
it. Processes of other releases respect it whatever their tokens look like, but the times to live
must never change: a lock with a longer one counts as left over from a clock that was set back
(`_is_held`).
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

SECONDS = 10.0  # time to live
RENEW = 2.0  # s between renewals
_LOOK = 0.5  # s between checks whether its owner is dead
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


@dataclass(frozen=True, slots=True)
class Owner:
    """Who holds a lease."""

    host: str = ""
    pid: int = 0
    since: float = 0.0  # s since 1970 on the owner's clock; 0: unknown
    work: str = ""  # such as "instep reconcile" or "the schedule"

    def __str__(self) -> str:
        if not self.pid:
            return "a process of an older release"
        at = datetime.fromtimestamp(self.since, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        return f"{self.work} (process {self.pid} on {self.host}) since {at}"


class Lease:
    """
    A lease of this process or thread. Every method raises StoreUnavailable if the store does not
    answer.

    Args:
        name: The key.
        work: What it is held for.
        seconds: Time to live.
        now: A clock in s that also runs while the machine sleeps.
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
        self._turn = threading.RLock()  # renewed by a thread of its own

    @property
    def token(self) -> str:
        """The value in the store while this process holds it; empty otherwise."""
        return self._told

    def take(self) -> bool:
        """Acquire or renew it; return whether it is held now."""
        if self.keep():
            return True
        if self._is_held():
            return False
        told = _told(self._work)
        began = self._now()
        with guarded():
            if not self._lock.acquire(token=told):
                return False
        self._told, self._renewed = told, began
        return True

    def _is_held(self) -> bool:
        """Tell whether another process holds it: all that those ask who wait for it."""
        left, longest = clock.left_ms(self._client, self.name), int(1000 * self._seconds)
        if left > longest:
            with guarded():
                self._client.delete(self.name)  # the store's clock went back
        return 0 < left <= longest

    def keep(self) -> bool:
        """
        Renew it; return whether it is still held.

        If the store dropped it although it was renewed in time (its clock was set, or a backup
        restored), it is acquired again, unless another process has it. If it was not renewed in
        time, it is lost for good: another process may have held it meanwhile.
        """
        with self._turn:
            if not self._told:
                return False
            began = self._now()
            with guarded():
                try:
                    self._lock.reacquire()
                except LockError:
                    # Not *began*: this process may have been suspended since.
                    late = self._now() - self._renewed > self._seconds
                    if late or not self._lock.acquire(token=self._told):
                        self._told = ""
                        return False
            self._renewed = began
            return True

    def write(self, give: Callable[[Pipeline], object]) -> bool:
        """
        Run the commands that *give* adds to a transaction, only while the lease is held.

        Returns whether they were run. *give* may be called repeatedly, since a renewal touches the
        key.
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
        """Release it, unless another process holds it."""
        with self._turn:
            if self._told:
                self._told = ""
                with guarded(), contextlib.suppress(LockError):
                    self._lock.release()

    def owner(self) -> Owner | None:
        """Return the holder, if any."""
        return owner_of(self._client, self.name)

    def is_dead(self, sleep: Callable[[float], object] = time.sleep) -> bool:
        """
        Wait until it expires (True) or is renewed (False).

        So a lease whose owner has just died is not reported as held.
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
    """Return the holder of the lease *name*, if any; StoreUnavailable if there is no answer."""
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
    """Renew *lease*, which is held, in a thread during a ``with``; *lost* is called there."""
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
    # The token distinguishes two leases of one process.
    told = {"host": socket.gethostname(), "pid": os.getpid(), "since": time.time(), "work": work}
    return json.dumps(told | {"token": uuid.uuid4().hex})
