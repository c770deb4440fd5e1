"""
Detects that an older copy of the store was restored, by a file that records its progress.

`keys.WITNESS` says that the file was written. The file holds the number of the newest accepted
value and its own identity (creation time and inode): a copy of the whole directory has the same
number, but is another file. Not detected: a whole disk that is set back (snapshot of a volume or
virtual machine), and an external store (REDIS_URL) set back by less than it accepted since the last
check.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import json
import logging
import os
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from workers.errors import StoreUnavailable
from workers.store import keys
from workers.store.connection import guarded
from workers.store.losses import Losses, message
from workers.store.scripts import Steps

EVERY = 5.0  # s between checks

_log = logging.getLogger(__name__)


def path_of_given(client: redis.Redis, data: Path) -> Path:
    """Return the file for an external store (REDIS_URL); its name reveals no secret."""
    options = client.connection_pool.connection_kwargs
    where = [str(options.get(name)) for name in ("host", "port", "path", "db")]
    name = hashlib.sha256(" ".join(where).encode()).hexdigest()[:12]
    return data.expanduser().resolve() / f"given-{name}.seen"


def watch_given(witness: Witness, stop: threading.Event) -> None:
    """Check an external store until *stop*; a duty of the supervisor."""
    while not stop.is_set():
        with contextlib.suppress(StoreUnavailable):
            if loss := witness.look():
                _log.error("store: %s; run instep reconcile for each collection", message(loss))
        stop.wait(EVERY)


@dataclass(frozen=True, slots=True)
class Seen:
    arrival: int  # number of the newest accepted value
    own: bool  # the original file, not a copy of it


class Witness:
    """
    Args:
        path: The file.
        copies: It lies with the store, so a copy of it means a loss.
    """

    def __init__(self, steps: Steps, path: Path, *, copies: bool) -> None:
        self._steps = steps
        self._path = path
        self._copies = copies
        self._known = -1

    def look(self) -> dict[str, Any] | None:
        """
        Compare the store with its recorded progress, record a loss, and update the file.

        StoreUnavailable if the store does not answer.
        """
        with guarded():
            arrival, marked = self._steps.client.mget(keys.ARRIVAL, keys.WITNESS)
        now = int(arrival or 0)
        if now == self._known:
            return None
        loss = None
        if now < self._known or self._known < 0:
            loss = self._loss(now, marked=bool(marked))
        if loss:
            Losses(self._steps).note(loss)
        self._known = now
        if (now or loss) and write(self._path, now) and not marked:
            with guarded():
                self._steps.client.set(keys.WITNESS, 1)
        return loss

    def _loss(self, now: int, *, marked: bool) -> dict[str, Any] | None:
        seen = read(self._path)
        had = max(self._known, seen.arrival if seen else 0)
        if had > now:
            return {"id": f"older {had} {now}", "kind": "older", "had": had, "held": now}
        if not self._copies or not now:
            return None
        if (marked and seen is None) or (seen and not seen.own):
            return {"id": f"copied {now} {os.urandom(4).hex()}", "kind": "copied", "seen": now}
        return None


def read(path: Path) -> Seen | None:
    """Read the file at *path*; None if it is missing or unreadable."""
    try:
        with path.open("rb") as file:
            held = json.load(file)
            return Seen(int(held["arrival"]), held["self"] == _identity(file.fileno()))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write(path: Path, arrival: int) -> bool:
    """Replace the file; False if it could not be written."""
    fresh = path.with_name(f"{path.name}.new")
    with contextlib.suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh.unlink(missing_ok=True)
        with fresh.open("w", encoding="ascii") as file:
            json.dump({"arrival": arrival, "self": _identity(file.fileno())}, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        return True
    return False


def _identity(number: int) -> list[int]:
    """Return creation time and inode of the open file *number*: a copy differs."""
    return [_born(number), os.fstat(number).st_ino]


def _born(number: int) -> int:
    """Return the creation time in ns; 0 if the system does not provide it."""
    if sys.platform != "linux":
        return int(getattr(os.fstat(number), "st_birthtime", 0) * 1_000_000_000)
    # struct statx: stx_btime is at offset 80, as seconds (64 bits) and nanoseconds (32).
    # https://man7.org/linux/man-pages/man2/statx.2.html
    found = ctypes.create_string_buffer(256)
    try:
        failed = ctypes.CDLL(None).statx(number, b"", 0x1000, 0x800, found)
    except AttributeError:  # an older C library
        return 0
    if failed or not int.from_bytes(found.raw[0:4], sys.byteorder) & 0x800:
        return 0
    seconds = int.from_bytes(found.raw[80:88], sys.byteorder, signed=True)
    return seconds * 1_000_000_000 + int.from_bytes(found.raw[88:92], sys.byteorder)
