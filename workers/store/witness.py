"""
How far the store had come, in a file beside it: an older store that is put back is noticed by it.

`keys.WITNESS` says that such a file was written. The file holds the number of the
newest accepted value, and which file it is itself (when it was made, and its inode): a copy of the
whole directory holds the same number as its store, and is another file. What is not noticed: a disk
that is set back as a whole (a snapshot of a volume or of a virtual machine), and a given store
(REDIS_URL) that is set back by less than what came since it was last looked at.
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

EVERY = 5.0  # s between two looks

_log = logging.getLogger(__name__)


def path_of_given(client: redis.Redis, data: Path) -> Path:
    """Return the file for a given store (REDIS_URL); its name tells no secret."""
    options = client.connection_pool.connection_kwargs
    where = [str(options.get(name)) for name in ("host", "port", "path", "db")]
    name = hashlib.sha256(" ".join(where).encode()).hexdigest()[:12]
    return data.expanduser().resolve() / f"given-{name}.seen"


def watch_given(witness: Witness, stop: threading.Event) -> None:
    """Look at a given store until *stop*; a duty of the supervisor."""
    while not stop.is_set():
        with contextlib.suppress(StoreUnavailable):
            if loss := witness.look():
                _log.error("store: %s; run instep reconcile for each collection", message(loss))
        stop.wait(EVERY)


@dataclass(frozen=True, slots=True)
class Seen:
    """
    Args:
        arrival: The number of the newest accepted value.
        own: Whether this is the file that was written, and no copy of it.
    """

    arrival: int
    own: bool


class Witness:
    """
    Args:
        path: The file.
        copies: A copy of the file is a loss: it lies with the store itself.
    """

    def __init__(self, steps: Steps, path: Path, *, copies: bool) -> None:
        self._steps = steps
        self._path = path
        self._copies = copies
        self._known = -1

    def look(self) -> dict[str, Any] | None:
        """
        Compare the store with what it had come to, note a loss, and remember how far it is.

        Raises:
            StoreUnavailable: The store did not answer.
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
    """Return what the file at *path* says; None: there is none that can be read."""
    try:
        with path.open("rb") as file:
            held = json.load(file)
            return Seen(int(held["arrival"]), held["self"] == _identity(file.fileno()))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write(path: Path, arrival: int) -> bool:
    """Write the file anew; False: it could not be written."""
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
    """Return what tells the open file *number* from a copy: when it was made, and its inode."""
    return [_born(number), os.fstat(number).st_ino]


def _born(number: int) -> int:
    """Return when the file was made, in ns; 0 where the system does not tell."""
    if sys.platform != "linux":
        return int(getattr(os.fstat(number), "st_birthtime", 0) * 1_000_000_000)
    # struct statx: stx_btime stands 80 bytes in, as seconds (64 bits) and nanoseconds (32).
    # https://man7.org/linux/man-pages/man2/statx.2.html
    found = ctypes.create_string_buffer(256)
    try:
        failed = ctypes.CDLL(None).statx(number, b"", 0x1000, 0x800, found)
    except AttributeError:  # of an older C library
        return 0
    if failed or not int.from_bytes(found.raw[0:4], sys.byteorder) & 0x800:
        return 0
    seconds = int.from_bytes(found.raw[80:88], sys.byteorder, signed=True)
    return seconds * 1_000_000_000 + int.from_bytes(found.raw[88:92], sys.byteorder)
