"""The progress of long work: a bar on a terminal, nothing in a pipe."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TextIO

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, Task, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.text import Text


class Progress:
    """
    One bar, which disappears when the work is done.

    Args:
        label: The current work, e.g. ``reading stock.csv``.
        total: None: unknown.
        unit: Of the count; ``bytes`` are shown as kB, MB and GB.
        out: By default standard error.
    """

    def __init__(
        self,
        label: str,
        total: int | None = None,
        unit: str = "",
        *,
        out: TextIO | None = None,
    ) -> None:
        self._out = out = out or sys.stderr
        self._bars: Bars | None = None
        if out.isatty():
            self._bars = Bars(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                _Done(unit),
                TimeElapsedColumn(),
                TimeRemainingColumn(),
                console=Console(file=out),
                transient=True,
            )
            self._task = self._bars.add_task(label, total=total)

    def __enter__(self) -> Progress:
        if self._bars:
            self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bars:
            self._bars.stop()

    def at(self, done: int, total: int | None = None) -> None:
        """Set the count to *done*, and the total if known."""
        if self._bars:
            self._bars.update(self._task, completed=done, total=total)

    def say(self, text: str) -> None:
        if self._bars:
            self._bars.console.print(Text(text))
        else:
            self._out.write(f"{text}\n")
            self._out.flush()


class _Done(TextColumn):
    """``120/500 rows``, or the sizes of bytes."""

    def __init__(self, unit: str) -> None:
        super().__init__("")
        self._unit = unit

    def render(self, task: Task) -> Text:
        show = decimal if self._unit == "bytes" else "{:,}".format
        whole = "" if task.total is None else f"/{show(int(task.total))}"
        unit = "" if self._unit == "bytes" else f" {self._unit}"
        return Text(f"{show(int(task.completed))}{whole}{unit}")
