"""What one sees while the day goes by: a live display on a terminal, else a line now and then."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

EVERY = 3.0  # s between two plain lines
KEPT = 40  # points of a spark line
_BARS = " ▁▂▃▄▅▆▇█"
_STATES = {"flowing": "green", "waiting": "yellow", "outage": "red", "paused": "red"}


@dataclass(frozen=True, slots=True)
class DisplayState:
    """
    One moment.

    Args:
        share: Of the day that has gone by.
        used: Calls of the CMS's current minute.
        state: Of the destination.
        said: What is going on.
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
    said: str

    @property
    def clock(self) -> str:
        minutes = min(int(self.share * 1440), 1439)
        return f"{minutes // 60:02}:{minutes % 60:02}"


class Display(Protocol):
    def __enter__(self) -> Display: ...

    def __exit__(self, *_: object) -> None: ...

    def say(self, sentence: str) -> None:
        """Tell something that has just happened."""

    def show(self, scenery: DisplayState) -> None:
        """Show the moment."""


class Lines:
    """For pipes and logs."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._next = time.monotonic() + EVERY
        self._last = ""

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def say(self, sentence: str) -> None:
        self._out.write(f"{sentence}\n")
        self._out.flush()

    def show(self, scenery: DisplayState) -> None:
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + EVERY
        line = (
            f"  {scenery.clock}  in {scenery.deliveries:,}  calls {scenery.calls}  "
            f"waiting {scenery.pending:,}  budget {scenery.used}/{scenery.limit}  "
            f"dead letters {scenery.dead}  {scenery.state}"
        )
        # After the day only what is waited for moves.
        told = f"  {scenery.said}" if scenery.share >= 1.0 and line == self._last else line
        self._last = line
        self.say(told)


class Silent(Lines):
    """For programs that read the result alone."""

    def say(self, sentence: str) -> None:
        pass


class Screen:
    """For a terminal."""

    def __init__(self, out: TextIO) -> None:
        self._console = Console(file=out)
        self._live = Live(console=self._console, refresh_per_second=8, transient=True)
        self._in, self._out = Spark(), Spark()

    def __enter__(self) -> Screen:
        self._live.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.__exit__(None, None, None)

    def say(self, sentence: str) -> None:
        self._live.console.print(Text(sentence))

    def show(self, scenery: DisplayState) -> None:
        self._in.add(scenery.deliveries)
        self._out.add(scenery.calls)
        rows = Table.grid(padding=(0, 2))
        rows.add_column(justify="right", style="dim")
        rows.add_column(justify="right", min_width=7)
        rows.add_column()
        rows.add_row("deliveries in", f"{scenery.deliveries:,}", Text(str(self._in), "cyan"))
        rows.add_row("calls out", f"{scenery.calls:,}", Text(str(self._out), "magenta"))
        rows.add_row("values waiting", f"{scenery.pending:,}", _backlog(scenery.pending))
        rows.add_row("calls this minute", f"{scenery.used}", _budget(scenery))
        rows.add_row("dead letters", f"{scenery.dead}", "")
        rows.add_row("workers", f"{scenery.workers}", "")
        state = Text(scenery.state, _STATES.get(scenery.state, ""))
        day = ProgressBar(total=1.0, completed=scenery.share, width=40)
        head = Table.grid(padding=(0, 2))
        head.add_row(Text(scenery.clock, "bold"), day, state)
        said = Text(scenery.said or " ", "bold")
        self._live.update(Panel(Group(head, "", rows, "", said), title="instep demo", width=78))


def _backlog(pending: int) -> Text:
    return Text("█" * min(40, -(-pending // 25)), "yellow")


def _budget(scenery: DisplayState) -> ProgressBar:
    return ProgressBar(total=max(scenery.limit, 1), completed=scenery.used, width=40)


class Spark:
    """A spark line of how fast a count grows."""

    def __init__(self) -> None:
        self._points: deque[int] = deque(maxlen=KEPT)
        self._last = 0

    def add(self, count: int) -> None:
        self._points.append(max(0, count - self._last))
        self._last = count

    def __str__(self) -> str:
        return spark(self._points)


def spark(points: Sequence[int] | deque[int]) -> str:
    """Return a bar for each of *points*, the largest a whole one."""
    most = max(points, default=0) or 1
    return "".join(_BARS[-(-point * (len(_BARS) - 1) // most)] for point in points)


def display(out: TextIO, *, quiet: bool) -> Display:
    """Return what suits *out*; *quiet*: show nothing where it is no terminal."""
    if out.isatty():
        return Screen(out)
    return Silent(out) if quiet else Lines(out)
