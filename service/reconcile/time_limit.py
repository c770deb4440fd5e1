"""
Ends a run early: at a signal, or when it has made no progress for too long.

Both raise `Ended` in the main thread, so that locks and connections are released. If that has no
effect, because the C code of a driver does not return, a thread ends the process.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

STALL = 600.0  # s without progress: no row, page, portion or settled record
GRACE = 10.0  # s from the signal until the process is ended
_TICK = 1.0  # s between two checks
_WORDS = {
    signal.SIGINT: "ended by Ctrl-C",
    signal.SIGTERM: "ended by SIGTERM",
    signal.SIGHUP: "ended, because its terminal was closed",
}


class Ended(KeyboardInterrupt):
    """Ends the run now. Drivers of databases end the query on a `KeyboardInterrupt`."""


class TimeLimit:
    """
    Keeps the stage of a run and the time of its last progress; passive outside of `watched`.

    Args:
        seconds: Allowed without progress.
        now: Monotonic, in s.
    """

    def __init__(
        self, seconds: float = STALL, *, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds = seconds
        self.tick = min(_TICK, max(0.01, seconds / 10))  # s between two checks
        self._now = now
        self._doing = "starting"
        self._done: object = None
        self._since = now()
        self._waits = False
        self._failed = ""
        self.words = ""  # why it ended; empty: it did not

    def begin(self, doing: str) -> Callable[..., None]:
        """Begin a stage; return the callback for its progress."""
        self._doing, self._done = doing, None
        self.moved()
        return self._at

    def moved(self) -> None:
        """Note progress."""
        self._since = self._now()

    def _at(self, done: object, *_: object) -> None:
        if done != self._done:
            self._done = done
            self.moved()

    @contextlib.contextmanager
    def waiting(self, waits: bool = True) -> Iterator[None]:
        """Suspend the limit for the length of a ``with``: a person answers, or a pipe is filled."""
        self._waits = waits
        try:
            yield
        finally:
            self._waits = False
            self.moved()

    @property
    def stopped(self) -> bool:
        """Whether somebody ended it, by a signal."""
        return self.words in _WORDS.values()

    def fail(self, words: str) -> None:
        self._failed = words

    def exceeded(self) -> str:
        """Return why the run has to end, or nothing."""
        if self._failed:
            return self._failed
        if self._waits or self._now() - self._since < self._seconds:
            return ""
        return f"{self._doing}: no progress for {self._seconds / 60:g} minutes"


@contextlib.contextmanager
def watched(limit: TimeLimit, abandon: Callable[[str], Any]) -> Iterator[None]:
    """
    Let signals and *limit* raise `Ended` in the main thread for the length of a ``with``; *abandon*
    is called with the reason, in another thread, right before that ends the process.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    ended, alone = threading.Event(), threading.Lock()

    def on_signal(number: int, _: FrameType | None) -> None:
        limit.words = limit.words or _WORDS[signal.Signals(number)]
        if not ended.is_set():
            raise Ended(limit.words)

    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    # A Python handler runs only after C code returns; the wakeup fd is written at once.
    waker = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    handlers = {number: signal.signal(number, on_signal) for number in _WORDS}
    thread = threading.Thread(
        target=_watch, args=(limit, abandon, reader, ended, alone), daemon=True
    )
    try:
        try:
            thread.start()  # here already it may end the run: it can take longer than the limit
            yield
        finally:
            ended.set()  # no signal raises from here on, also none that comes in the lines below
    finally:
        ended.set()  # for one that came before the line above
        with alone:  # one that is being sent finds its handler
            pass
        for number, handler in handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(waker)
        os.close(writer)  # it wakes the thread, which closes the other end


def _watch(
    limit: TimeLimit,
    abandon: Callable[[str], Any],
    reader: int,
    ended: threading.Event,
    alone: threading.Lock,
) -> None:
    ends = float("inf")
    while not ended.is_set():
        ready, _, _ = select.select([reader], [], [], limit.tick)
        if ready and os.read(reader, 1):
            ends = min(ends, time.monotonic() + GRACE)
        elif not limit.words and (words := limit.exceeded()):
            with alone:
                if not ended.is_set():
                    limit.words = words
                    # To the thread, not to the process: it interrupts a blocking call there.
                    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
        if time.monotonic() > ends and not ended.is_set():
            abandon(limit.words or "ended by a signal")
            os._exit(1)
    os.close(reader)
