"""
Detects hung child processes: alive, but not working.

A child writes a line with its pid into a pipe each second, from a thread of its own, as long as its
work makes progress (`Pulse`): stopped and stuck processes fall silent. Silence is measured in the
supervisor's running time: while the supervisor itself did not run (a suspended laptop, a busy
machine), no child counts as silent.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

FD = "INSTEP_BEAT_FD"  # environment variable: pipe for the beats of a child
EVERY = 1.0  # s between beats

_LOOK = 0.5  # s between checks of process states
_MOST = 0.25  # s that one poll counts for at most, however late it is
_WAITED = 0.5  # share of its silence spent waiting for a CPU: it is starved


@dataclass(frozen=True, slots=True)
class SilenceLimits:
    """Seconds of silence."""

    reported: float = 2.5  # until a process is reported as hung
    hung: float = 6.0  # until it is killed
    starved: float = 30.0  # … if it was waiting for a CPU or the disk
    stopped: float = 4.0  # … if it is stopped (SIGSTOP), even without any beat before


class Pulse:
    """Progress of this process's work, set by one thread and read by another."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    def alive(self, seconds: float) -> None:
        """Report progress, and expect the next report within *seconds*."""
        self._until = time.monotonic() + seconds

    def is_alive(self) -> bool:
        return time.monotonic() < self._until


def start(is_alive: Callable[[], bool], every: float = EVERY) -> None:
    """Beat while *is_alive*, in a daemon thread; no effect without a supervisor."""
    number = os.environ.get(FD)
    if number:
        pipe = int(number)
        os.set_blocking(pipe, False)
        threading.Thread(
            target=_beat, args=(pipe, is_alive, every), name="beat", daemon=True
        ).start()


def _beat(pipe: int, is_alive: Callable[[], bool], every: float) -> None:
    line = f"{os.getpid()}\n".encode()
    while True:
        if is_alive():
            # The pipe is full if the supervisor is stopped: it has enough beats.
            with contextlib.suppress(BlockingIOError):
                os.write(pipe, line)
        time.sleep(every)


def read_beats(pipe: int) -> set[int]:
    """Return the pids that have beaten since the last call; *pipe* is non-blocking."""
    try:
        text = os.read(pipe, 65_536)
    except BlockingIOError:
        return set()
    return {int(word) for word in text.split() if word.isdigit()}


@dataclass(slots=True)
class _Silence:
    has_beaten: bool = False  # beaten at least once
    seconds: float = 0.0
    stopped: float = 0.0
    waited: float | None = None  # CPU wait in s when its silence was noticed
    starved: bool = False


@dataclass(slots=True)
class HangDetector:
    """The processes of one supervisor. Used in one thread."""

    limits: SilenceLimits = field(default_factory=SilenceLimits)
    _of: dict[int, _Silence] = field(default_factory=dict)
    _looked: float = 0.0

    def record(self, pids: Iterable[int]) -> None:
        """Record beats."""
        for pid in pids:
            self._of[pid] = _Silence(has_beaten=True)

    def pass_time(self, seconds: float, pids: Iterable[int]) -> None:
        """Add *seconds*; *pids*: all running processes."""
        seconds = min(seconds, _MOST)
        self._of = {pid: self._of.get(pid) or _Silence() for pid in pids}
        self._looked += seconds
        look = self._looked >= _LOOK
        for pid, silence in self._of.items():
            silence.seconds += seconds if silence.has_beaten else 0.0
            if look:
                self._look(pid, silence)
        if look:
            self._looked = 0.0

    def _look(self, pid: int, silence: _Silence) -> None:
        state = state_of(pid)
        silence.stopped = silence.stopped + self._looked if state == "T" else 0.0
        if silence.seconds < self.limits.reported:
            return
        waited = waited_of(pid)
        if silence.waited is None:
            silence.waited = waited
        since = silence.seconds - self.limits.reported
        silence.starved = state == "D" or is_starved(waited - silence.waited, since)

    def forget(self, pid: int) -> None:
        self._of.pop(pid, None)

    def hangs(self, pid: int) -> bool:
        """Whether it is reported as hung."""
        silence = self._of.get(pid)
        return silence is not None and (
            max(silence.seconds, silence.stopped) >= self.limits.reported and not silence.starved
        )

    def is_dead(self, pid: int) -> bool:
        """Whether it must be killed."""
        silence = self._of.get(pid)
        if silence is None:
            return False
        limit = self.limits.starved if silence.starved else self.limits.hung
        return silence.seconds >= limit or silence.stopped >= self.limits.stopped


def is_starved(waited: float, seconds: float) -> bool:
    """Tell whether a process *waited* too long for a CPU to beat in these *seconds*."""
    return seconds > 0 and waited / seconds > _WAITED


def state_of(pid: int) -> str:
    """Return the letter of a process state; "": unknown."""
    with contextlib.suppress(OSError, IndexError):
        # "pid (name) state …": the name may contain brackets.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return ""


def waited_of(pid: int) -> float:
    """Return the total seconds that the threads of *pid* have waited for a CPU."""
    waited = 0.0
    for path in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            waited += int(path.read_text().split()[1]) / 1e9
    return waited
