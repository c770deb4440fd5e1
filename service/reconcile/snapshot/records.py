"""The interface of a snapshot: records, one by one, as of one time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

Record = tuple[int, Any]  # its number, and the payload for the mappings


@dataclass(frozen=True, slots=True)
class Shape:
    """
    Options for reading a snapshot.

    Args:
        under: Path that the records are put under: ``data`` makes ``{"data": record}``.
        delimiter: Delimiter of a CSV file; None: comma, semicolon or tab, by the header.
        list: Path to the list of records in a JSON object; None: its only list.
        encoding: Of a file's text; None: UTF-8, or UTF-16 by its byte order mark.
    """

    under: str | None = None
    delimiter: str | None = None
    list: str | None = None
    encoding: str | None = None


class Complete:
    """What a snapshot says that is read as a whole, or not at all."""

    calls = 0
    partial = False
    doubt = ""

    def confirm(self, moved: Callable[[], object]) -> str:  # nothing is read
        """Return nothing: what it lacks is gone."""
        return ""


class Records(Protocol):
    """
    The records of one snapshot, read once and in bounded memory.

    Iterating raises `workers.errors.SnapshotInvalid` if the source is cut off, unreadable or fails
    half-way: then nothing that was read counts. A source without records is no error.
    """

    name: str  # the file or the database, as it may be shown: without a password
    as_of: datetime  # the snapshot's time, aware: no record of it is older
    margin: float  # s before that time whose changes may be missing
    word: str  # what its numbers count: "line" (of a file), "record" (of a list) or "row"
    unit: str  # what *size* and *read* count: "bytes" or "rows"

    @property
    def calls(self) -> int:
        """Requests to the source."""

    @property
    def partial(self) -> bool:
        """Whether a record that it lacks may well exist."""

    @property
    def doubt(self) -> str:
        """Why it may lack records although it should have all; empty: nothing shows that."""

    def confirm(self, moved: Callable[[], object]) -> str:
        """
        Make sure, before anything is retired, that what it lacks is gone; return why it may not be,
        or nothing. *moved* is called with each progress.
        """

    @property
    def size(self) -> int | None:
        """The total, for a progress bar; None: unknown."""

    @property
    def read(self) -> int:
        """How much of *size* has been read."""

    def __iter__(self) -> Iterator[Record]: ...
