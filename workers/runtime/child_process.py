"""
One child of a supervisor: its process, its pipes, and when the next one starts.

A child has a session of its own, so that Ctrl-C reaches the supervisor only, and dies with the
supervisor (``workers/embedded/pdeathsig.py``).
"""

from __future__ import annotations

import logging
import os
import time
from dataclasses import dataclass
from signal import Signals

from workers.embedded import pdeathsig
from workers.runtime import liveness
from workers.runtime.forked_process import ForkedProcess, ForkServer
from workers.runtime.heartbeats import Process

_log = logging.getLogger(__name__)

_WAITS = (0.1, 0.3, 0.7, 1.5)  # s before a child is restarted, by deaths in a row
_SETTLED = 10.0  # s of uptime that end a series of deaths
_LARGEST = 65_536  # bytes of a report


@dataclass(frozen=True, slots=True)
class Child:
    """A module of this project, whose function ``main`` runs as a process."""

    role: str
    module: str
    arguments: tuple[str, ...] = ()
    announces: bool = False  # it is ready once it has called `announce`
    delivers: bool = True  # it counts among the workers shared by destinations
    waits: bool = False  # not started before `Supervisor.release`
    files: tuple[int, ...] = ()  # descriptors that it inherits
    drain: float = 0.0  # s between SIGUSR1 and SIGTERM where another one has replaced it
    grace: float = float("inf")  # s between SIGTERM and SIGKILL, if fewer than for the others


def announce() -> None:
    """Report to the supervisor, if any, that this process is ready."""
    pdeathsig.report(pdeathsig.READY)


class ChildProcess:
    """One child: its running process, or when to start the next. *server* starts it."""

    def __init__(self, spec: Child, server: ForkServer) -> None:
        self.spec = spec
        self.server = server
        self.status: int | None = None  # of the last process that has ended
        self.failure = ""  # why it failed before it was ready
        self._running: ForkedProcess | None = None
        self._reports: int | None = None  # pipe on which it reports that it is ready
        self._heartbeats: int | None = None  # pipe for its beats
        self._due = 0.0
        self._born = 0.0
        self._died = 0  # times in a row

    def process(self) -> Process | None:
        spec, running = self.spec, self._running
        if running is None or running.pid is None:
            return None
        return Process(spec.role, running.pid, self._reports is None, spec.delivers)

    @property
    def ready(self) -> bool:
        return self._running is not None and self._reports is None

    def alive(self) -> bool:
        return self._running is not None and self._running.poll() is None

    def signal(self, number: Signals) -> None:
        if self._running:
            self._running.signal(number)

    def read_beats(self) -> set[int]:
        """Return the pids that have beaten since the last call."""
        return set() if self._heartbeats is None else liveness.read_beats(self._heartbeats)

    def poll(self) -> None:
        """Start the child if it is due; notice that it is ready or has ended."""
        if self._running:
            self._listen()
            status = self._running.poll()
            if status is not None:
                self._on_exit(self._running, status)
        elif time.monotonic() >= self._due:
            self._start()

    def close(self) -> None:
        """Give up its pipes, for good."""
        for reader in (self._reports, self._heartbeats):
            if reader is not None:
                os.close(reader)
        self._reports = self._heartbeats = None

    def _start(self) -> None:
        spec, environ = self.spec, dict(os.environ)
        self._heartbeats, beat = _pipe()
        passed = [beat]
        environ[liveness.FD] = str(beat)
        self.failure, self.status = "", None
        if spec.announces:
            self._reports, ready = _pipe()
            passed.append(ready)
            environ[pdeathsig.REPORT_FD] = str(ready)
        self._born = time.monotonic()
        try:
            self._running = self.server.start(
                spec.module,
                spec.arguments,
                title=f"instep {' '.join((spec.role, *spec.arguments))}",
                environ=environ,
                files=(*passed, *spec.files),
            )
        except OSError as error:
            _log.error("cannot start a child", extra={"role": spec.role, "reason": str(error)})
            self.failure = str(error)
            self.close()
            self._wait_longer()
        finally:
            for writer in passed:
                os.close(writer)

    def _listen(self) -> None:
        if self._reports is None:
            return
        try:
            message = os.read(self._reports, _LARGEST)
        except BlockingIOError:
            return
        if message == pdeathsig.READY:
            os.close(self._reports)
            self._reports = None
        else:
            self.failure = self.failure or message.decode(errors="replace")

    def _on_exit(self, dead: ForkedProcess, status: int) -> None:
        self._listen()  # to what it reported as it ended
        self.status = status
        how = {"signal": -status} if status < 0 else {"status": status}
        _log.warning("child ended", extra={"role": self.spec.role, "pid": dead.pid, **how})
        self.close()
        self._running = None
        self._wait_longer()

    def _wait_longer(self) -> None:
        now = time.monotonic()
        self._died = 1 if now - self._born > _SETTLED else self._died + 1
        self._due = now + _WAITS[min(self._died, len(_WAITS)) - 1]


def _pipe() -> tuple[int, int]:
    """Return a pipe whose reading end is non-blocking."""
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    return reader, writer
