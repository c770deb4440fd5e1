"""Formats of snapshot files."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from types import MappingProxyType
from typing import BinaryIO, Final

from service.reconcile.snapshot import csv_file, json_file, jsonl_file, snapshot_time
from service.reconcile.snapshot.files import SnapshotFile
from service.reconcile.snapshot.records import Complete, Record, Records, Shape
from service.reconcile.snapshot.snapshot_time import FILE_MARGIN, MARGIN
from workers.errors import ConfigurationInvalid, Problem


@dataclass(frozen=True, slots=True)
class FileFormat:
    """A file format: its reader, the name of its numbers, and its suffixes."""

    records: Callable[[SnapshotFile, Shape], Iterator[Record]]
    word: str
    suffixes: tuple[str, ...]


KINDS: Final = MappingProxyType(
    {
        "csv": FileFormat(csv_file.records, "line", (".csv", ".tsv", ".txt")),
        "json": FileFormat(json_file.records, "record", (".json",)),
        "jsonl": FileFormat(jsonl_file.records, "line", (".jsonl", ".ndjson")),
    }
)
STDIN: Final = "-"
_AS_IT_IS: Final = Shape()


@dataclass(eq=False)
class FileRecords(Complete):
    unit = "bytes"

    file: SnapshotFile
    kind: FileFormat
    shape: Shape
    as_of: datetime
    margin: float

    def __post_init__(self) -> None:
        self.name = self.file.name
        self.word = self.kind.word

    @property
    def size(self) -> int | None:
        return self.file.size

    @property
    def read(self) -> int:
        return self.file.read

    def __iter__(self) -> Iterator[Record]:
        return self.kind.records(self.file, self.shape)


def from_file(
    name: str,
    *,
    now: datetime,
    form: str | None = None,
    shape: Shape = _AS_IT_IS,
    as_of: datetime | None = None,
    stdin: BinaryIO | None = None,
) -> Records:
    """
    Return the records of the file *name*, gzipped or not; ``-`` is standard input.

    Args:
        now: Aware.
        form: One of `KINDS`; None: by the name of the file.
        shape: How to read it, where the file does not say.
        as_of: The snapshot's time; None: when the file was last changed, or *now*.

    Raises:
        ConfigurationInvalid: *form* is unknown, or missing; or the encoding is unknown.
        SnapshotInvalid: There is no such file.
    """
    kind = KINDS[_form(name, form)]
    encoding = _encoding(shape.encoding)
    file = (
        SnapshotFile(None, stdin, encoding)
        if name == STDIN
        else SnapshotFile(name, encoding=encoding)
    )
    if as_of is not None:
        return FileRecords(file, kind, shape, as_of, MARGIN)
    return FileRecords(
        file, kind, shape, snapshot_time.of_file(file.modified, now=now), FILE_MARGIN
    )


def _encoding(name: str | None) -> str | None:
    if name is None:
        return None
    try:
        return io.TextIOWrapper(io.BytesIO(), encoding=name).encoding
    except LookupError:  # unknown, or not of text
        expected = "an encoding that Python knows, such as windows-1252, iso-8859-1 or utf-16"
        problem = Problem("--encoding", repr(name), expected, "correct the name")
        raise ConfigurationInvalid([problem]) from None


def _form(name: str, form: str | None) -> str:
    expected = f"one of {', '.join(KINDS)}"
    if form is not None:
        if form not in KINDS:
            problem = Problem("--format", repr(form), expected, "name one of them")
            raise ConfigurationInvalid([problem])
        return form
    suffix = PurePath(name.lower().removesuffix(".gz")).suffix
    for known, kind in KINDS.items():
        if suffix in kind.suffixes:
            return known
    found = "standard input" if name == STDIN else f"{name}, whose name does not show its format"
    problem = Problem("--format", found, expected, "give the format with --format")
    raise ConfigurationInvalid([problem])
