"""Keeps the state of a site in a file, replaced as a whole."""

from __future__ import annotations

import fcntl
import logging
import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO

from service.sandbox.site.site import Site
from service.sandbox.site.state_file import StateLines, StateRefused
from service.sandbox.webhooks.events import Event

PAUSE = 0.3  # seconds between two checks for changes

_log = logging.getLogger(__name__)


class StateWriter:
    """
    Writes changes within a second, in a thread of its own, and everything at the end.

    Args:
        path: The file; a ``.lock`` file beside it admits one sandbox at a time.

    Raises:
        StateRefused: Another sandbox uses the file, or it cannot be written.
    """

    def __init__(self, site: Site, path: Path) -> None:
        self._path = path
        self._lock = _lock(path)
        self._lines = StateLines(site)
        self._head: list[str] = []
        self._changed = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="state", daemon=True)
        site.watch(self._listen)

    def start(self) -> None:
        """Write the state, and from now on its changes; raises StateRefused."""
        try:
            self.save()
        except OSError as error:
            self._lock.close()
            raise StateRefused(f"{self._path}: cannot be written: {error}") from None
        self._thread.start()

    def close(self) -> bool:
        """Write the last changes, and stop; False: that failed."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()
        saved = self._try()
        self._lock.close()
        return saved

    def save(self) -> None:
        """Write the state: a reader finds the old file or the new one, complete."""
        self._changed.clear()
        self._head = self._lines.head()
        beside = self._path.with_name(f".{self._path.name}.new")
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            for line in self._lines.lines():
                file.write(line.encode())
                file.write(b"\n")
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)

    def _listen(self, _: Event) -> None:
        self._changed.set()

    def _run(self) -> None:
        while not self._closing.wait(PAUSE):
            # Only items raise events; the rest is small, and compared with what was written.
            if self._changed.is_set() or self._lines.head() != self._head:
                self._try()

    def _try(self) -> bool:
        try:
            self.save()
        except OSError as error:
            self._changed.set()
            _log.error("state not written", extra={"file": str(self._path), "error": str(error)})
            return False
        return True


def _lock(path: Path) -> IO[bytes]:
    try:
        file = open(path.with_name(f".{path.name}.lock"), "wb")  # noqa: SIM115  # till the end
    except OSError as error:
        raise StateRefused(f"{path}: cannot be written: {error}") from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        with suppress(OSError):
            file.close()
        raise StateRefused(f"{path}: another sandbox keeps its state in it") from None
    return file
