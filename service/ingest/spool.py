"""
The spool of one web process: keeps proven deliveries while the store is away, too weak or full.

Files lie in ``INSTEP_DATA/spool``, and end in ``.spool``. A process appends to a file of its own
and begins another when that is large; it drains its files, and adopts those of processes that are
gone. A file with damage is renamed to ``.damaged`` once the rest is drained.
"""

from __future__ import annotations

import contextlib
import os
import time
import uuid
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from threading import Condition
from typing import Final

from service.ingest import frames
from service.ingest.entry import Entry
from service.ingest.spool_file import (
    DAMAGED,
    Ref,
    SpoolFile,
    paths,
    sync_folder,
)
from service.ingest.spool_recovery import adopt, remove_unborn
from workers.errors import SpoolFull

FOLDER: Final = "spool"  # under INSTEP_DATA
LEAST: Final = 65_536  # bytes of room needed to report that it takes deliveries
TOGETHER: Final = 100  # entries given to the store in one batch
FEW: Final = 3 * TOGETHER  # entries of a source that are drained soon, even on a busy machine
TOGETHER_BYTES: Final = 512 * 1024  # size of all but the first of them
_LARGEST: Final = 16 * 1024 * 1024  # bytes of a file before the next one is begun
_SMALLEST: Final = 256 * 1024
_MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Turn:
    """An entry that is next to be drained."""

    file: SpoolFile
    ref: Ref

    @property
    def number(self) -> int:
        return self.ref.frame.number


@dataclass(frozen=True, slots=True)
class State:
    """
    The state of a spool.

    Args:
        deliveries: Number still to drain.
        bytes: Their size.
        takes: Whether a delivery of ordinary size would be kept.
        full: It is on but takes nothing: it is at its limit, or the disk is full.
        damaged: Whether ranges without a whole delivery were found.
    """

    deliveries: int
    bytes: int
    takes: bool
    damaged: bool = False
    full: bool = False


def folder_of(data: Path) -> Path:
    return data.expanduser().resolve() / FOLDER


class Spool:
    """
    The spool of one process; safe to share between threads.

    Args:
        folder: Created when it is needed.
        limit_mb: MiB for the files of this process, adopted ones included; 0: nothing is added, and
            existing files are drained.
    """

    def __init__(self, folder: Path, limit_mb: int) -> None:
        self.folder = folder
        self.name = _new_name()  # of this process
        self._limit = limit_mb * _MIB
        self._most = max(_SMALLEST, min(_LARGEST, self._limit // 8))
        self._lock = Condition()
        self._files: list[SpoolFile] = []
        self._waiting: Counter[str] = Counter()  # source → deliveries
        self._broken = False  # the disk refused the last write

    def rename(self) -> None:
        """
        Take another name, before the first delivery of a process: the one that has forked it may
        have built the spool, for others as well, and the store tells their calls apart by it.
        """
        self.name = _new_name()

    @property
    def is_on(self) -> bool:
        return self._limit > 0

    def append(self, entry: Entry) -> None:
        """
        Keep *entry*; on return it survives kill -9 and a crash of the machine. Raises SpoolFull if
        there is no room, or the disk refuses it.
        """
        data = entry.encoded()
        with self._lock:
            size = frames.FRAME + len(data)
            if self._bytes() + size > self._limit:
                raise SpoolFull(f"the spool of this machine is full: {self._limit // _MIB} MiB")
            file = self._own(size)
            try:
                file.append(entry, data, self._lock)
                self._broken = False
            except SpoolFull:
                self._broken = True
                raise
            finally:
                self._count()

    def holds(self, source: str) -> bool:
        """Whether it has deliveries of *source*: newer ones have to go behind them."""
        return source in self._waiting

    def is_drained(self, source: str, seconds: float) -> bool:
        """
        Whether it has no deliveries of *source*; where it has no more than `FEW`, in up to
        *seconds* from now.
        """
        with self._lock:
            self._lock.wait_for(lambda: not 0 < self._waiting[source] <= FEW, seconds)
            return not self.holds(source)

    def sources(self) -> tuple[str, ...]:
        """Return the sources with deliveries to drain."""
        return tuple(self._waiting)

    def turns(self, source: str) -> list[Turn]:
        """
        Return the first entries of *source* that are synced and in one file, `TOGETHER` at most.
        """
        with self._lock:
            heads = [Turn(file, ref) for file in self._files if (ref := file.head(source))]
            first = min(heads, key=lambda turn: turn.ref.order, default=None)
            if first is None:
                return []
            others = [turn.ref.order for turn in heads if turn is not first]
            until = min(others, default=None)
            size, turns = 0, [first]
            for ref in islice(first.file.queues[source], 1, TOGETHER):
                size += ref.frame.end - ref.frame.start
                is_next = until is None or ref.order <= until
                if size > TOGETHER_BYTES or not is_next or not first.file.has(ref):
                    break
                turns.append(Turn(first.file, ref))
            return turns

    def drained(self, turn: Turn, upto: int) -> None:
        """Drop the entries of the turn's source up to number *upto*: the store has them."""
        with self._lock:
            turn.file.drop(turn.ref.source, upto)
            turn.file.summarise()
            self._count()

    def remove_empty(self) -> list[str]:
        """Remove the files that are fully drained, and return their names."""
        with self._lock:
            empty = [file for file in self._files if not file.deliveries and not file.writing]
            for file in empty:
                file.remove()
                self._files.remove(file)
        return [file.name for file in empty]

    def adopt(self) -> list[SpoolFile]:
        """Take over the files of processes of this machine that are gone, and return them."""
        if not self.folder.is_dir():
            return []
        remove_unborn(self.folder)
        with self._lock:
            mine = {file.path for file in self._files}
        found = []
        for path in paths(self.folder):
            # Not our own: flock has no owner, but a second descriptor of ours counts as another.
            if path not in mine and (file := adopt(path)):
                found.append(file)  # noqa: PERF401  # not lost where the next cannot be read
        with self._lock:
            self._files += found
            self._count()
        return found

    def skip(self, turn: Turn) -> None:
        """Drop the entry of *turn*, which cannot be read."""
        with self._lock:
            after = turn.file.drained.get(turn.ref.source, 0)
            turn.file.drop(turn.ref.source, turn.number)
            turn.file.drained[turn.ref.source] = after
            self._count()

    def resume(self, turn: Turn, last: int) -> None:
        """Go on behind number *last*, which the store has as drained for the source of *turn*."""
        with self._lock:
            turn.file.drop(turn.ref.source, last)
            turn.file.drained[turn.ref.source] = last
            self._count()

    def state(self) -> State:
        with self._lock:
            deliveries = sum(file.deliveries for file in self._files)
            size = sum(file.bytes for file in self._files)
            takes = not self._broken and self._bytes() + LEAST <= self._limit
            damaged = any(file.damaged for file in self._files)
        damaged = damaged or any(self.folder.glob(f"*{DAMAGED}"))
        return State(deliveries, size, takes, damaged, full=self.is_on and not takes)

    def close(self) -> None:
        """Release the files; the process that adopts them drains the rest."""
        with self._lock:
            for file in self._files:
                file.close()
            self._files = []
            self._count()

    def _bytes(self) -> int:
        return sum(file.size for file in self._files)

    def _count(self) -> None:
        waiting: Counter[str] = Counter()
        for file in self._files:
            for source, queue in file.queues.items():
                waiting[source] += len(queue)
        self._waiting = waiting  # replaced as a whole: `holds` needs no lock
        self._lock.notify_all()

    def _own(self, size: int) -> SpoolFile:
        for file in self._files:
            if not file.sealed:
                if file.size + size <= self._most or file.size == frames.HEAD:
                    return file
                file.sealed = True
        try:
            self._make_folder()
            name = f"{time.time_ns() // 1000:017d}-{self.name}"
            file = SpoolFile.create(self.folder / f"{name}.spool")
        except OSError as error:
            self._broken = True
            raise SpoolFull(f"the disk of the spool: {error.strerror or error}") from error
        self._files.append(file)
        return file

    def _make_folder(self) -> None:
        if self.folder.is_dir():
            return
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(OSError):
            sync_folder(self.folder.parent)
            sync_folder(Path(os.path.dirname(self.folder.parent)))


def _new_name() -> str:
    return uuid.uuid4().hex[:12]
