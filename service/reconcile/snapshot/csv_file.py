"""
CSV: a header, then one record a line. Cells are text; see `service.mapping.text_cells`.

https://www.rfc-editor.org/rfc/rfc4180 (read 2025-11-23); semicolons and tabs besides.
"""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterator
from typing import Final

from service.mapping.text_cells import Cells
from service.reconcile.snapshot.columns import Columns, under
from service.reconcile.snapshot.files import LONGEST, SnapshotFile, lines
from service.reconcile.snapshot.records import Record, Shape
from workers.errors import SnapshotInvalid

DELIMITERS: Final = (",", ";", "\t")
_SEP: Final = re.compile('"?sep=(.)"?')  # the first line, which names the delimiter for Excel


def records(file: SnapshotFile, shape: Shape) -> Iterator[Record]:
    """
    Yield the records of *file*, with the lines at which they begin; raises SnapshotInvalid if a
    line has more or fewer cells than the header, or a quote is not closed.
    """
    # Process-wide: the module has no other way, and its 128 KiB are too few for rich text.
    csv.field_size_limit(LONGEST)
    numbered = lines(file)
    first, named = _first(numbered), None
    if first and (sep := _SEP.fullmatch(first[1].strip())):
        first, named = _first(numbered), sep[1]
    if first is None:
        return
    number, header = first
    delimiter = shape.delimiter or named or _delimiter(header, f"{file.name}: line {number}")
    texts = itertools.chain(["\n"] * (number - 1), [header], (text for _, text in numbered))
    reader = csv.reader(texts, delimiter=delimiter, strict=True)
    rows = _rows(reader, file.name)
    columns: Columns | None = None
    for number, cells in rows:
        if columns is None:
            columns = Columns([name.strip() for name in cells], f"{file.name}: line {number}")
        elif len(cells) != len(columns.names):
            raise _ragged(f"{file.name}: line {number}", len(cells), len(columns.names))
        else:
            yield number, Cells(under(shape.under, columns.record(cells)))


def _first(numbered: Iterator[tuple[int, str]]) -> tuple[int, str] | None:
    return next((each for each in numbered if each[1].strip()), None)


def _rows(reader: Iterator[list[str]], name: str) -> Iterator[tuple[int, list[str]]]:
    while True:
        number = reader.line_num + 1  # type: ignore[attr-defined]
        try:
            cells = next(reader, None)
        except csv.Error as error:
            where = f"{name}: line {number}"
            do = "export the file again; a quote inside a cell is written twice"
            raise SnapshotInvalid(where, f"invalid CSV ({error})", "cells", do) from None
        if cells is None:
            return
        if cells:
            yield number, cells


def _delimiter(header: str, where: str) -> str:
    """Return the most frequent delimiter in *header*, outside of quotes."""
    bare = re.sub('"[^"]*"?', "", header)
    most = max(bare.count(each) for each in DELIMITERS)
    best = [each for each in DELIMITERS if bare.count(each) == most]
    if most and len(best) > 1:
        found = f"{most} each of {' and '.join(map(repr, best))}"
        raise SnapshotInvalid(where, found, "one delimiter", "name it with --delimiter")
    return best[0]


def _ragged(where: str, found: int, expected: int) -> SnapshotInvalid:
    do = "export the file again; quote cells that contain the delimiter"
    return SnapshotInvalid(where, f"{found} cells", f"{expected}, as in the header", do)
