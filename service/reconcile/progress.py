"""How far long work has got: a bar on a terminal, nothing in a pipe."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from types import TracebackType
from typing import TextIO

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, Task, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.text import Text

from service.reconcile.snapshot.rows import Row, Rows

OFTEN = 500  # rows between two looks at the clock


class Progress:
    """
    One bar, which is gone when the work is done.

    Args:
        label: What is going on, e.g. ``reading stock.csv``.
        total: How much there is to do; None: not known.
        unit: What is counted; ``bytes`` are shown as kB, MB and GB.
        out: Where to; default: standard error.
    """

    def __init__(
        self, label: str, total: int | None, unit: str = "", *, out: TextIO | None = None
    ) -> None:
        out = out or sys.stderr
        self._bars: Bars | None = None
        if out.isatty():
            self._bars = Bars(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                _Done(unit),
                TimeElapsedColumn(),
                TextColumn("{task.fields[said]}", markup=False),
                console=Console(file=out),
                transient=True,
            )
            self._task = self._bars.add_task(label, total=total, said="")

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

    def step(self, n: int = 1) -> None:
        """Count *n* more."""
        if self._bars:
            self._bars.advance(self._task, n)

    def at(self, done: int, said: str = "") -> None:
        """Set the count to *done*, and *said* beside it."""
        if self._bars:
            self._bars.update(self._task, completed=done, said=said)

    def at_of(self, done: int, total: int | None) -> None:
        """Set the count to *done*, and how much there is, where it is known."""
        if self._bars:
            self._bars.update(self._task, completed=done, total=total)


def followed(rows: Rows, *, out: TextIO | None = None) -> Iterator[Row]:
    """Yield *rows*, and show how much of their source has been read, and how fast."""
    records = rows.records
    begun = time.monotonic()
    with Progress(f"reading {records.name}", records.size, records.unit, out=out) as bar:
        for row in rows:
            if rows.count % OFTEN == 0:
                rate = rows.count / max(time.monotonic() - begun, 0.001)
                bar.at(records.read, f"{rate:,.0f} rows/s")
            yield row


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
