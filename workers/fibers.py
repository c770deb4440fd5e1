"""
Fibers: one thread carries out many calls, each until it has to wait for something.

Threads take turns at any time, which took a web process nearly as long as its work; fibers take
turns only where they `wait`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from time import monotonic
from typing import Any, Final, ParamSpec, TypeVar

from greenlet import getcurrent, greenlet

ASIDE: Final = 16  # threads for calls that block

P = ParamSpec("P")
R = TypeVar("R")

_aside = ThreadPoolExecutor(ASIDE, "aside")  # starts no thread before the first call


class _Here(threading.local):
    host: Host | None = None


_here = _Here()


class Host:
    """The fibers of one thread, which has to call `run`."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self._main: Any = None  # the greenlet of `run`
        self._idle: list[Any] = []  # fibers whose call has ended
        self._since = float("inf")  # when the call under way began; inf: none is

    def run(self) -> None:
        """Make the calls, one behind the other, until the process ends."""
        _here.host, self._main = self, getcurrent()
        try:
            while True:
                call = self._calls.get()
                self._since = monotonic()
                call()
                self._since = float("inf")
        finally:
            self._since = float("-inf")  # a thread that has ended is stuck for good

    def call(self, function: Callable[[], object]) -> None:
        """Have the thread call *function*, which must neither wait nor raise; from any thread."""
        self._calls.put(function)

    def is_stuck(self, seconds: float) -> bool:
        """Return whether one call has held the thread for *seconds*."""
        return monotonic() - self._since > seconds

    def begin(self, function: Callable[[], object]) -> None:
        """
        Call *function* in a fiber, and return when that waits or ends; in the thread of `run`.

        It must not raise, and must not wait while it holds a lock: the next fiber has the same
        thread.
        """
        # Fibers are used again: the memory of a new one takes longer than to switch to it 20 times.
        fiber = self._idle.pop() if self._idle else self._new()
        fiber.gr_context = None  # the context variables of the call before are not this one's
        fiber.switch(function)

    def _new(self) -> Any:
        fiber = greenlet(self._carry_out, parent=self._main)
        fiber.switch()  # not with the call: a fiber holds what it begins with until it ends
        return fiber

    def _carry_out(self) -> None:
        fiber = getcurrent()
        while True:
            self._main.switch()()  # in no variable: an idle fiber would hold it, with its body
            self._idle.append(fiber)

    def leave(self) -> None:
        """Let the other fibers go on, until the one that calls this is switched to again."""
        self._main.switch()


class Pause:
    """A wait of the fiber that makes it, until `end`."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._fiber = getcurrent()

    def wait(self) -> None:
        """Wait; once at most."""
        self._host.leave()

    def end(self) -> None:
        """Let the fiber go on, also if it does not wait yet; from any thread, once."""
        self._host.call(self._fiber.switch)


def host() -> Host | None:
    """Return the host of the fiber that calls this; None: it is a thread of its own."""
    return _here.host


def turn() -> None:
    """Let all fibers go on that may; a thread of its own has none."""
    if here := _here.host:
        pause = Pause(here)
        pause.end()
        pause.wait()


def aside(function: Callable[P, R], *arguments: P.args, **named: P.kwargs) -> R:
    """Return what *function* returns, which may block: in a fiber, the others go on meanwhile."""
    here = _here.host
    if here is None:
        return function(*arguments, **named)
    pause = Pause(here)
    future = _aside.submit(function, *arguments, **named)
    future.add_done_callback(lambda _: pause.end())
    pause.wait()
    return future.result()
