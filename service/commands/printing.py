"""What a command prints: JSON for programs, tables for people, plain columns in a pipe."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import click


def as_json(value: Any) -> None:
    """Print *value* as one JSON document."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def printable(value: Any) -> str:
    """Return *value* in one line. Text from outside may hold codes that a terminal obeys."""
    if value is None:
        return "-"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text
    )


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print *rows* under *columns*, or that there are none."""
    cells = [[printable(value) for value in row] for row in rows]
    if not cells:
        click.echo(f"{title}: none")
    elif sys.stdout.isatty():
        _drawn(title, columns, cells)
    else:
        _aligned(title, columns, cells)


def _drawn(title: str, columns: Sequence[str], cells: list[list[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    # Text, not str: rich would read [brackets] in a value as its markup.
    drawn = Table(*columns, title=Text(title), title_justify="left")
    for row in cells:
        drawn.add_row(*(Text(cell) for cell in row))
    Console().print(drawn)


def _aligned(title: str, columns: Sequence[str], cells: list[list[str]]) -> None:
    lines = [list(columns), *cells]
    widths = [max(len(line[index]) for line in lines) for index in range(len(columns))]
    click.echo(f"{title}:")
    for line in lines:
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        click.echo("  " + "  ".join(padded).rstrip())
