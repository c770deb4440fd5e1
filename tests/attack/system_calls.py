"""
Kill -9 of real processes as they enter their n-th system call, under load: web, worker, the sweeper
in what starts the workers, fetch and reconcile.

strace counts first how many calls on files and sockets a thread does in a while, and then kills its
process at one of them, drawn; a reconcile is counted and killed as a whole. What started a process
replaces it, a supervisor and a reconcile are started again; senders send again what got no answer.
"""

import contextlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from tests.attack.fleet import ITEMS, PATIENCE, opened
from tests.attack.notices import MAPPINGS, SOURCE, Notices
from tests.support.standin import item_id

CALLS = "%network,%desc"
OF_RUN = "%network,pwrite64,fsync,fdatasync"  # not what it reads to begin
COUNTED = 1.0  # s for which calls are counted
SECONDS = 8.0  # for which a process may take to come so far
ROWS = 20  # of a snapshot, of items that no event is of
KINDS = ("web", "worker", "sweep", "fetch", "reconcile")
# As ps shows their processes.
TITLES = {
    kind: f"instep {title}".encode()
    for kind, title in (("web", "web"), ("worker", "worker"), ("fetch", "worker fetch"))
}
POINTS = 10  # tries of one seed


def missing():
    """Why it cannot be played here; empty: it can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    with subprocess.Popen(["sleep", "30"]) as traced:  # noqa: S607  # not this one: it waits
        try:
            return "" if _traced(["-p", str(traced.pid)], 0.3) is not None else "strace may not"
        finally:
            traced.kill()


def play(seed, *, points=POINTS):
    """Returns the Outcome, and how many processes of each kind were killed."""
    chance = random.Random(f"calls {seed}")  # noqa: S311  # no secret
    died = dict.fromkeys(KINDS, 0)
    with opened(more=SOURCE, mappings=MAPPINGS, items=ITEMS + ROWS, limit=600) as fleet:
        notices = Notices(fleet)
        for name in ("web 0", "web 1", "worker 0", "worker 1"):
            fleet.start(name)
        fleet.load(points * 200, 40, chance)
        notices.begin(chance)
        run = Run(fleet)
        time.sleep(3.0)  # what a process does as it starts, it does once
        for point in range(points):
            kind = KINDS[point % len(KINDS)]
            tried = run.kill(chance) if kind == "reconcile" else _kill(fleet, kind, chance)
            died[kind] += tried
            time.sleep(chance.uniform(0.2, 0.6))
        fleet.join()
        run.complete()
        notices.end()
        outcome = fleet.judged()
        outcome.stuck += run.failed
        return outcome, died


# processes that go on ------------------------------------------------------------------------


def _kill(fleet, kind, chance):
    """Kill a process of *kind* at one of its calls; returns whether it came so far."""
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:  # what was killed before is started anew
        for name, pid in _running(fleet, kind, chance):
            thread, calls = _counted(pid, kind)
            if not calls:
                continue
            died = _kill_at(thread, chance.randint(1, calls))
            if kind == "sweep" and died:
                fleet.processes.pop(name).wait()
                fleet.start(name)
            return died
    return False


def _running(fleet, kind, chance):
    """The processes of *kind*, each with the name of what started it."""
    role = "web" if kind == "web" else "worker"
    found = []
    for name, started in fleet.processes.items():
        if name.startswith(role):
            pids = [started.pid] if kind == "sweep" else _below(started.pid, kind)
            found += [(name, pid) for pid in pids]
    chance.shuffle(found)
    return found


def _below(parent, kind):
    """The processes of *kind* that *parent* has started, whatever thread of it did."""
    with contextlib.suppress(OSError):  # one that has just ended
        for task in Path(f"/proc/{parent}/task").iterdir():
            for pid in map(int, (task / "children").read_text().split()):
                title = Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0")
                if title == TITLES[kind]:
                    yield pid
                yield from _below(pid, kind)


def _counted(pid, kind):
    """A thread of *pid*, of a sweeper the one that sweeps, and its calls in a while."""
    text = _traced(["-f", "-p", str(pid)], COUNTED) or ""
    calls, steps = _by_thread(text), _by_thread(text, "FCALL")
    busiest = (steps if kind == "sweep" else calls).most_common(1)
    return (int(busiest[0][0]), calls[busiest[0][0]]) if busiest else (None, 0)


def _by_thread(text, words=""):
    """How many calls each thread does; what strace tells in two lines is one."""
    lines = re.findall(r"^\d+ .*$", text, re.MULTILINE)
    return Counter(
        line.split(None, 1)[0] for line in lines if words in line and " resumed>" not in line
    )


def _traced(words, seconds):
    """What strace tells of so many seconds; None: it may not attach."""
    command = ["strace", "-qq", "-o", "/dev/stdout", "-e", f"trace={CALLS}", *words]
    with subprocess.Popen(  # noqa: S603
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace"
    ) as tracing:
        with contextlib.suppress(subprocess.TimeoutExpired):
            tracing.wait(seconds)
        tracing.terminate()
        text, wrong = _ended(tracing)
    return None if "ttach" in wrong else text


def _ended(tracing):
    try:
        return tracing.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        tracing.kill()
        return tracing.communicate()


def _kill_at(thread, n):
    command = ["strace", "-qq", "-o", os.devnull, "-p", str(thread), "-e", f"trace={CALLS}",
               "-e", f"inject={CALLS}:signal=SIGKILL:when={n}"]  # fmt: skip
    tracing = subprocess.Popen(command, stderr=subprocess.DEVNULL)  # noqa: S603
    try:
        tracing.wait(SECONDS)
    except subprocess.TimeoutExpired:
        tracing.terminate()
        _ended(tracing)
        return False
    return True


# a reconcile ---------------------------------------------------------------------------------


class Run:
    """Reconciles of items that no event is of, by a snapshot that changes each time."""

    def __init__(self, fleet):
        self.fleet, self.calls, self.round, self.failed = fleet, 0, 0, []

    def kill(self, chance):
        """Kill a run at one of its calls; returns whether it came so far."""
        if not self.calls:
            self.calls = self._count()
        self._write()
        n = chance.randint(1, max(1, self.calls * 4 // 5))  # one run does more than another
        told = f"inject={OF_RUN}:signal=SIGKILL:when={n}"
        code = self._strace("-o", os.devnull, "-e", told)
        return code in (-9, 137)

    def complete(self):
        """Run it until it says that all is in step."""
        if not self.round:
            return
        ends = time.monotonic() + 3 * PATIENCE
        done = self._run([])
        while done.returncode and time.monotonic() < ends:
            time.sleep(1.0)
            done = self._run([])
        if done.returncode:
            self.failed.append(f"a reconcile ends with {done.returncode}: {done.stdout[-600:]}")

    def _count(self):
        """The calls of the busiest thread of a whole run; the first of all does more."""
        self._write()
        self._run([])
        self._write()
        path = self.fleet.folder / "calls"
        self._strace("-o", str(path))
        threads = Counter(
            line.split(None, 1)[0] for line in path.read_text(errors="replace").splitlines()
        )
        return max(threads.values(), default=0)

    def _write(self):
        self.round += 1
        rows = []
        for number in range(ITEMS, ITEMS + ROWS):
            stock = self.round * 1000 + number
            rows.append(json.dumps({"data": {"item_id": item_id(number), "qty": stock}}))
            self.fleet.truth[item_id(number)] = {"stock": stock, "in-stock": True}
        (self.fleet.folder / "rows.jsonl").write_text("\n".join(rows))

    def _strace(self, *words):
        return self._run(["strace", "-f", "-qq", "-e", f"trace={OF_RUN}", *words]).returncode

    def _run(self, before):
        command = [sys.executable, "-m", "service", "reconcile", "products", "rows.jsonl"]
        command += ["--partial", "--source", "erp", "--topic", "stock.changed"]
        return subprocess.run(  # noqa: S603
            [*before, *command], cwd=self.fleet.folder, env=self.fleet.environ(), text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            check=False, timeout=120,
        )  # fmt: skip
