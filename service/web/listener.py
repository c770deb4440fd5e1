"""
The listening socket: opened once by the supervisor, and inherited by each web process.

All share one queue of new connections. So none is refused or lost while one process takes over from
another; with a socket of its own for each (SO_REUSEPORT) the system would reset what waits in the
queue of a process that ends.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import sys
import time
from typing import Any

from granian._granian import SocketHolder
from granian.server.mp import MPServer

from workers.errors import ConfigurationInvalid, Problem

BACKLOG = 4_096  # connections that wait; the system may allow less
_TAKEN = 1.0  # s that a port may be in use


def listen(bind: str) -> socket.socket:
    """
    Listen on *bind*, ``HOST:PORT``; for port 0 on a free port. Raises ConfigurationInvalid if it is
    not such a pair, or another program listens there.
    """
    host, _, port = bind.rpartition(":")
    where = f"--bind {bind}"
    try:
        found = socket.getaddrinfo(
            host.strip("[]"), int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (ValueError, OSError) as error:
        expected = "HOST:PORT, e.g. 127.0.0.1:8000"
        problem = Problem(where, f"no address ({error})", expected, "correct it")
        raise ConfigurationInvalid([problem]) from error
    family, kind, protocol, _, name = found[0]
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        _bind(listener, name)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        problem = Problem(
            where,
            error.strerror or str(error),
            "a free port of this machine",
            "stop what listens there, or choose another with --bind",
        )
        raise ConfigurationInvalid([problem]) from error
    return listener


def _bind(listener: socket.socket, name: tuple[Any, ...]) -> None:
    """Bind *listener*; the processes of one that was killed just now have the port for a moment."""
    ends = time.monotonic() + _TAKEN
    while True:
        try:
            listener.bind(name)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > ends:
                raise
            time.sleep(_TAKEN / 20)
        else:
            return


class SharedListener:
    """The socket of descriptor *fd*, as an inheriting process has it."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def stop_accepting(self) -> None:
        """
        Accept no further connection in this process; the others go on. Once all have done so and
        the supervisor has closed the socket, connections are refused.

        Not by shutdown(): it ends the socket for all, and granian then tries for ever to accept.
        granian can only stop accepting together with closing its connections, and would cut off
        those that it has just accepted. So all descriptors of the socket are replaced by those of
        one to which nobody connects.
        """
        if sys.platform != "linux":
            return
        wanted = os.fstat(self.fd)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as spare:
            spare.bind("")  # an abstract name that the system chooses
            spare.listen(1)
            spare.setblocking(False)
            for name in os.listdir("/proc/self/fd"):
                with contextlib.suppress(OSError):  # closed meanwhile
                    if os.path.samestat(os.fstat(int(name)), wanted):
                        os.dup2(spare.fileno(), int(name), inheritable=False)


class Server(MPServer):
    """granian on the socket of descriptor *fd*, in this process alone."""

    def __init__(self, fd: int, **options: Any) -> None:
        super().__init__("application", **options)
        self._fd = fd

    def _serve(self, spawn_target: Any, target_loader: Any) -> None:
        """
        Be the process that granian would start.

        Its main process would only watch it, as our supervisor does anyway, and kill -9 of that
        leaves the others holding the port.
        """
        self._init_shared_socket()
        self._spawn_worker(0, spawn_target, target_loader).inner.run()

    def _init_shared_socket(self) -> None:
        holder: Any = SocketHolder
        self._sso = self._ssp = None
        self._shd: Any = holder(self._fd, False, self.backlog)
        self._sfd: Any = self._fd
