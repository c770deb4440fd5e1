"""The bar of `Progress`, as a terminal shows it."""

from __future__ import annotations

from typing import TextIO

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, Task, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.text import Text


def bars_on(out: TextIO, unit: str) -> Bars:
    """Return what draws bars on the terminal *out*, and removes them at the end."""
    return Bars(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        _Done(unit),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(file=out),
        transient=True,
    )


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
