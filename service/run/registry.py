"""
What runs in one data folder: a locked file per ``up``, ``web`` or ``worker``.

The lock ends with its process, however that ends. Beside it stands the result of the last reload,
for ``instep reload``, which waits for it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from workers.errors import ConfigurationInvalid, Problem
from workers.store.machine import machine

_FOLDER = "services"
_LONGEST = 4_096  # bytes of a file


@dataclass(frozen=True, slots=True)
class Running:
    """A running service, of this machine or of a container that shares the folder."""

    service: str  # "up", "web" or "worker"
    pid: int
    bind: str  # "" if it does not listen
    machine: str
    path: Path

    @property
    def here(self) -> bool:
        """Whether its pid is one of this machine."""
        return self.machine == machine()

    def outcome(self) -> dict[str, Any]:
        """Return the number of its last reload, and what came of it."""
        try:
            found: dict[str, Any] = json.loads(_outcome(self.path).read_text())
        except (OSError, ValueError):
            return {"number": 0, "done": True}
        return found


class Registration:
    """The *file* of this process, at *path*; see `registered`."""

    def __init__(self, path: Path | None, file: IO[str] | None = None) -> None:
        self._path, self._file = path, file

    def leave_address(self) -> None:
        """List no address any more: whatever listens there from now on is not this process."""
        if self._file is None:
            return
        with contextlib.suppress(OSError, ValueError):
            held = os.pread(self._file.fileno(), _LONGEST, 0)
            left = json.dumps({**json.loads(held), "bind": ""}).encode()
            # Of the same length, by one write: who reads it meanwhile reads the one or the other.
            os.pwrite(self._file.fileno(), left.ljust(len(held)), 0)

    def record(self, outcome: dict[str, Any]) -> None:
        """Write what came of a reload."""
        if self._path is None:
            return
        place = _outcome(self._path)
        draft = place.with_suffix(".new")
        with contextlib.suppress(OSError):
            draft.write_text(json.dumps(outcome))
            draft.replace(place)


@contextlib.contextmanager
def registered(data: Path, service: str, bind: str = "") -> Iterator[Registration]:
    """
    List this process while it runs.

    Raises:
        ConfigurationInvalid: It is ``up``, and another one runs in *data*.
    """
    folder = data / _FOLDER
    # Containers that share a folder have the same pids.
    place = hashlib.sha256(machine().encode()).hexdigest()[:8]
    path = folder / f"{service}-{place}-{os.getpid()}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (folder / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if service == "up":
                _refuse_second(data)
            held = _hold(Running(service, os.getpid(), bind, machine(), path))
    except OSError:
        # A disk that cannot be written: it runs without, and SIGHUP reloads it.
        yield Registration(None)
        return
    try:
        yield Registration(path, held)
    finally:
        for each in (path, _outcome(path)):
            each.unlink(missing_ok=True)
        held.close()


def running(data: Path) -> list[Running]:
    """Return the services that run in *data*, and remove what killed ones left."""
    found = []
    for path in sorted((data / _FOLDER).glob("*-*-*")):
        if path.suffix:
            continue
        with contextlib.suppress(OSError, ValueError, TypeError), path.open("r") as file:
            if _free(file):
                path.unlink()
                _outcome(path).unlink(missing_ok=True)
            else:
                found.append(Running(path=path, **json.load(file)))
    return found


def _refuse_second(data: Path) -> None:
    for each in running(data):
        if each.service == "up":
            problem = Problem(
                f"INSTEP_DATA {data}",
                f"instep up, process {each.pid}, which runs here",
                "one instep up in a folder",
                "reload that one with instep reload, stop it, or set another INSTEP_DATA",
            )
            raise ConfigurationInvalid([problem])


def _hold(own: Running) -> IO[str]:
    file = own.path.open("w+")
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    content = asdict(own)
    del content["path"]
    json.dump(content, file)
    file.flush()
    return file


def _free(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _outcome(path: Path) -> Path:
    return path.with_name(f"{path.name}.json")
