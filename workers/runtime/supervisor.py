"""
Runs child processes and threads, restarts those that end, and replaces them while they run.

A killed child is replaced within 2 s, a hung one (``workers/runtime/liveness.py``) within 10 s.
Children die with this process (``workers/embedded/pdeathsig.py``), and get SIGTERM at the end, then
SIGKILL.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from types import FrameType

from workers.runtime import liveness
from workers.runtime.background_tasks import BackgroundTask, BackgroundTasks
from workers.runtime.child_process import Child, ChildProcess
from workers.runtime.forked_process import ForkServer
from workers.runtime.heartbeats import Process
from workers.runtime.replacement import GRACE, Departure, Replacement
from workers.runtime.terminal import Terminal
from workers.runtime.watchdog import Watchdog

_log = logging.getLogger(__name__)

_TICK = 0.05  # s between polls of the children while one starts, ends or is replaced
_REST = 0.15  # … while all run
STOPPED = "Instep is stopped"  # why a replacement was given up


@dataclass(slots=True)
class _Wanted:
    """A replacement that another thread waits for."""

    replacement: Replacement
    tasks: Sequence[BackgroundTask]
    done: threading.Event = field(default_factory=threading.Event)


class Supervisor:
    """
    Args:
        children: Processes to run.
        tasks: Threads to run beside them.
        server: Starts the children; its successors start later ones.
        grace: Seconds between SIGTERM and SIGKILL for the children.
        limits: Limits of their silence.
        on_hangup: Called in the main thread on SIGHUP; None: it ends the supervisor, as SIGTERM.
        on_stop: Called at the end, once the children were asked to end.
    """

    def __init__(
        self,
        children: Sequence[Child],
        tasks: Sequence[BackgroundTask] = (),
        *,
        server: ForkServer | None = None,
        grace: float = GRACE,
        limits: liveness.SilenceLimits | None = None,
        on_hangup: Callable[[], None] | None = None,
        on_stop: Callable[[], None] = lambda: None,
    ) -> None:
        self._server = server or ForkServer()
        self._children = [ChildProcess(spec, self._server) for spec in children]
        self._tasks = BackgroundTasks(tasks)
        self._grace = grace
        self._released = False
        self._signals = 0
        self._watch = liveness.HangDetector(limits or liveness.SilenceLimits())
        self._on_hangup = on_hangup
        self._on_stop = on_stop
        self._terminal = Terminal()
        self._wanted: _Wanted | None = None
        self._departures: list[Departure] = []

    def processes(self) -> list[Process]:
        """Return the running children."""
        found = [found for child in self._children if (found := child.process())]
        return [replace(each, hung=self.hangs(each.pid)) for each in found]

    def hangs(self, pid: int) -> bool:
        """Tell whether *pid*, a child, is hung."""
        return self._watch.hangs(pid)

    @property
    def released(self) -> bool:
        return self._released

    def release(self) -> None:
        """Start the children and tasks that wait."""
        self._released = True

    def replace(self, children: Sequence[Child], tasks: Sequence[BackgroundTask]) -> str | None:
        """
        Replace all children by *children*, and the tasks of the same names by *tasks*.

        For one thread that is not the main one; it returns once the new ones are ready, while the
        old ones end.

        Returns:
            None, or why one did not come up: then the old ones go on.
        """
        server = self._server.successor()
        wanted = _Wanted(Replacement(children, server, released=self._released), tasks)
        self._wanted = wanted
        wanted.done.wait()
        return wanted.replacement.failure

    def run(self) -> int:
        """
        Run until SIGTERM or SIGINT; a second signal kills the remaining children.

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
                self._poll(now - last)
                works = self._tasks.poll(now - last, released=self._released)
                watchdog.pat()
                last = now
                time.sleep(_REST if self._is_at_rest() else _TICK)
        finally:
            self._tasks.ask()
            self._end_children()
            self._tasks.end()
        return 0 if works else 1

    def _is_at_rest(self) -> bool:
        moves = self._wanted or self._departures or self._signals
        return not moves and all(child.ready for child in self._children)

    def _poll(self, seconds: float) -> None:
        for child in self._children:
            if child.spec.waits and not self._released:
                continue
            child.poll()
            self._watch.record(child.read_beats())
        self._end_hung(seconds)
        self._replace()
        self._departures = [each for each in self._departures if not each.poll()]

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGHUP and self._on_hangup and not self._terminal.is_gone():
            self._on_hangup()
        else:
            self._signals += 1

    def _replace(self) -> None:
        wanted = self._wanted
        if wanted is None:
            return
        replacement = wanted.replacement
        replacement.poll()
        if replacement.failure is not None:
            self._departures.append(Departure(replacement.children, drain=False))
        elif replacement.complete:
            self._departures.append(Departure(self._children, drain=True))
            self._children = replacement.children
            self._tasks.replace(wanted.tasks)
        else:
            return
        self._wanted = None
        wanted.done.set()

    def _end_hung(self, seconds: float) -> None:
        """Kill hung processes, *seconds* after the last check; their parents restart them."""
        found = (child.process() for child in self._children)
        roles = {each.pid: each.role for each in found if each}
        self._watch.pass_time(seconds, roles)
        for pid, role in roles.items():
            if self._watch.is_dead(pid):
                _log.error("process hangs: it is ended", extra={"role": role, "pid": pid})
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                self._watch.forget(pid)

    def _end_children(self) -> None:
        children = [*self._children]
        for departure in self._departures:
            children += departure.children
        if wanted := self._wanted:
            children += wanted.replacement.children
            wanted.replacement.failure = STOPPED
            wanted.done.set()
        end = Departure(children, drain=False, grace=self._grace)
        end.poll()
        self._on_stop()
        while not end.poll(kill=self._signals > 1):
            time.sleep(_TICK)
