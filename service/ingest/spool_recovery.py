"""
Recovery of spool files: a process adopts the files of one that is gone, and finds whole entries.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
from pathlib import Path

from service.ingest import frames
from service.ingest.entry import Entry
from service.ingest.spool_file import NEW, Ref, SpoolFile

_log = logging.getLogger(__name__)


def adopt(path: Path) -> SpoolFile | None:
    """
    Take over the file of a process that is gone; None: another process owns it. Raises OSError if
    it cannot be read.
    """
    try:
        fd = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # The owner may have drained and removed it between the two calls.
        if os.fstat(fd).st_nlink == 0:
            os.close(fd)
            return None
        return _recovered(path, fd)
    except BlockingIOError:
        os.close(fd)
        return None
    except OSError:
        os.close(fd)
        raise


def remove_unborn(folder: Path) -> None:
    """Remove files whose process died before they held anything."""
    for path in folder.glob(f"*{NEW}"):
        with contextlib.suppress(OSError), path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()


def _recovered(path: Path, fd: int) -> SpoolFile:
    """Return the file of a process that is gone, without the torn end of its last write."""
    text = path.read_bytes()
    mark = frames.mark_of(text)
    file = SpoolFile(path, fd, mark or b"")
    if mark is None:
        file.seal(len(text))
        file.damaged = len(text) > frames.HEAD
        if file.damaged:
            _tell(path, "spool damaged", 0, len(text))
        return file
    drained = (frames.summary_of(text) or frames.Summary()).drained
    whole = frames.HEAD
    for found in frames.scan(text, mark):
        whole = found.end
        if isinstance(found, frames.Damage):
            file.damaged = True
            _tell(path, "spool damaged", found.start, found.end)
            continue
        file.numbers = max(file.numbers, found.number)
        if found.number > drained:
            _enqueue(file, found, text)
    if whole < len(text):
        _tell(path, "spool cut", whole, len(text))
        os.ftruncate(fd, whole)
        os.fsync(fd)
    file.seal(whole)
    file.summarise()
    return file


def _enqueue(file: SpoolFile, frame: frames.Frame, text: bytes) -> None:
    try:
        entry = Entry.decoded(frames.data_at(text, frame))
    except ValueError:
        file.damaged = True
        _tell(file.path, "spool damaged", frame.start, frame.end)
        return
    file.enqueue(Ref(frame, entry.source, entry.order))


def _tell(path: Path, what: str, start: int, end: int) -> None:
    values = {"file": path.name, "from": start, "bytes": end - start}
    if what == "spool cut":
        # A write that was cut off: it was never acknowledged to its sender.
        _log.warning(what, extra=values)
    else:
        _log.error(what, extra=values | {"reason": "deliveries may be lost: reconcile"})
