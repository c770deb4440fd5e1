"""
Forks the children of a supervisor from one process that has imported their code once.

    python -m workers.runtime.fork_server FD "PREPARE ARGUMENT" MODULE ...

It imports each MODULE, calls ``main`` of PREPARE, then forks once for each request on the socket
FD, and tells on a pipe of the request the pid of the child and how it ended. So a child starts in
milliseconds, and all share the memory of the code. A child dies with this process, and this process
with its supervisor. It has one thread: a lock that another one held would stay locked in the
children for ever.
(``multiprocessing.forkserver`` runs functions of the module that started it, not modules, and its
children have neither a session nor an environment of their own.)
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import fcntl
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from setproctitle import setproctitle

from workers.embedded import pdeathsig
from workers.store import step_library

_LARGEST: Final = 1 << 18  # bytes of a request; it carries the environment
_MOST: Final = 16  # descriptors of a request
_ABOVE: Final = 512  # descriptors of a request are put here before they get their numbers


@dataclass(frozen=True, slots=True)
class Request:
    """
    A process to start.

    Args:
        module: Its function ``main`` is called, and returns the exit status; None: 0.
        title: As ``ps`` shows it.
        environ: All of its environment.
        files: The numbers that the descriptors sent with the request have in it.
    """

    module: str
    arguments: tuple[str, ...]
    title: str
    environ: dict[str, str]
    files: tuple[int, ...]


class _Server:
    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._pipes: dict[int, int] = {}  # pid of a child → pipe on which its end is told
        self._woken, self._wake = os.pipe()
        os.set_blocking(self._woken, False)
        os.set_blocking(self._wake, False)

    def serve(self) -> Request | None:
        """Return in each child its request, and in this process None once it has to end."""
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        while True:
            asked = self._control.fileno()
            ready, _, _ = select.select([asked, self._woken], [], [])
            if self._woken in ready:
                os.read(self._woken, _LARGEST)
                self._reap()
            if asked not in ready:
                continue
            message, received, _, _ = socket.recv_fds(self._control, _LARGEST, _MOST)
            if not message:
                return None
            found: dict[str, Any] = json.loads(message)
            request = Request(
                found["module"],
                tuple(found["arguments"]),
                found["title"],
                found["environ"],
                tuple(found["files"]),
            )
            told, *files = received
            if self._fork(told, files):
                self._become(request, files)
                return request

    def _fork(self, told: int, files: list[int]) -> bool:
        """Return whether this is the child."""
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            os.close(told)
            pdeathsig.tie(parent)
            return True
        for number in files:
            os.close(number)
        self._pipes[pid] = told
        _tell(told, pid)
        return False

    def _reap(self) -> None:
        while self._pipes:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            pipe = self._pipes.pop(pid)
            _tell(pipe, os.waitstatus_to_exitcode(status))
            os.close(pipe)

    def _become(self, request: Request, files: list[int]) -> None:
        """Make this process, just forked, what a new one would be."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        self._control.close()
        for number in (self._woken, self._wake, *self._pipes.values()):
            os.close(number)
        # In two steps: a number that one is to get may be that of another.
        above = [fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, _ABOVE) for number in files]
        for number in files:
            os.close(number)
        for number, wanted in zip(above, request.files, strict=True):
            os.dup2(number, wanted)
            os.close(number)
        os.environ.clear()
        os.environ.update(request.environ)
        setproctitle(request.title)


def _tell(pipe: int, number: int) -> None:
    with contextlib.suppress(BrokenPipeError):  # the supervisor wants to know no more
        os.write(pipe, b"%d\n" % number)


def share(modules: Sequence[str]) -> None:
    """Import *modules*, and let all that is there by now stay shared with what is forked."""
    for name in modules:
        # A child that needs it fails by the same error, and reports it.
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    step_library.library()  # 0.6 MB, and 3 MB to put it together
    gc.collect()
    with contextlib.suppress(AttributeError):  # of glibc alone
        ctypes.CDLL(None).malloc_trim(0)  # what the imports no longer use
    gc.freeze()  # else the first collection on either side would copy all of it


def open_files() -> frozenset[str]:
    """Return the descriptors of this process; none where the system does not list them."""
    try:
        return frozenset(os.listdir("/proc/self/fd"))
    except OSError:
        return frozenset()


def is_alone(files: frozenset[str]) -> bool:
    """
    Tell whether a fork of this process is all of it: one thread, and nothing open but *files*.

    False where the system does not say so.
    """
    try:
        return len(os.listdir("/proc/self/task")) == 1 and open_files() == files
    except OSError:
        return False


def serve(control: socket.socket, modules: Sequence[str], prepare: str = "") -> NoReturn:
    """
    Import *modules*, *prepare*, and fork what is asked for on *control*, until that is closed.

    A child does not come back either: it ends with its module.
    """
    setproctitle("instep fork server")
    # Nothing that this process happens to have is for the children.
    os.closerange(3, control.fileno())
    os.closerange(control.fileno() + 1, _ABOVE)
    share(modules)
    if prepare:
        _prepare(*prepare.split())
    with control:
        request = _Server(control).serve()
    if request is None:
        os._exit(0)
    _end(_run(request))


def _prepare(module: str, argument: str) -> None:
    """Have *module* prepare what the children use; else each does it for itself."""
    files = open_files()
    if not is_alone(files):
        return  # the system does not say what begins
    sys.argv = [module, argument]
    # A child that needs it fails by the same error, and reports it.
    with contextlib.suppress(Exception, SystemExit):
        importlib.import_module(module).main()
    if is_alone(files):
        share(())
    else:
        # Something has begun that no child must have: begin anew without it.
        place = sys.orig_argv.index(f"{module} {argument}")
        again = [*sys.orig_argv[:place], "", *sys.orig_argv[place + 1 :]]
        os.execv(sys.executable, again)  # noqa: S606  # our own argv


def _run(request: Request) -> object:
    """Return what the module ended with, as ``sys.exit`` takes it."""
    sys.argv = [request.module, *request.arguments]
    try:
        return importlib.import_module(request.module).main()
    except SystemExit as end:
        return end.code
    except Exception as error:
        traceback.print_exc()
        pdeathsig.report_error(error)
        return 1


def _end(code: object) -> NoReturn:
    """
    End this process as Python would.

    Not by SystemExit: a copy of a supervisor would go back through what called it.
    """
    threading._shutdown()  # type: ignore[attr-defined]  # as multiprocessing ends its processes
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


if __name__ == "__main__":
    fd, prepare, *modules = sys.argv[1:]
    serve(socket.socket(fileno=int(fd)), modules, prepare)
