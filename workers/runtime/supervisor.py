"""
Runs child processes and threads, and restarts those that end.

A killed child is replaced within 2 s, a hung one (``workers/runtime/liveness.py``) within 10 s.
Children die with this process (``workers/embedded/pdeathsig.py``), have a session of their own, so
that Ctrl-C reaches the supervisor only, and get SIGTERM at the end, then SIGKILL.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from types import FrameType

from workers.embedded import pdeathsig
from workers.runtime import liveness
from workers.runtime.background_tasks import BackgroundTask, BackgroundTasks
from workers.runtime.heartbeats import Process
from workers.runtime.watchdog import Watchdog

READY_FD = "INSTEP_READY_FD"  # environment variable: pipe on which a child reports that it is ready

_log = logging.getLogger(__name__)

_TICK = 0.05  # s between polls of the children
_LIST = 0.5  # s between listings of their own children
_WAITS = (0.1, 0.3, 0.7, 1.5)  # s before a child is restarted, by deaths in a row
_SETTLED = 10.0  # s of uptime that end a series of deaths


@dataclass(frozen=True, slots=True)
class Child:
    """A module of this project to run as a process."""

    role: str
    module: str
    arguments: tuple[str, ...] = ()
    announces: bool = False  # it calls `announce` when it is ready
    delivers: bool = True  # it counts among the workers shared by destinations
    waits: bool = False  # not started before `Supervisor.release`


def announce() -> None:
    """Report to the supervisor, if any, that this process is ready."""
    if fd := os.environ.pop(READY_FD, None):
        os.write(int(fd), b"1")
        os.close(int(fd))


class Supervisor:
    """
    Args:
        children: Processes to run.
        tasks: Threads to run beside them.
        grace: Seconds between SIGTERM and SIGKILL for the children.
        limits: Limits of their silence.
        below: Returns the children of a child, by role and pid, which are watched too.
    """

    def __init__(
        self,
        children: Sequence[Child],
        tasks: Sequence[BackgroundTask] = (),
        *,
        grace: float = 20.0,
        limits: liveness.SilenceLimits | None = None,
        below: Callable[[str, int], Sequence[int]] = lambda *_: (),
    ) -> None:
        self._children = [_ChildProcess(spec) for spec in children]
        self._tasks = BackgroundTasks(tasks)
        self._grace = grace
        self._released = False
        self._signals = 0
        self._watch = liveness.HangDetector(limits or liveness.SilenceLimits())
        self._below = below
        self._roles: dict[int, str] = {}  # pid → role of all watched processes
        self._listed = 0.0

    def processes(self) -> list[Process]:
        """Return the running children."""
        found = [found for child in self._children if (found := child.process())]
        return [replace(each, hung=self.hangs(each.pid)) for each in found]

    def hangs(self, pid: int) -> bool:
        """Tell whether *pid*, a child or one below it, is hung."""
        return self._watch.hangs(pid)

    @property
    def released(self) -> bool:
        return self._released

    def release(self) -> None:
        """Start the children and tasks that wait."""
        self._released = True

    def run(self) -> int:
        """
        Run until SIGTERM, SIGINT or SIGHUP; a second signal kills the remaining children.

        Call it in the main thread: it receives the signals, and children are tied to its life.

        Returns:
            1 if one of its own tasks is stuck, else 0.
        """
        watchdog, works, last = Watchdog(), True, time.monotonic()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        try:
            while works and not self._signals:
                now = time.monotonic()
                for child in self._children:
                    if child.waits and not self._released:
                        continue
                    child.poll()
                    self._record(child.read_beats())
                self._end_hung(now - last)
                works = self._tasks.poll(now - last, released=self._released)
                watchdog.pat()
                last = now
                time.sleep(_TICK)
        finally:
            self._end_children()
            self._tasks.end()
        return 0 if works else 1

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._signals += 1

    def _record(self, pids: set[int]) -> None:
        self._watch.record(pids)
        if not pids <= self._roles.keys():
            # A new process: list it soon, so that it is watched.
            self._listed = max(self._listed, _LIST - 0.2)

    def _end_hung(self, seconds: float) -> None:
        """Kill hung processes, *seconds* after the last check; their parents restart them."""
        self._listed += seconds
        if self._listed >= _LIST:
            self._listed = 0.0
            self._roles = self._running()
        self._watch.pass_time(seconds, self._roles)
        for pid, role in self._roles.items():
            if self._watch.is_dead(pid):
                _log.error("process hangs: it is ended", extra={"role": role, "pid": pid})
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                self._watch.forget(pid)

    def _running(self) -> dict[int, str]:
        children = [found for child in self._children if (found := child.process())]
        return {
            pid: spec.role
            for spec in children
            for pid in (spec.pid, *self._below(spec.role, spec.pid))
        }

    def _end_children(self) -> None:
        for child in self._children:
            child.signal(signal.SIGTERM)
            child.signal(signal.SIGCONT)  # a stopped process would not get SIGTERM
        ends = time.monotonic() + self._grace
        while any(child.alive() for child in self._children):
            if time.monotonic() > ends or self._signals > 1:
                for child in self._children:
                    child.signal(signal.SIGKILL)
            time.sleep(_TICK)


class _ChildProcess:
    """One child: its running process, or when to start the next."""

    def __init__(self, spec: Child) -> None:
        self._spec = spec
        self._running: subprocess.Popen[bytes] | None = None
        self._ready: int | None = None  # pipe for its readiness
        self._heartbeats: int | None = None  # pipe for its beats
        self._due = 0.0
        self._born = 0.0
        self._died = 0  # times in a row

    @property
    def waits(self) -> bool:
        return self._spec.waits

    def process(self) -> Process | None:
        spec, running = self._spec, self._running
        if running is None:
            return None
        return Process(spec.role, running.pid, self._ready is None, spec.delivers)

    def alive(self) -> bool:
        return self._running is not None and self._running.poll() is None

    def signal(self, number: signal.Signals) -> None:
        if self._running:
            self._running.send_signal(number)  # no effect once it has ended

    def read_beats(self) -> set[int]:
        """Return the pids that have beaten since the last call."""
        return set() if self._heartbeats is None else liveness.read_beats(self._heartbeats)

    def poll(self) -> None:
        """Start the child if it is due; notice that it is ready or has ended."""
        if self._running:
            self._listen()
            if self._running.poll() is not None:
                self._on_exit(self._running)
        elif time.monotonic() >= self._due:
            self._start()

    def _start(self) -> None:
        spec, environ = self._spec, dict(os.environ)
        self._heartbeats, beat = _pipe()
        passed = [beat]
        environ[liveness.FD] = str(beat)
        if spec.announces:
            self._ready, ready = _pipe()
            passed.append(ready)
            environ[READY_FD] = str(ready)
        self._born = time.monotonic()
        try:
            self._running = subprocess.Popen(  # noqa: S603  # our own argv
                pdeathsig.module(spec.module, *spec.arguments),
                env=environ,
                stdin=subprocess.DEVNULL,
                pass_fds=passed,
                start_new_session=True,
            )
        except OSError as error:
            _log.error("cannot start a child", extra={"role": spec.role, "reason": str(error)})
            self._close_pipes()
            self._wait_longer()
        finally:
            for writer in passed:
                os.close(writer)

    def _listen(self) -> None:
        if self._ready is None:
            return
        try:
            message = os.read(self._ready, 1)
        except BlockingIOError:
            return
        if message:
            os.close(self._ready)
            self._ready = None

    def _close_pipes(self) -> None:
        for reader in (self._ready, self._heartbeats):
            if reader is not None:
                os.close(reader)
        self._ready = self._heartbeats = None

    def _on_exit(self, dead: subprocess.Popen[bytes]) -> None:
        status = dead.returncode
        how = {"signal": -status} if status < 0 else {"status": status}
        _log.warning("child ended", extra={"role": self._spec.role, "pid": dead.pid, **how})
        self._close_pipes()
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
