"""
Starts what is due, on one of all machines: one reconcile at a time for each destination.

One process starts them (`keys.RECONCILER`). A run is a process of its own, the command without a
terminal; it ends by itself if it makes no progress (``time_limit.py``). One that hangs or takes too
long is ended here and counts as failed.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import IO

import redis

from service.reconcile.due_times import Times, due_at, regular_at
from service.reconcile.lock import holder
from service.reconcile.state.past_runs import LONGEST, last_of, note_end, note_seen, note_turn
from workers.config.settings import Collection, Settings
from workers.embedded import pdeathsig
from workers.errors import StoreUnavailable
from workers.store import connection, keys
from workers.store.complaint import Complaint
from workers.store.lease import Lease, Owner

TOTAL = 6 * 3600.0  # s of one run: 20,000 items of v1, each written by a call of its own
SILENT = 120.0  # s without its lock: it is stopped or hangs, or has not begun
AT_ONCE = 4  # runs, each for another destination
_LOOK = 1.0  # s between two checks of what is due, and of what runs
_GRACE = 2.5  # s that a run has to end; its changes are in the store

_log = logging.getLogger(__name__)


def scheduled(settings: Settings) -> tuple[Collection, ...]:
    """Return the collections with a scheduled reconcile."""
    timed = (each for each in settings.collections.values())
    return tuple(one for one in timed if one.reconcile.every or one.reconcile.at)


@dataclass(frozen=True, slots=True)
class Timed:
    """
    What the schedule starts.

    Args:
        name: Of its lock and its last run (``state/past_runs.py``).
        slot: Of all that have it one runs at a time.
        words: Arguments of *module*, by default of the command.
        extra: Of its log lines.
        not_before: Returns until when it has to wait, whatever *times* say.
    """

    name: str
    slot: str
    times: Times
    words: tuple[str, ...]
    extra: Mapping[str, str] = field(default_factory=dict)
    not_before: Callable[[redis.Redis], datetime | None] = lambda _: None
    module: str = "service"


def timed_reconcile(collection: Collection) -> Timed:
    """Return the reconcile of *collection*."""
    words = ("reconcile", collection.name, "--scheduled", "--limit", "0")
    extra = {"collection": collection.name}
    return Timed(collection.name, collection.destination, collection.reconcile, words, extra)


def reconciles(settings: Settings) -> tuple[Timed, ...]:
    """Return the scheduled reconciles."""
    return tuple(map(timed_reconcile, scheduled(settings)))


class Schedule:
    """
    Starts the runs that are due, and limits them.

    Args:
        all_of: Returns what is scheduled.
    """

    def __init__(
        self,
        settings: Settings,
        all_of: Callable[[Settings], tuple[Timed, ...]] = reconciles,
    ) -> None:
        self._settings = settings
        self._all_of = all_of
        self._client = connection.connect(settings.store)

    def use(self, settings: Settings) -> None:
        """Go by *settings* from now on."""
        self._settings = settings

    def run(self, stop: threading.Event) -> None:
        """Start due runs until *stop*; a duty of the supervisor."""
        away = Complaint(_log, "schedule without the store")
        lease = Lease(self._client, keys.RECONCILER, "the schedule")
        running: list[ScheduledRun] = []
        while not stop.wait(_LOOK):
            try:
                if self._all_of(self._settings) and lease.take():
                    running += self.start(running)
                away.over()
            except StoreUnavailable as error:
                away.tell(str(error))
            running = [each for each in running if not each.look()]
        for each in running:
            each.end("Instep is stopped")
        ends = time.monotonic() + _GRACE
        while running and time.monotonic() < ends:
            running = [each for each in running if not each.look()]
            time.sleep(_LOOK / 10)
        for each in running:
            each.kill()
        with contextlib.suppress(StoreUnavailable):
            lease.end()

    def start(self, running: list[ScheduledRun]) -> list[ScheduledRun]:
        """
        Start the due runs for which there is room, and return them; raises StoreUnavailable if the
        store did not answer.
        """
        busy = {each.timed.slot for each in running}
        started: list[ScheduledRun] = []
        for timed, tries in self.due(datetime.now(UTC)):
            if timed.slot in busy or len(busy) >= AT_ONCE:
                continue
            busy.add(timed.slot)
            note_turn(self._client, timed.name, tries)
            started.append(ScheduledRun(self._client, timed))
        return started

    def due(self, now: datetime) -> list[tuple[Timed, int]]:
        """
        Return what is due, the longest overdue first, with the number of the try.

        What runs already is left out.

        Raises:
            StoreUnavailable: The store did not answer.
        """
        found = []
        for timed in self._all_of(self._settings):
            last = last_of(self._client, timed.name)
            if last.seen is None:
                note_seen(self._client, timed.name)
            due = due_at(timed.times, last, now)
            if due is None or due > now or holder(self._client, timed.name):
                continue
            if (free := timed.not_before(self._client)) and free > now:
                continue
            regular = regular_at(timed.times, last, now)
            fresh = last.is_asked_for or (regular is not None and regular <= now)
            tries = 1 if fresh else last.tries + 1
            found.append((due, timed.name, timed, tries))
        return [(timed, tries) for _, _, timed, tries in sorted(found, key=lambda each: each[:2])]


class ScheduledRun:
    """
    One started run.

    Args:
        total, silent: Limits, in s.
        command: None: that of *timed*.
    """

    def __init__(
        self,
        client: redis.Redis,
        timed: Timed,
        *,
        total: float = TOTAL,
        silent: float = SILENT,
        command: list[str] | None = None,
    ) -> None:
        self.timed = timed
        self._client = client
        self._total, self._silent = total, silent
        self._since = datetime.now(UTC)
        self._begun = self._seen = time.monotonic()
        self._ends = float("inf")
        self._why = ""
        # A file: a full pipe would block it.
        self._output: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # closed once it has ended
        self._process = subprocess.Popen(  # noqa: S603  # our own argv
            command or pdeathsig.module(timed.module, *timed.words),
            env=dict(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        _log.info("reconcile started", extra=dict(timed.extra))

    def look(self) -> bool:
        """End it where a limit is met; log the end and return whether it has ended."""
        if self._process.poll() is not None:
            self._report()
            return True
        now = time.monotonic()
        if now > self._ends:
            self._process.kill()
        elif not self._why and now - self._begun > self._total:
            self.end(f"it took more than {self._total / 3600:g} hours")
        elif not self._why and not self._lives(now):
            self.end(f"its process hung for {self._silent:g} s")
        return False

    def end(self, why: str) -> None:
        """Ask it to end; it is killed some seconds later."""
        self._why, self._ends = why, time.monotonic() + _GRACE
        _log.warning("reconcile is ended", extra={**self.timed.extra, "reason": why})
        self._process.send_signal(signal.SIGTERM)
        self._process.send_signal(signal.SIGCONT)  # one that is stopped would not hear the other

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._report()

    def _lives(self, now: float) -> bool:
        """
        Tell whether it holds its lock, which its own thread renews, or has lacked it only briefly.
        """
        try:
            owner = holder(self._client, self.timed.name)
        except StoreUnavailable:
            self._seen = now
            return True
        if owner is not None and self._is_run(owner):
            self._seen = now
        return now - self._seen <= self._silent

    def _is_run(self, owner: Owner) -> bool:
        # Not by pid alone: processes in containers of two machines often have the same.
        return (owner.host, owner.pid) == (socket.gethostname(), self._process.pid)

    def _report(self) -> None:
        """Log how it ended, and record it if the run could not."""
        self._output.seek(0)
        message = self._output.read().decode(errors="replace").strip()[-LONGEST:]
        self._output.close()
        code = self._process.returncode
        if code < 0:
            message = f"its process was ended by {signal.Signals(-code).name}"
        if self._why:
            message = f"{self._why}: {message}" if message else self._why
        name, extra = self.timed.name, {**self.timed.extra, "code": code, "said": message}
        seconds = round(time.monotonic() - self._begun, 1)
        level = logging.INFO if code == 0 else logging.WARNING
        _log.log(level, "reconciled", extra=extra | {"seconds": seconds})
        with contextlib.suppress(StoreUnavailable):
            last, owner = last_of(self._client, name), holder(self._client, name)
            if owner is not None and not self._is_run(owner):
                return  # another run has taken over: the record is that one's
            if last.ended is None or last.ended < self._since or (self._why and code != 0):
                note_end(self._client, name, code, message)
