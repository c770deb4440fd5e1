"""
A page of text for people that fits a width: wrapped, never cut; in colour on a terminal.

``click.echo`` removes the colours in a pipe.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from textwrap import TextWrapper
from types import MappingProxyType
from typing import Any, Final

import click

from service.commands.output import printable

WIDTH: Final = 80  # columns at most, in a pipe too
_GAP: Final = 2
_LEAST: Final = 12  # columns that a text keeps; a table that needs more is no longer one
_JOINED: Final = "\N{NO-BREAK SPACE}"


def width() -> int:
    """Return the columns of a line: a terminal may have fewer than `WIDTH`."""
    if not sys.stdout.isatty():
        return WIDTH
    return max(40, min(WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns))


def echo(text: str) -> None:
    """Print *text*, without colours where NO_COLOR is set or nobody looks."""
    click.echo(text, color=False if os.environ.get("NO_COLOR") else None)


def moment(text: str | None) -> str | None:
    """Return the time *text* to the second, in UTC."""
    return text and f"{datetime.fromisoformat(text).astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def duration(seconds: float) -> str:
    """Return *seconds* in their two largest units."""
    whole = max(0, round(seconds))
    days, hours, minutes = whole // 86400, whole // 3600 % 24, whole // 60 % 60
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min" if minutes else f"{whole} s"


def wrapped(text: Any, columns: int, *, first: str = "", rest: str | None = None) -> list[str]:
    """
    Return the lines of *text*; a command in backticks stays in one line, if it fits into one.

    Args:
        first: Stands before the first line, and counts.
        rest: Stands before the others; None: as many spaces.
    """
    rest = " " * len(first) if rest is None else rest
    room = columns - len(rest) - len("``")
    parts = [
        part.replace(" ", _JOINED) if place % 2 and len(part) <= room else part
        for place, part in enumerate(printable(text).split("`"))
    ]
    lines = TextWrapper(
        columns, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False
    ).wrap("`".join(parts))
    return [line.replace(_JOINED, " ") for line in lines] or [first.rstrip()]


def columns_of(
    headings: Sequence[str],
    rows: Iterable[Sequence[Any]],
    columns: int,
    *,
    texts: int = 1,
    colours: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[str]:
    """
    Yield the lines of a table; a column of numbers without any value is left out.

    Args:
        texts: Number of columns, from the left, that are wrapped where they must be.
        colours: Of the words that stand in them.
    """
    cells = [["" if value is None else printable(value) for value in row] for row in rows]
    kept = [
        place for place in range(len(headings)) if place < texts or any(row[place] for row in cells)
    ]
    cells = [[row[place] for place in kept] for row in ([*headings], *cells)]
    sizes = _sizes(cells, columns, texts)
    if sum(sizes) + _GAP * (len(sizes) - 1) > columns:
        yield from _tall(cells, columns)
        return
    for number, row in enumerate(cells):
        for line in _row(row, sizes, texts, colours):
            yield click.style(line, dim=True) if number == 0 else line


def _sizes(cells: Sequence[Sequence[str]], columns: int, texts: int) -> list[int]:
    sizes = [max(map(len, column)) for column in zip(*cells, strict=True)]
    room = columns - sum(sizes[texts:]) - _GAP * (len(sizes) - 1)
    least = sum(min(_LEAST, size) for size in sizes[:texts])
    while sum(sizes[:texts]) > max(room, least):
        widest = max(range(texts), key=lambda place: sizes[place])
        sizes[widest] -= 1
    return sizes


def _tall(cells: Sequence[Sequence[str]], columns: int) -> Iterator[str]:
    """Yield the rows of a table that is too wide, each as its name and lines of values."""
    (_, *headings), *rows = cells
    for name, *row in rows:
        yield from _broken(name, columns)
        pairs = ", ".join(f"{heading} {cell}" for heading, cell in zip(headings, row, strict=True))
        yield from wrapped(pairs, columns, first=" " * _GAP)


def _row(
    row: Sequence[str], sizes: Sequence[int], texts: int, colours: Mapping[str, str]
) -> Iterator[str]:
    lines = [_broken(cell, size) for cell, size in zip(row[:texts], sizes, strict=False)]
    for number in range(max(map(len, lines))):
        line = []
        for cell, each, size in zip(row, lines, sizes, strict=False):
            text = (each[number] if number < len(each) else "").ljust(size)
            coloured = cell in colours and not text.isspace()
            line.append(click.style(text, fg=colours[cell]) if coloured else text)
        if number == 0:
            line += map(str.rjust, row[texts:], sizes[texts:])
        yield (" " * _GAP).join(line).rstrip()


def _broken(text: str, columns: int) -> list[str]:
    return TextWrapper(columns, break_on_hyphens=True).wrap(text) or [""]
