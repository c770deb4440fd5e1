"""
From the records of a snapshot to changes, by the mappings that take the source's live events.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from service.mapping.mappings import Mappings
from service.mapping.rules import Rule
from service.reconcile.sources.base import Records
from workers.changes import Change, FieldProblem, time_version


@dataclass(frozen=True, slots=True)
class Row:
    """
    One record of a snapshot, mapped.

    Args:
        number: Its line, place or row, from 1 (`Records.word` says which).
        changes: None when there are problems.
        problems: What keeps it from being mapped; nothing of it is used.
        records: Every key (or item id) that could be read in it, also of one with problems or
            without a field: the source has it, so its item is no orphan.
        skipped: No mapping's ``when`` holds for it.
    """

    number: int
    changes: tuple[Change, ...]
    problems: tuple[FieldProblem, ...] = ()
    records: tuple[str, ...] = ()
    skipped: bool = False


@dataclass(frozen=True, slots=True)
class Chosen:
    """The mappings that a snapshot is read by: of one source, for one collection."""

    source: str
    collection: str
    by: Literal["key", "item"]
    rules: tuple[Rule, ...]


def chosen(
    mappings: Mappings, collection: str, *, source: str | None = None, topic: str | None = None
) -> Chosen:
    """
    Return the mappings that write *collection*.

    Args:
        source: Needed where mappings of several sources write it.
        topic: Only those that take it; None: of all topics.

    Raises:
        ConfigurationInvalid: There is none, or they are of several sources.
    """
    raise NotImplementedError


class Rows:
    """
    The rows of a snapshot, read once.

    Attributes:
        records: For progress: ``size``, ``read``, ``unit``.
        count: Records so far.
        skipped: Of these, how many no mapping's ``when`` takes.
        bad: Of these, how many have problems.
    """

    def __init__(self, records: Records, by: Chosen) -> None:
        self.records = records
        self.chosen = by
        self.version = time_version(records.as_of)
        self.count = self.skipped = self.bad = 0

    def __iter__(self) -> Iterator[Row]:
        """
        Raises:
            SnapshotInvalid: As `Records` does; or a mapping finds its key in no record at all.
        """
        raise NotImplementedError
