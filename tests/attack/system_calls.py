"""
Kill -9 of a real web or worker process at its n-th system call, under load; n is drawn.

strace attaches to one process of those that `web` and `worker` start, and kills it as it enters a
call on a file or a socket. What started it replaces it; senders send again what got no answer.
"""

import os
import random
import shutil
import subprocess
import time
from pathlib import Path

from tests.attack.fleet import opened

CALLS = "%network,%desc"
FURTHEST = 40  # the largest n, of one thread
SECONDS = 4.0  # for which a process may take to come so far


def missing():
    """Why it cannot be played here; empty: it can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    command = ["strace", "-o", os.devnull, "-p", str(os.getpid())]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tried:  # noqa: S603
        time.sleep(0.3)
        tried.terminate()
        return "strace may not attach" if "ttach: " in tried.stderr.read() else ""


def play(seed, *, points=12):
    """Returns the Outcome, and how many processes were killed."""
    chance = random.Random(f"calls {seed}")  # noqa: S311  # no secret
    with opened() as fleet:
        names = ("web 0", "web 1", "worker 0", "worker 1")
        for name in names:
            fleet.start(name)
        fleet.load(points * 60, 40, chance)
        died = 0
        for point in range(points):
            found = _children(fleet.processes[names[point % len(names)]].pid)
            died += _kill(chance.choice(found), chance.randrange(1, FURTHEST)) if found else 0
            time.sleep(chance.uniform(0.2, 0.6))
        fleet.join()
        return fleet.judged(), died


def _children(pid):
    """The processes that *pid* has started, whatever thread of it did."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += map(int, (task / "children").read_text().split())
    return found


def _kill(pid, n):
    """Kill *pid* at its *n*-th call from now on; returns whether it came so far."""
    command = ["strace", "-f", "-qq", "-o", os.devnull, "-p", str(pid), "-e", f"trace={CALLS}",
               "-e", f"inject={CALLS}:signal=SIGKILL:when={n}"]  # fmt: skip
    tracing = subprocess.Popen(command, stderr=subprocess.DEVNULL)  # noqa: S603
    try:
        tracing.wait(SECONDS)
    except subprocess.TimeoutExpired:
        tracing.terminate()
        tracing.wait()
        return False
    return True
