"""What ``instep check`` prints for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from service.commands.page import wrapped

if TYPE_CHECKING:
    from service.operate.check_findings import Findings


def lines(found: Findings, columns: int) -> Iterator[str]:
    """Yield the lines for people, errors first."""
    yield from _group("Errors", found.errors, columns, "red")
    yield from _group("Warnings", found.warnings, columns, "yellow")
    yield from _group("Notes", found.notes, columns)
    if not found.errors and not found.warnings:
        yield "No problems found"
    else:
        yield f"Errors: {len(found.errors)}, warnings: {len(found.warnings)}"


def _group(
    title: str, entries: Sequence[object], columns: int, colour: str | None = None
) -> Iterator[str]:
    if not entries:
        return
    yield click.style(f"{title}:", fg=colour, bold=True)
    for entry in entries:
        yield from wrapped(str(entry), columns, first="  ", rest="    ")
    yield ""
