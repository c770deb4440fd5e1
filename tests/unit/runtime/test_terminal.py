"""SIGHUP: a terminal that was closed, or somebody who wants a reload."""

import os
import pty
import signal
import sys
import time

from workers.runtime.terminal import Terminal

LOOK = """
import signal, sys, time
from workers.runtime.terminal import Terminal
terminal = Terminal()
if terminal.is_gone():
    sys.exit("gone at the start")
got = []
signal.signal(signal.SIGHUP, lambda *_: got.append(terminal.is_gone()))
open(sys.argv[1], "w").close()
while not got:
    time.sleep(0.01)
with open(sys.argv[1], "w") as file:
    file.write(str(got[0]))
"""


def started(path):
    """Start it on a terminal of its own; returns its pid and the other end of the terminal."""
    pid, master = pty.fork()
    if pid == 0:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # it is ignored where pytest has no terminal
        os.execv(sys.executable, [sys.executable, "-c", LOOK, str(path)])  # noqa: S606
    ends = time.monotonic() + 30
    while not path.exists() and time.monotonic() < ends:
        time.sleep(0.02)
    return pid, master


def test_a_terminal_that_is_closed_is_gone(tmp_path):
    pid, master = started(tmp_path / "told")
    os.close(master)  # the system sends SIGHUP
    os.waitpid(pid, 0)
    assert (tmp_path / "told").read_text() == "True"


def test_a_signal_beside_an_open_terminal_says_nothing_of_it(tmp_path):
    pid, master = started(tmp_path / "told")
    os.kill(pid, signal.SIGHUP)
    os.waitpid(pid, 0)
    os.close(master)
    assert (tmp_path / "told").read_text() == "False"


def test_where_sighup_was_ignored_the_terminal_does_not_matter(monkeypatch):
    monkeypatch.setattr(signal, "getsignal", lambda _: signal.SIG_IGN)
    assert not Terminal().is_gone()
