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
import threading
import time
from collections.abc import Iterator

from workers.config.settings import StoreSettings
from workers.embedded import repair
from workers.embedded.layout import Place, unwritable
from workers.embedded.server import PingMonitor, Server
from workers.errors import StoreDamaged, StoreUnavailable
from workers.store import connection
from workers.store.losses import Losses, message
from workers.store.scripts import Steps
from workers.store.witness import EVERY, Witness

_log = logging.getLogger(__name__)

_POLL = 0.05  # s between two looks at the lock or at the server
_ASK = 1.0  # s between two PINGs of a server that answers
_SETTLED = 5.0  # s after which a server that dies is no longer dying over and over
_LONGEST_WAIT = 1.5  # s before a dead server is started anew, at most
_DAMAGED = 30.0  # s before files that are damaged are looked at again


class Keeper:
    """
    Starts the embedded store of *store*, or joins it, and keeps it until `stop`.

    The work is done in a thread of its own, since loading a large store takes seconds.
    """

    def __init__(self, store: StoreSettings) -> None:
        self._place = Place.of(store.data)
        self._memory_mb = store.memory_mb
        self._client = connection.connect(store, retries=0)
        self._witness = Witness(Steps(self._client), self._place.seen, copies=True)
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
            self._client.close()
            self._settled.set()

    def _take(self, lock: int) -> bool:
        """Wait for the lock; meanwhile another keeper's server is as good as ours."""
        watch = PingMonitor(self._place)
        try:
            while not self._stop.is_set():
                with contextlib.suppress(BlockingIOError):
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return True
                if not self._settled.is_set() and watch.answers():
                    self._settled.set()
                self._stop.wait(_POLL)
            return False
        finally:
            watch.close()

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
                if isinstance(error, StoreDamaged):
                    self._stop.wait(_DAMAGED)
            died = 1 if time.monotonic() - began > _SETTLED else died + 1
            wait = min(0.3 * (died - 1), _LONGEST_WAIT)

    def _serve(self, lock: int) -> None:
        """Run one server until it dies, hangs, or we are told to stop."""
        repair.check_files(self._place)
        server = self._server = Server(self._place, self._memory_mb, lock)
        try:
            answered = self._wait_for(server) and self._watch(server)
            if self._stop.is_set():
                return
            if not answered and server.failed and self._mend():
                return  # and once more
            if not answered and server.failed:
                raise StoreUnavailable(
                    f"{server.exit_message()}\nnothing was changed; if its files are damaged, "
                    f"restore a backup of {self._place.directory}, and run `instep reconcile`"
                )
            raise StoreUnavailable(server.exit_message())
        finally:
            if server.running():
                server.stop()
            server.close()
            self._server = None

    def _wait_for(self, server: Server) -> bool:
        """Return whether *server* has come to answer."""
        while server.running() and not self._stop.wait(0.01):
            if server.answers():
                self._tell_losses()
                self._settled.set()
                return True
        return False

    def _watch(self, server: Server) -> bool:
        """Return once *server* runs no more; one that hangs is ended."""
        ask = look = time.monotonic()
        while server.running() and not self._stop.wait(_POLL):
            now = time.monotonic()
            if now >= ask:
                if server.hangs():
                    _log.error("store hangs: it is started anew", extra={"pid": server.pid})
                    server.kill()
                ask = now if server.silent else now + _ASK
            if now >= look:
                self._look()
                look = now + EVERY
        if server.running():
            self._look()
        return True

    def _mend(self) -> bool:
        """Cut off the damaged end of the files; False: nothing is wrong with them."""
        try:
            cut = repair.mend(self._place)
        except OSError as error:
            raise StoreUnavailable(unwritable(self._place.data, error)) from error
        return cut is not None

    def _tell_losses(self) -> None:
        """Note in the store what was cut off before it started."""
        try:
            losses = Losses(Steps(self._client))
            for loss in repair.pending(self._place):
                losses.note(loss)
                _log.error("store: %s; run instep reconcile for each collection", message(loss))
            repair.forget_pending(self._place)
        except StoreUnavailable as error:
            _log.error("store: what was cut off could not be noted: %s", error)
        self._look()

    def _look(self) -> None:
        """Compare the store with how far it had come."""
        try:
            loss = self._witness.look()
        except StoreUnavailable:
            return  # it is asked again
        if loss:
            _log.error("store: %s; run instep reconcile for each collection", message(loss))


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
