"""
Runs a command that cannot outlive the process that started it.

    python pdeathsig.py PARENT -m MODULE [ARGUMENT ...]    a module of this project
    python pdeathsig.py PARENT PROGRAM [ARGUMENT ...]      any other program

On Linux the kernel kills the command with SIGKILL when PARENT ends, however it ends; elsewhere
only an orderly end of PARENT takes it along. Strictly it is PARENT's thread that counts: start
children from a thread that lives as long as they shall. Run as a file, so that it needs neither
an installed package nor a working directory; standard library only, for the same reason.

https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html
"""

from __future__ import annotations

import ctypes
import os
import runpy
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1


def tie(parent: int) -> None:
    """Let this process be killed when *parent*, a pid, ends; end at once where it has already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    # It may have ended before the line above took effect: then nothing would ever tell us.
    if os.getppid() != parent:
        os._exit(0)


def program(*command: str) -> list[str]:
    """Return the argv that runs *command* tied to this process."""
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), *command]


def module(name: str, *arguments: str) -> list[str]:
    """Return the argv that runs the module *name* of this project tied to this process."""
    # -P: a folder called "workers" where the operator stands must not take the place of ours.
    return [sys.executable, "-P", __file__, str(os.getpid()), "-m", name, *arguments]


def _run(parent: str, *command: str) -> None:
    tie(int(parent))
    if command[0] != "-m":
        os.execv(command[0], command)  # noqa: S606  # the caller's argv, no shell
    # Last, so that an installed copy wins and nothing beside it is shadowed.
    sys.path.append(str(Path(__file__).resolve().parents[1]))
    sys.argv = list(command[1:])
    runpy.run_module(command[1], run_name="__main__", alter_sys=True)


def main(arguments: Sequence[str]) -> None:
    """Run the command line of the module's docstring."""
    _run(*arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
