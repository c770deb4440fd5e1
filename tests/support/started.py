"""
Processes of the command ``instep`` for tests, each in a tenth of the time.

What a start takes is mostly the imports: one process of a run of tests has done them, and each
command is forked from it, as a supervisor forks its children. A command from the first line of its
imports on is played by `tests/e2e/test_processes_up.py`, the demo and what ``init`` writes.
"""

import atexit
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from unittest import mock

from workers.runtime.forked_process import ForkServer

ROOT = Path(__file__).parents[2]
PAUSE = 0.005  # s

_servers = []


def _server():
    if not _servers:
        from service.run.services import COMMON  # what all processes of an installation import

        modules = (__name__, "service.cli", "service.run.services", *COMMON)
        _servers.append(ForkServer(modules))
        atexit.register(_servers[0].close)
    return _servers[0]


class Started:
    """
    ``instep`` with some *words* in *folder*, as `subprocess.Popen` has a process.

    Args:
        environ: All of its environment.
        log: The file that its errors are added to.
    """

    def __init__(self, words, folder, environ, log):
        reader, writer = os.pipe()
        path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        with log.open("ab") as errors, mock.patch.dict(os.environ, PYTHONPATH=path):
            files = (writer, errors.fileno())
            self._process = _server().start(
                __name__,
                (str(folder), *map(str, files), *words),
                title=f"instep {' '.join(words)}",
                environ={**environ, "PYTHONPATH": path},
                files=files,
            )
        os.close(writer)
        self.stdout = os.fdopen(reader, encoding="utf-8")
        while self.poll() is None and self._process.pid is None:
            time.sleep(PAUSE)
        self.pid = self._process.pid

    @property
    def returncode(self):
        return self._process.status

    def poll(self):
        return self._process.poll()

    def send_signal(self, number):
        self._process.signal(number)

    def terminate(self):
        self.send_signal(signal.SIGTERM)

    def kill(self):
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout=None):
        """Wait for its end; raises `subprocess.TimeoutExpired`."""
        ends = time.monotonic() + (timeout or 1e9)
        while self.poll() is None:
            if time.monotonic() > ends:
                raise subprocess.TimeoutExpired("instep", timeout)
            time.sleep(PAUSE)
        return self.returncode


def main():
    """Be the command, in a process just forked: its folder, stdout and stderr, and its words."""
    _, folder, out, errors, *words = sys.argv
    for number, wanted in ((int(out), 1), (int(errors), 2)):
        os.dup2(number, wanted)
        os.close(number)
    os.chdir(folder)
    sys.path.insert(0, folder)  # as with `python -m`
    sys.argv = ["instep", *words]
    from service.cli import main as instep

    return instep(prog_name="instep")
