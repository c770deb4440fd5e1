"""The progress of long work: a bar on a terminal, nothing in a pipe."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:  # imported for a terminal alone: it is large, and services never have one
    from rich.progress import Progress as Bars


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
            from service.reconcile.progress_bars import bars_on

            self._bars = bars_on(out, unit)
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
            self._bars.console.print(text, markup=False, highlight=False, emoji=False)
        else:
            self._out.write(f"{text}\n")
            self._out.flush()
