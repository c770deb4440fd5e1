"""
Keeps the embedded store running for as long as anybody needs it.

Each process that needs the store has a keeper, and one of them at a time holds the lock of the
data directory: that one runs the server as its child, starts it anew when it dies, and stops it
when it ends itself. The others wait for the lock and take over. The server inherits the lock, so
that a second one cannot start beside it, not even where its keeper was killed a moment ago.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import subprocess
import threading
import time
from collections.abc import Iterator

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from workers import tether
from workers.embedded import Place, binary, room, unwritable
from workers.errors import StoreUnavailable
from workers.settings import StoreSettings

_log = logging.getLogger(__name__)

_POLL = 0.05  # s between two looks at the lock or at the server
_SILENCE = 30.0  # s that a starting server may neither answer nor say that it loads
_STOP = 10.0  # s that a server has to stop before it is killed
_SETTLED = 5.0  # s after which a server that dies is no longer dying over and over
_LONGEST_WAIT = 1.5  # s before a dead server is started anew, at most
_LARGEST_LOG = 1_000_000  # bytes


class Server:
    """One server process. *lock* is a file descriptor that it inherits."""

    def __init__(self, place: Place, memory_mb: int, lock: int) -> None:
        place.prepare(memory_mb)
        self._place = place
        try:
            with place.log.open("ab") as log:
                if log.tell() > _LARGEST_LOG:
                    log.truncate(0)
                self._logged = log.seek(0, os.SEEK_END)
                self._process = subprocess.Popen(  # noqa: S603  # our own argv
                    tether.program(binary(), str(place.configuration)),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=place.data,
                    pass_fds=(lock,),
                    start_new_session=True,  # Ctrl-C is for the keeper
                )
        except OSError as error:
            raise StoreUnavailable(unwritable(place.data, error)) from error

    @property
    def pid(self) -> int:
        return self._process.pid

    def running(self) -> bool:
        return self._process.poll() is None

    def obituary(self) -> str:
        """Return how it ended, and the last lines that it logged unless it was killed."""
        status = self._process.returncode
        if status < 0:
            return f"the embedded store was ended by signal {-status}"
        with self._place.log.open("rb") as log:
            log.seek(self._logged)
            lines = log.read().decode(errors="replace").splitlines()
        said = "\n  ".join(lines[-5:])
        ended = f"the embedded store ended with status {status}{room(self._place.data)}"
        return f"{ended}; {self._place.log} ends with:\n  {said}" if said else ended

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(_STOP)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Keeper:
    """
    Starts the embedded store of *store*, or joins it, and keeps it until `stop`.

    The work is done in a thread of its own, since loading a large store takes seconds.
    """

    def __init__(self, store: StoreSettings) -> None:
        self._place = Place.of(store.data)
        self._memory_mb = store.memory_mb
        self._server: Server | None = None
        self._error: StoreUnavailable | None = None
        self._settled = threading.Event()  # the store answered once, or the start failed
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="store keeper", daemon=True)

    @property
    def pid(self) -> int | None:
        """The server's pid, while this is the one that keeps it."""
        server = self._server
        return server.pid if server and server.running() else None

    def start(self) -> None:
        """
        Return once the store answers and has loaded what it holds.

        Raises:
            StoreUnavailable: it cannot be started; the message ends with the server's last words.
        """
        self._thread.start()
        self._settled.wait()
        if self._error:
            self.stop()
            raise self._error

    def stop(self) -> None:
        """Stop the server if this is its keeper, else leave it to whoever is."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            with _lock_file(self._place) as lock:
                if self._take(lock):
                    self._keep(lock)
        except StoreUnavailable as error:
            self._error = error
        finally:
            self._settled.set()

    def _take(self, lock: int) -> bool:
        """Wait for the lock; meanwhile another keeper's server is as good as ours."""
        patience = _Patience()
        while not self._stop.is_set():
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            if not self._settled.is_set() and _answers(self._place, patience):
                self._settled.set()
            self._stop.wait(_POLL)
        return False

    def _keep(self, lock: int) -> None:
        wait, died = 0.0, 0  # how often in a row
        while not self._stop.wait(wait):
            began = time.monotonic()
            try:
                self._serve(lock)
            except StoreUnavailable as error:
                if not self._settled.is_set():
                    raise
                _log.error("store: %s", error)
            died = 1 if time.monotonic() - began > _SETTLED else died + 1
            wait = min(0.3 * (died - 1), _LONGEST_WAIT)

    def _serve(self, lock: int) -> None:
        """Run one server until it dies or we are told to stop."""
        server = self._server = Server(self._place, self._memory_mb, lock)
        patience = _Patience()
        try:
            while server.running() and not self._stop.wait(
                _POLL if self._settled.is_set() else 0.01
            ):
                if not self._settled.is_set() and _answers(self._place, patience):
                    self._settled.set()
            if not self._stop.is_set():
                raise StoreUnavailable(server.obituary())
        finally:
            if server.running():
                server.stop()
            self._server = None


class _Patience:
    """Counts the silence of a server that is expected to answer soon."""

    def __init__(self) -> None:
        self.ends = time.monotonic() + _SILENCE

    def renew(self) -> None:
        self.ends = time.monotonic() + _SILENCE


def _answers(place: Place, patience: _Patience) -> bool:
    """
    Return whether the server of *place* answers and has loaded.

    Raises:
        StoreUnavailable: it has been silent for longer than *patience* allows.
    """
    client = redis.Redis(
        unix_socket_path=str(place.socket), socket_timeout=2.0, retry=Retry(NoBackoff(), 0)
    )
    try:
        return bool(client.ping())
    except redis.exceptions.BusyLoadingError:
        patience.renew()
    except redis.exceptions.RedisError as error:
        if time.monotonic() > patience.ends:
            raise StoreUnavailable(f"the embedded store does not answer: {error}") from error
    finally:
        client.close()
    return False


@contextlib.contextmanager
def _lock_file(place: Place) -> Iterator[int]:
    try:
        place.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(place.lock, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StoreUnavailable(unwritable(place.data, error)) from error
    try:
        yield lock
    finally:
        os.close(lock)


@contextlib.contextmanager
def kept(store: StoreSettings) -> Iterator[Keeper | None]:
    """
    Keep the embedded store for the length of a ``with``; for a given store (REDIS_URL) do nothing.

    Raises:
        StoreUnavailable: it cannot be started.
    """
    if store.url is not None:
        yield None
        return
    keeper = Keeper(store)
    keeper.start()
    try:
        yield keeper
    finally:
        keeper.stop()
