"""
Keeps the embedded store running while any process needs it.

Each such process has a keeper; the one with the lock of the data directory runs the server as its
child, restarts it when it dies, and stops it when the process ends. The others wait for the lock
and take over. The server inherits the lock, so that no second one can start beside it, even right
after its keeper was killed.
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

_BEGINS = 0.01  # s between PINGs of a server that does not listen yet
_LOADS = 0.1  # … of one that loads its data: each is a new connection
_POLL = 0.05  # s between checks of the lock or the server
_ASK = 1.0  # s between PINGs of a server that answers
_SETTLED = 5.0  # s of uptime that end a series of crashes
_LONGEST_WAIT = 1.5  # s before a dead server is restarted, at most
_TELL = 2.0  # s of loading before that is told, and between two lines
_DAMAGED = 30.0  # s before damaged files are checked again


class Keeper:
    """
    Starts or joins the embedded store of *store*, and keeps it running until `stop`.

    It works in a thread of its own, since loading a large store takes seconds. *patient*: its start
    waits for that, however long it takes.
    """

    def __init__(self, store: StoreSettings, *, patient: bool = True) -> None:
        self._place = Place.of(store.data)
        self._patient = patient
        self._memory_mb = store.memory_mb
        self._client = connection.connect(store, retries=0)
        self._witness = Witness(Steps(self._client), self._place.seen, copies=True)
        self._server: Server | None = None
        self._error: StoreUnavailable | None = None
        self._settled = threading.Event()  # the store has answered, or the start has failed
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="store keeper", daemon=True)

    @property
    def pid(self) -> int | None:
        """The pid of the server, if this keeper runs it."""
        server = self._server
        return server.pid if server and server.running() else None

    def start(self) -> None:
        """
        Return once the store has loaded its data and answers, or is seen to need time for that.

        Raises:
            StoreUnavailable: It cannot be started; the message ends with the server's last log
                lines.
        """
        self._thread.start()
        self._settled.wait()
        if self._error:
            self.stop()
            raise self._error

    def stop(self) -> None:
        """Stop the server if this keeper runs it."""
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
        """Wait for the lock; meanwhile another keeper's server will do."""
        watch = PingMonitor(self._place)
        try:
            while not self._stop.is_set():
                with contextlib.suppress(BlockingIOError):
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return True
                if not self._settled.is_set() and (watch.answers() or self._leaves(watch.loads)):
                    self._settled.set()
                self._stop.wait(_POLL)
            return False
        finally:
            watch.close()

    def _keep(self, lock: int) -> None:
        wait, died = 0.0, 0  # deaths in a row
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
        """Run one server until it dies, hangs, or `stop` is called."""
        repair.check_files(self._place)
        server = self._server = Server(self._place, self._memory_mb, lock)
        try:
            answered = self._wait_for(server) and self._watch(server)
            if self._stop.is_set():
                return
            if not answered and server.failed and self._mend():
                return  # to try again
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
            # What was just used would be taken as it is, and nothing is sent again.
            self._client.connection_pool.disconnect()

    def _wait_for(self, server: Server) -> bool:
        """Wait until *server* answers; False: it ended."""
        due = time.monotonic() + _TELL
        while server.running() and not self._stop.wait(_LOADS if server.loads else _BEGINS):
            if server.answers():
                self._tell_losses()
                self._settled.set()
                return True
            if server.loads and time.monotonic() >= due:
                _log.warning("store loads its data", extra={"progress": server.progress()})
                due = time.monotonic() + _TELL
                if self._leaves(server.loads):
                    self._settled.set()
        return False

    def _leaves(self, loads: bool) -> bool:
        """Tell whether the start is over although the store *loads*: web processes spool then."""
        return loads and not self._patient

    def _watch(self, server: Server) -> bool:
        """Return once *server* has ended; kill it if it hangs."""
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
        """Cut off the damaged end of the files; False: there is none."""
        try:
            cut = repair.mend(self._place)
        except OSError as error:
            raise StoreUnavailable(unwritable(self._place.data, error)) from error
        return cut is not None

    def _tell_losses(self) -> None:
        """Record in the store what was cut off before it started."""
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
        """Compare the store with its recorded progress."""
        try:
            loss = self._witness.look()
        except StoreUnavailable:
            return  # checked again later
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
def kept(store: StoreSettings, *, patient: bool = True) -> Iterator[Keeper | None]:
    """
    Keep the embedded store running during a ``with``; no effect with REDIS_URL.

    *patient*: begin once it has loaded its data.

    Raises:
        StoreUnavailable: It cannot be started.
    """
    if store.url is not None:
        yield None
        return
    keeper = Keeper(store, patient=patient)
    keeper.start()
    try:
        yield keeper
    finally:
        keeper.stop()
