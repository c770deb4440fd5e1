"""
Run a command that cannot outlive the process that started it.

    python pdeathsig.py PARENT -m MODULE [ARGUMENT ...]    a module of this project python
    pdeathsig.py PARENT PROGRAM [ARGUMENT ...]      any other program

On Linux the kernel sends SIGKILL to the command when PARENT ends, however it ends; elsewhere only
an orderly exit of PARENT stops it. Strictly, PARENT's thread counts: start children from a thread
that lives as long as they should. Run as a file and limited to the standard library, so that it
needs neither an installed package nor a working directory.

https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import runpy
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

READY = b"1"  # what a process reports when it is ready; anything else is why it failed
REPORT_FD = "INSTEP_READY_FD"  # environment variable: the pipe for it

_PR_SET_PDEATHSIG = 1
_LINES = 4  # last lines of a traceback that are reported


def tie(parent: int) -> None:
    """Have the kernel kill this process when *parent* ends; exit now if it has ended already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    # *parent* may have ended before the line above: then no signal would ever come.
    if os.getppid() != parent:
        os._exit(0)


def program(*command: str) -> list[str]:
    """Return the argv that runs *command* tied to this process."""
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), *command]


def module(name: str, *arguments: str) -> list[str]:
    # -P: a folder "workers" in the operator's working directory must not shadow ours.
    return [sys.executable, "-P", __file__, str(os.getpid()), "-m", name, *arguments]


def report(message: bytes) -> None:
    """Write *message* on the pipe of this process, if any; only the first one counts."""
    if fd := os.environ.pop(REPORT_FD, None):
        with contextlib.suppress(OSError):  # nobody reads it any more
            os.write(int(fd), message)
        os.close(int(fd))


def report_error(error: BaseException) -> None:
    """Report why this process fails before it is ready."""
    lines = "".join(traceback.format_exception(error)).rstrip().splitlines()
    report("\n".join(lines[-_LINES:]).encode())


def _run(parent: str, *command: str) -> None:
    tie(int(parent))
    if command[0] != "-m":
        os.execv(command[0], command)  # noqa: S606  # the caller's argv, no shell
    # Appended last, so that an installed copy wins and nothing beside it is shadowed.
    sys.path.append(str(Path(__file__).resolve().parents[1]))
    sys.argv = list(command[1:])
    try:
        runpy.run_module(command[1], run_name="__main__", alter_sys=True)
    except Exception as error:
        report_error(error)
        raise


def main(arguments: Sequence[str]) -> None:
    _run(*arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
