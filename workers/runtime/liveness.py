"""
Which of a supervisor's processes hang: they live, and do nothing.

A child beats each second, by a line with its pid in a pipe, from a thread of its own, for as long
as its work moves (`Pulse`): a stopped process falls silent, and so does one whose work is stuck.
Silence is counted in the supervisor's own time, by its looks: where it did not run itself (a laptop
that slept, a busy machine), nobody was silent.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

FD = "INSTEP_BEAT_FD"  # environment variable: where a child beats
EVERY = 1.0  # s between two beats

_LOOK = 0.5  # s between two looks at the states of processes
_MOST = 0.25  # s that one look at the pipe counts for, however long the last one is ago
_WAITED = 0.5  # of its silence, for a processor: then it is starved


@dataclass(frozen=True, slots=True)
class SilenceLimits:
    """
    Seconds of silence.

    Args:
        reported: After which a process is told to hang.
        hung: After which it is killed.
        starved: The same, where it waited for a processor or for the disk meanwhile.
        stopped: After which a stopped one (SIGSTOP) is killed, whether it ever beat or not.
    """

    reported: float = 2.5
    hung: float = 6.0
    starved: float = 30.0
    stopped: float = 4.0


class Pulse:
    """Whether the work of this process moves. One thread says so, another one asks."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    def alive(self, seconds: float) -> None:
        """Say that the work moves, and will say so again within *seconds*."""
        self._until = time.monotonic() + seconds

    def is_alive(self) -> bool:
        return time.monotonic() < self._until


def start(is_alive: Callable[[], bool], every: float = EVERY) -> None:
    """Beat for as long as *is_alive*, if there is a supervisor; in a thread that ends with us."""
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
            # A pipe is full where the supervisor is stopped: it has heard enough.
            with contextlib.suppress(BlockingIOError):
                os.write(pipe, line)
        time.sleep(every)


def read_beats(pipe: int) -> set[int]:
    """Return the pids that have beaten since the last call; *pipe* does not block."""
    try:
        text = os.read(pipe, 65_536)
    except BlockingIOError:
        return set()
    return {int(word) for word in text.split() if word.isdigit()}


@dataclass(slots=True)
class _Silence:
    has_beaten: bool = False  # it has beaten once: it is to go on
    seconds: float = 0.0
    stopped: float = 0.0
    waited: float | None = None  # s for a processor, ever, when its silence was noticed
    starved: bool = False


@dataclass(slots=True)
class HangDetector:
    """What is known of the processes of one supervisor; in one thread."""

    limits: SilenceLimits = field(default_factory=SilenceLimits)
    _of: dict[int, _Silence] = field(default_factory=dict)
    _looked: float = 0.0

    def record(self, pids: Iterable[int]) -> None:
        """Note who has beaten."""
        for pid in pids:
            self._of[pid] = _Silence(has_beaten=True)

    def pass_time(self, seconds: float, pids: Iterable[int]) -> None:
        """Let *seconds* pass; *pids* are all that run."""
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
        """Forget one that was killed."""
        self._of.pop(pid, None)

    def hangs(self, pid: int) -> bool:
        """Whether it is told to hang."""
        silence = self._of.get(pid)
        return silence is not None and (
            max(silence.seconds, silence.stopped) >= self.limits.reported and not silence.starved
        )

    def is_dead(self, pid: int) -> bool:
        """Whether it is to be killed."""
        silence = self._of.get(pid)
        if silence is None:
            return False
        limit = self.limits.starved if silence.starved else self.limits.hung
        return silence.seconds >= limit or silence.stopped >= self.limits.stopped


def is_starved(waited: float, seconds: float) -> bool:
    """Return whether one that *waited* so long for a processor in *seconds* could not beat."""
    return seconds > 0 and waited / seconds > _WAITED


def state_of(pid: int) -> str:
    """Return the state of process *pid*, a letter; "": nobody knows."""
    with contextlib.suppress(OSError, IndexError):
        # "pid (name) state …": the name may hold anything, a bracket too.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return ""


def waited_of(pid: int) -> float:
    """Return the seconds that the threads of *pid* have waited for a processor, in all."""
    waited = 0.0
    for path in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            waited += int(path.read_text().split()[1]) / 1e9
    return waited
