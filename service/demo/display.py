"""The output of the demo: lines and, on a terminal, a progress bar below."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TextIO

from service.reconcile.progress import Progress

EVERY = 3.0  # s between two lines of figures
MINUTES = 1440  # of the day


@dataclass(frozen=True, slots=True)
class DisplayState:
    """
    The figures of one moment.

    Args:
        share: Of the day that has passed.
        used: Calls of the CMS's current minute.
        state: Of the destination.
    """

    share: float
    deliveries: int
    calls: int
    pending: int
    used: int
    limit: int
    dead: int
    state: str
    workers: int
    message: str

    @property
    def minute(self) -> int:
        return min(int(self.share * MINUTES), MINUTES - 1)

    def __str__(self) -> str:
        return (
            f"  {self.minute // 60:02}:{self.minute % 60:02}  in {self.deliveries:,}  "
            f"calls {self.calls}  waiting {self.pending:,}  budget {self.used}/{self.limit}  "
            f"workers {self.workers}  dead letters {self.dead}  {self.state}"
        )


class Display:
    """Prints the progress of the demo; if *quiet*, only on a terminal."""

    def __init__(self, out: TextIO, *, quiet: bool) -> None:
        self._progress = Progress("the day", MINUTES, "minutes", out=out)
        self._quiet = quiet and not out.isatty()
        self._next = time.monotonic() + EVERY
        self._last = ""

    def __enter__(self) -> Display:
        self._progress.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.__exit__(None, None, None)

    def say(self, sentence: str) -> None:
        """Print an event."""
        if not self._quiet:
            self._progress.say(sentence)

    def show(self, state: DisplayState) -> None:
        """Move the bar; print the figures, or the current step once they stay the same."""
        self._progress.at(state.minute, MINUTES)
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + EVERY
        line = str(state)
        self.say(f"  {state.message}" if state.share >= 1.0 and line == self._last else line)
        self._last = line
