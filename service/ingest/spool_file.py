"""
One file of a spool: one process appends to it and drains it; another may adopt it.

The process that holds its lock owns it (flock, released when the process ends). File names sort by
time of creation.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Condition
from typing import Final

from service.ingest import frames
from service.ingest.entry import Entry
from workers.errors import SpoolFull

SUFFIX: Final = ".spool"
DAMAGED: Final = ".damaged"  # drained, but for ranges without a whole frame
NEW: Final = ".new"

_sync: Callable[[int], None] = getattr(os, "fdatasync", os.fsync)  # macOS has none


@dataclass(frozen=True, slots=True)
class Ref:
    """The position of an entry, and what its turn depends on."""

    frame: frames.Frame
    source: str
    order: int


class SpoolFile:
    """
    A file that this process owns. Only `append` is thread-safe; the spool holds the lock.

    Args:
        fd: Open and locked.
        mark: Of its frames.
    """

    def __init__(self, path: Path, fd: int, mark: bytes) -> None:
        self.path = path
        self.sealed = False  # nothing more is appended
        self.damaged = False
        self.size = frames.HEAD
        self.numbers = 0  # the last number given
        self.writing = 0  # threads that append
        self.queues: dict[str, deque[Ref]] = {}
        self.deliveries = 0  # still to drain
        self.bytes = 0  # their size
        self.drained: dict[str, int] = {}  # source → number of the last one drained
        self._fd = fd
        self._mark = mark
        self._synced = frames.HEAD
        self._syncing = False
        self._failed: OSError | None = None
        self._moved = Condition()

    @property
    def name(self) -> str:
        return self.path.name.removesuffix(SUFFIX)

    @classmethod
    def create(cls, path: Path) -> SpoolFile:
        """
        Make a file that survives a crash of the machine; it is locked before others see it. Raises
        OSError if it cannot be made.
        """
        new = path.with_suffix(NEW)
        fd = os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            mark = os.urandom(frames.MARK)
            os.pwrite(fd, frames.head_of(mark), 0)
            os.fsync(fd)
            new.rename(path)
            sync_folder(path.parent)
        except OSError:
            os.close(fd)
            raise
        return cls(path, fd, mark)

    def append(self, entry: Entry, data: bytes, lock: Condition) -> None:
        """
        Keep *entry*; on return it survives kill -9 and a crash of the machine.

        Args:
            data: The encoded entry.
            lock: Of the spool, held; released while the disk works.

        Raises:
            SpoolFull: The disk refuses it.
        """
        self.writing += 1
        try:
            ref = self._write(entry, data)
            lock.release()
            try:
                self._synchronise(ref.frame.end)
            finally:
                lock.acquire()
        except OSError as error:
            self.sealed = True
            if self._failed:
                self._give_up()
            raise SpoolFull(f"the disk of the spool: {error.strerror or error}") from error
        finally:
            self.writing -= 1
        self.summarise()

    def _write(self, entry: Entry, data: bytes) -> Ref:
        if self._failed:
            raise self._failed
        number, start = self.numbers + 1, self.size
        data = frames.frame_of(self._mark, number, data)
        written = 0
        try:
            while written < len(data):
                written += os.pwrite(self._fd, data[written:], start + written)
        except OSError:
            os.ftruncate(self._fd, start)
            raise
        self.numbers, self.size = number, start + len(data)
        ref = Ref(frames.Frame(number, start, self.size), entry.source, entry.order)
        # Here, in the order of the numbers, and not after the sync: the threads that wait for the
        # disk go on in any order.
        self.enqueue(ref)
        return ref

    def enqueue(self, ref: Ref) -> None:
        """Add *ref* to the queue of its source."""
        self.queues.setdefault(ref.source, deque()).append(ref)
        self.deliveries += 1
        self.bytes += ref.frame.end - ref.frame.start

    def _synchronise(self, end: int) -> None:
        """Wait until the disk has everything up to *end*: one thread syncs for all that wait."""
        with self._moved:
            while self._synced < end and self._syncing:
                self._moved.wait()
            if self._failed:
                raise self._failed
            if self._synced >= end:
                return
            self._syncing, target = True, self.size
        try:
            _sync(self._fd)
            self._synced = target
        except OSError as error:
            # No later fsync reports what the system has dropped: the file is given up.
            self._failed = error
            raise
        finally:
            with self._moved:
                self._syncing = False
                self._moved.notify_all()

    def _give_up(self) -> None:
        """Forget what was not synced: it was refused, and is not drained."""
        refs = [ref for queue in self.queues.values() for ref in queue]
        self.queues, self.deliveries, self.bytes = {}, 0, 0
        for ref in refs:
            if ref.frame.end <= self._synced:
                self.enqueue(ref)
        self.size = self._synced
        with contextlib.suppress(OSError):
            os.ftruncate(self._fd, self._synced)

    def seal(self, end: int) -> None:
        """End the file at *end*, up to which it is synced."""
        self.sealed = True
        self.size = self._synced = end

    def read(self, ref: Ref) -> Entry:
        """
        Return the entry of *ref*.

        Raises:
            ValueError: The entry is damaged.
            OSError: The disk cannot be read.
        """
        start, length = ref.frame.start, ref.frame.end - ref.frame.start
        text = os.pread(self._fd, length, start)
        found = next(frames.scan(bytes(frames.HEAD) + text, self._mark), None)
        if not isinstance(found, frames.Frame) or found.number != ref.frame.number:
            raise ValueError("its bytes have changed")
        return Entry.decoded(text[frames.FRAME :])

    def head(self, source: str) -> Ref | None:
        """Return the first entry of *source* if it is synced, else None."""
        queue = self.queues.get(source)
        return queue[0] if queue and self.has(queue[0]) else None

    def has(self, ref: Ref) -> bool:
        return ref.frame.end <= self._synced

    def drop(self, source: str, upto: int) -> None:
        """Drop the entries of *source* up to number *upto*: they are drained."""
        queue = self.queues.get(source, deque())
        while queue and queue[0].frame.number <= upto:
            frame = queue.popleft().frame
            self.deliveries -= 1
            self.bytes -= frame.end - frame.start
        if not queue:
            self.queues.pop(source, None)
        self.drained[source] = max(upto, self.drained.get(source, 0))

    def summarise(self) -> None:
        """Write the counts into the head of the file, for readers that only count."""
        firsts = [queue[0].frame.number for queue in self.queues.values() if queue]
        drained = min(firsts, default=self.numbers + 1) - 1
        summary = frames.Summary(drained, self.deliveries, self.bytes)
        with contextlib.suppress(OSError):
            os.pwrite(self._fd, frames.summary_bytes(summary), frames.SUMMARY)

    def remove(self) -> None:
        """Remove the drained file; a damaged one is kept for a person to inspect."""
        with contextlib.suppress(OSError):
            if self.damaged:
                self.path.rename(self.path.with_suffix(DAMAGED))
            else:
                self.path.unlink()
            sync_folder(self.path.parent)
        self.close()

    def close(self) -> None:
        """Release the file; the process that adopts it drains the rest."""
        os.close(self._fd)


def sync_folder(folder: Path) -> None:
    """Sync the names in *folder* to the disk."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def paths(folder: Path) -> Iterator[Path]:
    """Yield the files of *folder*, oldest first."""
    yield from sorted(folder.glob(f"*{SUFFIX}"))
