"""The processes of a fork server (``workers/runtime/fork_server.py``), as a supervisor has them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence

from workers.embedded import pdeathsig
from workers.runtime import fork_server

_LARGEST = 4_096  # bytes read of a pipe


class ForkedProcess:
    """One process: its pid, once it is known, and how it ended."""

    def __init__(self, told: int) -> None:
        self._told: int | None = told  # pipe: "PID\nSTATUS\n"
        self._lines = b""
        self.pid: int | None = None
        self.status: int | None = None  # the negative of a signal that has ended it

    def poll(self) -> int | None:
        """Return its exit status; None: it runs, or will."""
        if self._told is None:
            return self.status
        try:
            read = os.read(self._told, _LARGEST)
        except BlockingIOError:
            return None
        self._lines += read
        pid, *status = self._lines.split(b"\n")[:-1] or [b""]
        if pid:
            self.pid = int(pid)
        if status:
            self.status = int(status[0])
        elif not read:
            self.status = -signal.SIGKILL  # with its fork server
        if self.status is not None:
            os.close(self._told)
            self._told = None
        return self.status

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to it; none once it has ended."""
        if self.poll() is not None or self.pid is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)


class ForkServer:
    """
    Starts processes that share what they import.

    Args:
        modules: Imported before the first fork.
        prepare: Module whose function ``main`` then prepares what all of them use, and the argument
            for it; empty: none does.

    Call it in one thread, that lives as long as the processes should.
    """

    def __init__(self, modules: Sequence[str] = (), prepare: str = "") -> None:
        self.modules = modules
        self.prepare = prepare
        self._pid: int | None = None
        self._control: socket.socket | None = None

    @classmethod
    def of_this(cls, modules: Sequence[str] = (), prepare: str = "") -> ForkServer:
        """
        Return one that shares also what this process has imported, which imports *modules* first:
        most of them it needs itself. This process has prepared what all use; *prepare* is for a
        server that takes the place of this one.

        Only while this process has one thread, and nothing open or imported that a child should
        not have.
        """
        server = cls(modules, prepare)
        parent, control = os.getpid(), server._connect()
        fork_server.share(modules)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()  # else each child says once more what was not written yet
        server._pid = os.fork()
        if server._pid == 0:
            pdeathsig.tie(parent)
            os.setsid()
            server.close_connection()
            with open(os.devnull) as null:
                os.dup2(null.fileno(), 0)
            fork_server.serve(control, modules)
        control.close()
        return server

    def start(
        self,
        module: str,
        arguments: Sequence[str],
        *,
        title: str,
        environ: Mapping[str, str],
        files: Sequence[int],
    ) -> ForkedProcess:
        """
        Start ``main()`` of *module*, once the server has imported its modules.

        Args:
            title: As ``ps`` shows it.
            files: Descriptors that it inherits, under the same numbers.

        Raises:
            OSError: It cannot be started.
        """
        if not self._alive():
            self._begin()
        assert self._control is not None  # noqa: S101  # as _begin has left it
        request = {
            "module": module,
            "arguments": list(arguments),
            "title": title,
            "environ": dict(environ),
            "files": list(files),
        }
        told, ends = os.pipe()
        os.set_blocking(told, False)
        try:
            socket.send_fds(self._control, [json.dumps(request).encode()], [ends, *files])
        except OSError:
            os.close(told)
            raise
        finally:
            os.close(ends)
        return ForkedProcess(told)

    def successor(self) -> ForkServer:
        """Return one for the code and the configuration of this moment."""
        return ForkServer(self.modules, self.prepare)

    def close(self) -> None:
        """End the server; the processes that it has left go with it."""
        self.close_connection()
        if self._pid is not None:
            os.kill(self._pid, signal.SIGKILL)  # it may still import, and has nothing to lose
            os.waitpid(self._pid, 0)
            self._pid = None

    def close_connection(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None

    def _alive(self) -> bool:
        if self._pid is not None and os.waitpid(self._pid, os.WNOHANG)[0]:
            self._pid = None
        return self._pid is not None

    def _connect(self) -> socket.socket:
        """Return the server's end."""
        self.close_connection()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        return theirs

    def _begin(self) -> None:
        with self._connect() as theirs:
            theirs.set_inheritable(True)
            argv = pdeathsig.module(
                "workers.runtime.fork_server", str(theirs.fileno()), self.prepare, *self.modules
            )
            silent = (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)
            self._pid = os.posix_spawn(
                argv[0], argv, os.environ, file_actions=[silent], setsid=True
            )
