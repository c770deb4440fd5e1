"""
Runs child processes and threads, and starts anew what ends.

A killed child is replaced within 2 s. Children are tied to this process (see ``tether``), have
a session of their own, so that Ctrl-C is for the supervisor alone, and get SIGTERM when it ends,
then SIGKILL.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FrameType

from workers import tether
from workers.processes import Process

READY_FD = "INSTEP_READY_FD"  # environment variable: where a child says that it is at work

_log = logging.getLogger(__name__)

_TICK = 0.05  # s between two looks at the children
_WAITS = (0.1, 0.3, 0.7, 1.5)  # s before a child is started anew, by how often it died in a row
_SETTLED = 10.0  # s after which a child that dies is no longer dying over and over


@dataclass(frozen=True, slots=True)
class Child:
    """
    A module of this project to run.

    Args:
        announces: It calls `announce` once it is at work.
        delivers: It counts among the workers that destinations share.
    """

    role: str
    module: str
    arguments: tuple[str, ...] = ()
    announces: bool = False
    delivers: bool = True


@dataclass(frozen=True, slots=True)
class Duty:
    """Something to do in a thread until the event is set; started anew when it ends or fails."""

    name: str
    run: Callable[[threading.Event], None]


def announce() -> None:
    """Tell the supervisor, if there is one, that this process is at work."""
    if fd := os.environ.pop(READY_FD, None):
        os.write(int(fd), b"1")
        os.close(int(fd))


class Supervisor:
    """
    Args:
        children: Processes to run.
        duties: Threads to run beside them.
        grace: Seconds that children have to end after SIGTERM.
    """

    def __init__(
        self, children: Sequence[Child], duties: Sequence[Duty] = (), *, grace: float = 20.0
    ) -> None:
        self._nursery = [_Nursed(child) for child in children]
        self._duties = duties
        self._grace = grace
        self._signals = 0
        self._threads: dict[str, threading.Thread] = {}
        self._ended = threading.Event()  # for the duties

    def processes(self) -> list[Process]:
        """Return the children that run now."""
        return [found for nursed in self._nursery if (found := nursed.process())]

    def run(self) -> int:
        """
        Run until SIGTERM, SIGINT or SIGHUP; a second one kills what has not ended yet.

        Call it in the main thread: signals arrive there, and children are tied to a thread.
        """
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        try:
            while not self._signals:
                for nursed in self._nursery:
                    nursed.tend()
                self._tend_duties()
                time.sleep(_TICK)
        finally:
            self._end_children()
            self._end_duties()
        return 0

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._signals += 1

    def _tend_duties(self) -> None:
        for duty in self._duties:
            thread = self._threads.get(duty.name)
            if thread is None or not thread.is_alive():
                thread = threading.Thread(
                    target=self._do, args=(duty,), name=duty.name, daemon=True
                )
                self._threads[duty.name] = thread
                thread.start()

    def _do(self, duty: Duty) -> None:
        try:
            duty.run(self._ended)
        except Exception:
            _log.exception("duty failed", extra={"duty": duty.name})
        self._ended.wait(1.0)  # not over and over

    def _end_children(self) -> None:
        for nursed in self._nursery:
            nursed.signal(signal.SIGTERM)
        ends = time.monotonic() + self._grace
        while any(nursed.alive() for nursed in self._nursery):
            if time.monotonic() > ends or self._signals > 1:
                for nursed in self._nursery:
                    nursed.signal(signal.SIGKILL)
            time.sleep(_TICK)

    def _end_duties(self) -> None:
        self._ended.set()
        for thread in self._threads.values():
            thread.join(5.0)


class _Nursed:
    """One child: the process that runs now, or when the next one is to be started."""

    def __init__(self, child: Child) -> None:
        self._child = child
        self._running: subprocess.Popen[bytes] | None = None
        self._ready: int | None = None  # where it will say that it is at work
        self._due = 0.0
        self._born = 0.0
        self._died = 0  # times in a row

    def process(self) -> Process | None:
        child, running = self._child, self._running
        if running is None:
            return None
        return Process(child.role, running.pid, self._ready is None, child.delivers)

    def alive(self) -> bool:
        return self._running is not None and self._running.poll() is None

    def signal(self, number: signal.Signals) -> None:
        if self._running:
            self._running.send_signal(number)  # does nothing once it has ended

    def tend(self) -> None:
        """Start the child where it is due, and notice what it said or that it died."""
        if self._running:
            self._listen()
            if self._running.poll() is not None:
                self._bury(self._running)
        elif time.monotonic() >= self._due:
            self._start()

    def _start(self) -> None:
        child, environ = self._child, dict(os.environ)
        reader, writer = os.pipe() if child.announces else (None, None)
        if reader is not None and writer is not None:
            environ[READY_FD] = str(writer)
            os.set_blocking(reader, False)
        self._ready, self._born = reader, time.monotonic()
        try:
            self._running = subprocess.Popen(  # noqa: S603  # our own argv
                tether.module(child.module, *child.arguments),
                env=environ,
                stdin=subprocess.DEVNULL,
                pass_fds=() if writer is None else (writer,),
                start_new_session=True,
            )
        except OSError as error:
            _log.error("cannot start a child", extra={"role": child.role, "reason": str(error)})
            self._hang_up()
            self._wait_longer()
        finally:
            if writer is not None:
                os.close(writer)

    def _listen(self) -> None:
        if self._ready is None:
            return
        try:
            said = os.read(self._ready, 1)
        except BlockingIOError:
            return
        if said:
            self._hang_up()

    def _hang_up(self) -> None:
        if self._ready is not None:
            os.close(self._ready)
            self._ready = None

    def _bury(self, dead: subprocess.Popen[bytes]) -> None:
        status = dead.returncode
        how = {"signal": -status} if status < 0 else {"status": status}
        _log.warning("child ended", extra={"role": self._child.role, "pid": dead.pid, **how})
        self._hang_up()
        self._running = None
        self._wait_longer()

    def _wait_longer(self) -> None:
        now = time.monotonic()
        self._died = 1 if now - self._born > _SETTLED else self._died + 1
        self._due = now + _WAITS[min(self._died, len(_WAITS)) - 1]
