"""The stored form of the undo log, as ``lua/lib/undo_log.lua`` writes it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One value of an entry; texts that are not known are empty."""

    slug: str  # "": the item was created
    arrival: int
    version: str
    type: str
    source: str
    run: str
    undo: str
    before_type: str
    before: str
    value: str


@dataclass(frozen=True, slots=True)
class Written:
    """What an entry tells of one record."""

    name: str  # <collection>:<record>
    sure: bool  # the outcome is known
    rows: tuple[Row, ...]


def ms_of(id: str) -> int:
    """Return when the entry *id* was made."""
    return int(id.partition("-")[0])


def written(text: str) -> Iterator[Written]:
    """Yield what the *text* of an entry tells, by record."""
    for part in _parts(text):
        head, *lines = part.split("\n")[:-1]
        yield Written(_name_of(head), head.startswith("=1"), tuple(map(_row, lines)))


def without(text: str, drops: Callable[[Written], bool]) -> str:
    """Return *text* without the records that *drops* names."""
    parts = zip(_parts(text), written(text), strict=True)
    return "".join(part for part, each in parts if not drops(each))


def names(text: str, name: str) -> bool:
    """Tell whether an entry tells of a record, by its *name* as JSON text."""
    return f"\t{name}\n" in text


def _parts(text: str) -> Iterator[str]:
    begin = 0
    while begin < len(text):
        end = text.find("\n=", begin) + 1 or len(text)
        yield text[begin:end]
        begin = end


def _name_of(head: str) -> str:
    name: str = json.loads(head.partition("\t")[2])
    return name


def _row(line: str) -> Row:
    slug, arrival, *rest = line.split("\t")
    version, kind, source, run, undo, before_type, before, value = rest
    return Row(slug, int(arrival), version, kind, source, run, undo, before_type, before, value)
