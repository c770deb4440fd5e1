"""The deliveries in the spools of this machine, read beside the processes that own them."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from service.ingest import frames
from service.ingest.entry import Entry
from service.ingest.spool import folder_of
from service.ingest.spool_file import SUFFIX, paths

MOST: Final = 1000  # listed of all files: after an outage there may be very many
ROOM: Final = 32 * 1024 * 1024  # bytes of them

_FILE: Final = re.compile("[0-9]{1,20}-[0-9a-f]{1,40}")


@dataclass(frozen=True, slots=True)
class SpooledEntry:
    """
    A delivery that the store does not have yet.

    Args:
        file: Name of its file.
        number: Its number in that file.
    """

    entry: Entry
    file: str
    number: int

    @property
    def came(self) -> datetime:
        return datetime.fromtimestamp(self.entry.order / 1e6, UTC)


def newest(data: Path) -> Iterator[SpooledEntry]:
    """Yield what waits under INSTEP_DATA *data*, newest first within each file; `MOST` at most."""
    count = room = 0
    for path in reversed(list(paths(folder_of(data)))):
        for each in _in_file(path):
            count, room = count + 1, room + len(each.entry.body)
            if count > MOST or (count > 1 and room > ROOM):
                return
            yield each


def find(data: Path, file: str, number: int) -> SpooledEntry | None:
    """Return the delivery *number* of *file*; None: it does not wait there."""
    if _FILE.fullmatch(file) is None:
        return None
    path = folder_of(data) / f"{file}{SUFFIX}"
    return next((each for each in _in_file(path) if each.number == number), None)


def _in_file(path: Path) -> Iterator[SpooledEntry]:
    # It may be drained and removed meanwhile.
    with contextlib.suppress(OSError):
        text = path.read_bytes()
        mark = frames.mark_of(text)
        drained = (frames.summary_of(text) or frames.Summary()).drained
        found = frames.scan(text, mark) if mark else ()
        waiting = [each for each in found if isinstance(each, frames.Frame)]
        waiting = [each for each in waiting if each.number > drained]
        for frame in reversed(waiting):
            with contextlib.suppress(ValueError):
                entry = Entry.decoded(frames.data_at(text, frame))
                yield SpooledEntry(entry, path.name.removesuffix(SUFFIX), frame.number)


def is_drained(entry: SpooledEntry, drained: Mapping[str, int]) -> bool:
    """Tell whether the store has *entry*; *drained*: source → last number it has of the file."""
    return entry.number <= drained.get(entry.entry.source, 0)
