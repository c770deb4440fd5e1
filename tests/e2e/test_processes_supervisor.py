"""A supervisor, its children and its tasks, as real processes."""

import json
import os
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest

from workers.runtime.liveness import state_of

ROOT = Path(__file__).parents[2]
BUSY = 20.0  # s that a busy machine may take: a child that it starves is given longer

SUPERVISOR = """
import json, os, sys
from service.config import logging_setup
from workers.runtime.liveness import SilenceLimits
from workers.runtime.background_tasks import BackgroundTask
from workers.runtime.child_process import Child
from workers.runtime.supervisor import Supervisor

logging_setup.configure()

def report(stop):
    while not stop.wait(0.02):
        line = [[p.role, p.pid, "hung" if p.hung else p.ready] for p in supervisor.processes()]
        os.write(1, f"{json.dumps(line)}\\n".encode())  # print may write the end of a line later

children = [Child(role, module, announces=role == "worker")
            for role, module in (word.split("=") for word in sys.argv[2:])]
supervisor = Supervisor(children, [BackgroundTask("report", report)], grace=float(sys.argv[1]),
                        limits=SilenceLimits(reported=0.4, hung=1.2, starved=6.0, stopped=1.0))
sys.exit(supervisor.run())
"""

STUBS = {
    "patient": "import time\nwhile True: time.sleep(60)",
    "stubborn": (
        "import os, signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "os.write(1, b'[]\\n')\nwhile True: time.sleep(60)"
    ),
    "crashing": (
        "import time\nwith open(__file__ + '.born', 'a') as file:\n"
        "    print(time.monotonic(), file=file)\nraise SystemExit(3)"
    ),
    "announcing": (
        "import sys, time\nfrom workers.runtime import child_process\nchild_process.announce()\n"
        "while True: time.sleep(60)"
    ),
    "beating": (
        "import sys, time\nfrom workers.runtime import liveness\n"
        "liveness.start(lambda: True, 0.05)\nwhile True: time.sleep(60)"
    ),
    "stuck": (
        "import sys, time\nfrom workers.runtime import liveness\n"
        "pulse = liveness.Pulse(0.4)\nliveness.start(pulse.is_alive, 0.05)\n"
        "while True: time.sleep(60)"
    ),
}


class Run:
    """A supervisor process, and what it says of its children."""

    def __init__(self, process):
        self.process = process

    def look(self):
        return json.loads(self.process.stdout.readline() or "[]")

    def eventually(self, wanted, within=5.0):
        ends = time.monotonic() + within
        while time.monotonic() < ends:
            found = self.look()
            if wanted(found):
                return found
        raise AssertionError(f"it did not come about: {found}")

    def pids(self, count):
        return [pid for _, pid, _ in self.eventually(lambda found: len(found) == count)]


@pytest.fixture
def run(tmp_path):
    started = []
    for name, text in STUBS.items():
        (tmp_path / f"{name}.py").write_text(text)

    def start(*children, grace=5.0):
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", SUPERVISOR, str(grace), *children],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return Run(process)

    yield start
    for process in started:
        process.kill()
        process.communicate()


def gone(pid):
    return state_of(pid) in ("", "Z")


def wait_gone(pids, within=3.0):
    ends = time.monotonic() + within
    while time.monotonic() < ends:
        if all(gone(pid) for pid in pids):
            return
        time.sleep(0.02)
    raise AssertionError("they still run")


def test_a_killed_child_is_replaced_within_two_seconds(run):
    supervisor = run("web=patient", "worker=patient")
    old = supervisor.pids(2)
    os.kill(old[0], signal.SIGKILL)
    found = supervisor.eventually(
        lambda found: len(found) == 2 and found[0][1] != old[0], within=2.0
    )
    assert found[1][1] == old[1]


def test_a_child_that_dies_over_and_over_is_always_replaced_within_two_seconds(run):
    supervisor = run("web=patient")
    for _ in range(4):
        (old,) = supervisor.pids(1)
        os.kill(old, signal.SIGKILL)
        supervisor.eventually(
            lambda found, old=old: len(found) == 1 and found[0][1] != old, within=2.0
        )


def test_a_death_is_logged_with_role_pid_and_signal(run):
    supervisor = run("web=patient")
    (pid,) = supervisor.pids(1)
    os.kill(pid, signal.SIGKILL)
    supervisor.eventually(lambda found: found == [])
    supervisor.process.send_signal(signal.SIGTERM)
    _, errors = supervisor.process.communicate()
    (told,) = map(json.loads, errors.splitlines())
    assert (told["message"], told["role"], told["pid"]) == ("child ended", "web", pid)
    assert told["signal"] == signal.SIGKILL


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_and_its_children(run, number):
    supervisor = run("web=patient", "worker=patient")
    pids = supervisor.pids(2)
    supervisor.process.send_signal(number)
    supervisor.process.communicate()
    assert supervisor.process.returncode == 0
    assert all(gone(pid) for pid in pids)


def test_a_child_that_does_not_end_is_killed_after_its_grace(run):
    supervisor = run("web=stubborn", grace=0.3)
    supervisor.eventually(lambda found: found)
    (pid,) = supervisor.pids(1)
    supervisor.process.send_signal(signal.SIGTERM)
    supervisor.process.communicate()
    assert gone(pid)


def test_kill_9_of_the_supervisor_ends_its_children(run):
    supervisor = run("web=patient", "worker=stubborn")
    pids = supervisor.pids(2)
    supervisor.process.kill()
    wait_gone(pids)


def test_a_child_that_announces_is_ready_when_it_says_so(run):
    supervisor = run("worker=announcing")
    supervisor.eventually(lambda found: found and found[0][2])


def test_a_child_that_says_nothing_is_not_ready(run):
    supervisor = run("worker=patient")
    ((_, _, ready),) = supervisor.eventually(lambda found: found)
    assert not ready


def test_a_crash_loop_slows_down(run, tmp_path):
    """However slow the machine is: the next is not born sooner than that after the last one was."""
    supervisor = run("web=crashing")
    born = tmp_path / "crashing.py.born"
    supervisor.eventually(lambda _: born.exists() and born.read_text().count("\n") >= 4, BUSY)
    times = [float(line) for line in born.read_text().splitlines()[:4]]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert all(gap >= least for gap, least in zip(gaps, (0.1, 0.3, 0.7), strict=True)), gaps


@pytest.mark.parametrize("stub", ["beating", "patient"])
def test_a_stopped_child_is_told_and_replaced(run, stub):
    supervisor = run(f"web={stub}")
    (old,) = supervisor.pids(1)
    os.kill(old, signal.SIGSTOP)
    supervisor.eventually(lambda found: found == [["web", old, "hung"]], BUSY)
    supervisor.eventually(lambda found: len(found) == 1 and found[0][1] != old, BUSY)
    assert gone(old)


def test_a_child_whose_work_is_stuck_is_replaced_and_the_others_go_on(run):
    supervisor = run("web=stuck", "worker=patient")
    old, other = supervisor.pids(2)
    supervisor.eventually(
        lambda found: len(found) == 2 and found[0][1] != old and found[1][1] == other, BUSY
    )


def test_a_child_that_was_stopped_for_a_moment_goes_on(run):
    supervisor = run("web=patient")
    (pid,) = supervisor.pids(1)
    os.kill(pid, signal.SIGSTOP)
    supervisor.eventually(lambda found: found == [["web", pid, "hung"]], BUSY)
    os.kill(pid, signal.SIGCONT)
    supervisor.eventually(lambda found: found == [["web", pid, True]], BUSY)
