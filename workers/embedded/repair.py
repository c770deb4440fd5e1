"""
Repair append-only files that the server cannot load.

After a power cut the last file may be truncated, or end in zeros. That end is copied to
``INSTEP_DATA/damaged/`` and cut off after the last complete command or transaction; the cut is
noted in ``INSTEP_DATA/store.losses`` until the store itself holds the note
(``workers/store/losses.py``). The server's ``aof-load-truncated yes`` would cut silently, and not
handle zeros. If complete commands follow the damage, cutting would lose them: nothing is changed,
and the error says what can be done.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workers.embedded.append_log import Bytes, scan
from workers.embedded.layout import Place
from workers.errors import Problem, StoreDamaged

COPIES = 3  # kept in damaged/
_FOLDER = "appendonlydir"
_MANIFEST = "appendonly.aof.manifest"
_LINE = re.compile(r"file (\S+) seq (\d+) type ([bih])\b.*")
_SMALLEST_BASE = 200  # bytes; a smaller one is empty
_MAGIC = (b"REDIS", b"VALKEY")


@dataclass(frozen=True, slots=True)
class Cut:
    """The end of a file that was cut off."""

    file: Path
    bytes: int  # how many were cut
    written: datetime  # last modification of the file
    copy: Path  # of the file as it was

    def as_loss(self) -> dict[str, Any]:
        return {
            "id": f"cut {self.copy.name}",
            "kind": "cut",
            "file": str(self.file),
            "bytes": self.bytes,
            "written": self.written.isoformat(timespec="seconds"),
            "copy": str(self.copy),
        }


def check_files(place: Place) -> None:
    """
    Refuse files with which the server would start an empty store: no manifest, or an empty base.

    Raises:
        StoreDamaged: Files are missing, or truncated beyond repair.
    """
    folder = place.directory / _FOLDER
    if not folder.is_dir():
        return
    if (folder / _MANIFEST).exists():
        base, logs = _named(folder)
        if base is not None:
            _check_base(folder / base)
        for name in logs:
            if not (folder / name).exists():
                raise _missing(folder / name)
        return
    for path in sorted(folder.glob("appendonly.aof.*")):
        size = path.stat().st_size
        if size > (_SMALLEST_BASE if path.suffix == ".rdb" else 0):
            found = f"no such file, beside {path.name}"
            raise _refused(folder / _MANIFEST, found, "the list of files")


def mend(place: Place) -> Cut | None:
    """
    Cut off the unreadable end of the files; None: nothing is wrong with them.

    Call it after the server has refused to load them, with the lock held. It can be killed and
    repeated at any point.

    Raises:
        StoreDamaged: The damage is not at the end.
        OSError: A file could not be read, copied or cut.
    """
    folder = place.directory / _FOLDER
    _, logs = _named(folder)
    for number, name in enumerate(logs):
        path = folder / name
        with _mapped(path) as log:
            found, size = scan(log), len(log)
        if found.damage is None:
            continue
        later = sum((folder / other).stat().st_size for other in logs[number + 1 :])
        if found.followed or later:
            behind = "whole commands follow" if found.followed else "another file follows"
            what = "something other than a command" if found.kind == "foreign" else "half a command"
            what = f"{what} at byte {found.damage} of {size}, and {behind}"
            raise _refused(
                path, what, "damage only at its end", keep=found.whole, later=logs[number + 1 :]
            )
        return _cut(place, path, found.whole)
    return None


def pending(place: Place) -> list[dict[str, Any]]:
    """Return the cuts that the store has not noted yet."""
    try:
        lines = _notes(place).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        with contextlib.suppress(ValueError):  # a note may be truncated too
            found.append(json.loads(line))
    return found


def forget_pending(place: Place) -> None:
    """Remove the notes that `pending` returned: the store has them."""
    _notes(place).unlink(missing_ok=True)


def _notes(place: Place) -> Path:
    return place.data / "store.losses"


def _named(folder: Path) -> tuple[str | None, list[str]]:
    """Return the base file, and the other files in order, from the manifest."""
    path = folder / _MANIFEST
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        lines = ["?"]
    found = [_LINE.fullmatch(line) for line in lines if line and not line.startswith("#")]
    if not found or None in found:
        raise _refused(path, "something other than a list of files", "one line for each file")
    entries = [(int(each[2]), each[3], each[1]) for each in found if each]
    base = next((name for _, kind, name in entries if kind == "b"), None)
    return base, [name for _, kind, name in sorted(entries) if kind == "i"]


def _check_base(path: Path) -> None:
    try:
        with path.open("rb") as file:
            head = file.read(8)
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 9))
            end = file.read(1)
    except FileNotFoundError:
        raise _missing(path) from None
    if path.suffix == ".rdb" and not head.startswith(_MAGIC):
        raise _refused(path, "something other than a snapshot of a store", "the base file")
    if path.suffix == ".rdb" and end != b"\xff":
        raise _refused(path, f"a snapshot that is cut off at byte {size}", "a complete one")


def _missing(path: Path) -> StoreDamaged:
    return _refused(path, "no such file", f"a file, because {_MANIFEST} names it")


def _refused(
    path: Path, found: str, expected: str, *, keep: int | None = None, later: Sequence[str] = ()
) -> StoreDamaged:
    folder = path.parent.parent
    do = f"nothing was changed; restore a backup of {folder}"
    if keep is not None:
        do += (
            f", or give up everything after the damage: keep a copy of {folder}, run "
            f"`truncate -s {keep} {path}`"
        )
        if later:
            do += f", remove the lines of {', '.join(later)} from {path.parent / _MANIFEST}"
    do += "; then start, and run `instep reconcile` for each collection"
    return StoreDamaged(str(Problem(str(path), found, expected, do)))


def _cut(place: Place, path: Path, whole: int) -> Cut:
    before = path.stat()
    written = datetime.fromtimestamp(before.st_mtime, UTC)
    kept = place.data / "damaged"
    kept.mkdir(mode=0o700, exist_ok=True)
    name = f"{written:%Y%m%dT%H%M%S}-{before.st_size}-{path.name}"
    copy = _copy(path, kept / name, whole)
    cut = Cut(path, before.st_size - whole, written, copy)
    with _notes(place).open("a", encoding="utf-8") as notes:
        notes.write(json.dumps(cut.as_loss()) + "\n")
        os.fsync(notes.fileno())
    with path.open("r+b") as file:
        file.truncate(whole)
        os.fsync(file.fileno())
    for old in sorted(kept.iterdir(), key=lambda each: each.stat().st_mtime)[:-COPIES]:
        old.unlink(missing_ok=True)
    return cut


def _copy(path: Path, to: Path, whole: int) -> Path:
    """Copy *path*; if there is no room for all of it, only the part to be cut off."""
    try:
        shutil.copyfile(path, to)
    except OSError:
        to.unlink(missing_ok=True)
        to = to.with_name(f"{to.name}.from-byte-{whole}")
        with path.open("rb") as file, to.open("wb") as copy:
            file.seek(whole)
            shutil.copyfileobj(file, copy)
    with to.open("rb") as copy:
        os.fsync(copy.fileno())
    return to


@contextlib.contextmanager
def _mapped(path: Path) -> Iterator[Bytes]:
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_size == 0:  # mmap refuses an empty file
            yield b""
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as found:
            yield found
