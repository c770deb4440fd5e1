"""Output of commands: JSON for programs, tables for people, plain columns in a pipe."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import click

from service.operate.json_text import json_text

FOLDED = 24  # letters; a longer word is broken at the end of the line


def as_json(value: Any) -> None:
    click.echo(json_text(value, indent=2))


def printable(value: Any) -> str:
    """Return *value* in one line, without control codes that a terminal would obey."""
    if value is None:
        return "-"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text
    )


def number(count: int, one: str, more: str = "") -> str:
    """Return ``1 field``, ``2,000 fields``; *more*: the plural where it has no added s."""
    return f"{count:,} {one if count == 1 else more or f'{one}s'}"


def table(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    none: bool = True,
    styles: Sequence[Sequence[str]] = (),
) -> None:
    """
    Print *rows* under *columns*; without any, the title and "none" where *none*.

    Args:
        styles: Of each cell on a terminal, as rich names them; none: as it is.
    """
    cells = [[printable(value) for value in row] for row in rows]
    if not cells:
        if none:
            click.echo(f"{title}: none")
    elif sys.stdout.isatty():
        _drawn(title, columns, cells, styles or [[""] * len(columns)] * len(cells))
    else:
        _aligned(title, columns, cells)


def _least_width(columns: Sequence[str], cells: list[list[str]]) -> int:
    texts = zip(columns, *cells, strict=True)
    words = [[len(word) for text in column for word in text.split()] for column in texts]
    return sum(min(FOLDED, max(each, default=0)) + 3 for each in words) + 1


def _drawn(
    title: str, columns: Sequence[str], cells: list[list[str]], styles: Sequence[Sequence[str]]
) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    def drawn(columns: Sequence[str], rows: Iterable[Iterable[Text]], **looks: Any) -> Table:
        made = Table(*columns, title=Text(title), title_justify="left", **looks)
        for row in rows:
            made.add_row(*row)
        return made

    # Text, not str: rich would read [brackets] in a value as its markup.
    texts = [
        [Text(cell, style, overflow="fold") for cell, style in zip(row, looks, strict=True)]
        for row, looks in zip(cells, styles, strict=True)
    ]
    console = Console()
    if _least_width(columns, cells) <= console.width:
        console.print(drawn(columns, texts))
        return
    # Names would be cut: a line for each value instead.
    tall = drawn((), (), show_header=False)
    for row in texts:
        for column, text in zip(columns, row, strict=True):
            tall.add_row(column, text)
        tall.add_section()
    console.print(tall)


def _aligned(title: str, columns: Sequence[str], cells: list[list[str]]) -> None:
    lines = [list(columns), *cells]
    widths = [max(len(line[index]) for line in lines) for index in range(len(columns))]
    click.echo(f"{title}:")
    for line in lines:
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        click.echo("  " + "  ".join(padded).rstrip())
