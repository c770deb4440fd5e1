"""Web and worker processes on one real store, of one release or of two, under load."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import redis

from tests.attack.judge import Outcome
from tests.support.real_processes import BY_ITEM, CONFIGURATION, SECRET, Line, signed, wrong
from tests.support.standin import COLLECTION, TOKEN, StandIn, item_id
from tests.support.started import Started
from tests.support.store_server import server_binary
from workers.store.outbox import FATES

ROOT = Path(__file__).parents[2]
ITEMS = 60
PATIENCE = 30.0  # s


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def archived(revision, folder):
    """Write the tree of *revision* into *folder*; None: this is no repository, or lacks it."""
    command = ["git", "-C", str(ROOT), "archive", revision]
    done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603
    if done.returncode:
        return None
    subprocess.run(["tar", "x", "-C", str(folder)], input=done.stdout, check=True)  # noqa: S603, S607
    return folder


class Store:
    """A store of its own that keeps all on disk, as durable as Instep wants it."""

    def __init__(self, folder):
        self.folder, self.path = folder, folder / "s"
        self.start()

    def start(self):
        command = [server_binary(), "--port", "0", "--unixsocket", str(self.path), "--save", "",
                   "--appendonly", "yes", "--appendfsync", "always",
                   "--maxmemory-policy", "noeviction"]  # fmt: skip
        self.server = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=self.folder)  # noqa: S603
        ends = time.monotonic() + PATIENCE
        while time.monotonic() < ends:
            with contextlib.suppress(redis.RedisError), self.client() as client:
                client.ping()
                return
            time.sleep(0.05)
        raise AssertionError("the store did not start")

    def client(self):
        return redis.Redis(unix_socket_path=str(self.path), decode_responses=True)

    def kill(self):
        self.server.kill()
        self.server.wait()

    def close(self):
        self.server.terminate()
        self.server.wait(10)


def _await_end(process):
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout:
        process.stdout.close()


class Fleet:
    """
    Two services of web processes and two of workers.

    Args:
        folder: Empty.
        more: Lines added to the configuration.
        mappings: The text of its mappings.
        items: That the CMS has; events are of the first `ITEMS`.
        limit: Requests a minute.
        processes: Of each.
    """

    def __init__(self, folder, *, more="", mappings=BY_ITEM, items=ITEMS, limit=60, processes=2):
        self.folder, self.several = folder, str(processes)
        self.cms = StandIn(items, limit=limit)
        text = CONFIGURATION.format(
            api="v2", url=self.cms.url, more="", collection=COLLECTION, secret=SECRET
        )
        text = text.replace("requests_per_minute = 60", f"requests_per_minute = {limit}")
        (folder / "instep.toml").write_text(text + more)
        (folder / "mappings.py").write_text(mappings)
        self.store = Store(folder)
        self.ports = [free_port(), free_port()]
        self.processes = {}
        self.truth, self.others, self.acks = {}, {}, []
        self.log = (folder / "log").open("ab")

    def close(self):
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            _await_end(process)
        self.store.close()
        self.cms.close()
        self.log.close()

    def environ(self, root=ROOT):
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("INSTEP_", "REDIS_"))}
        own = {"PYTHONPATH": str(root), "WEBFLOW_TOKEN": TOKEN}
        own |= {"REDIS_URL": f"unix://{self.store.path}", "INSTEP_DATA": str(self.folder / "data")}
        return clean | own

    def start(self, name, root=ROOT):
        """Start ``web 0``, ``web 1``, ``worker 0`` or ``worker 1`` of the release at *root*."""
        role, number = name.split()
        words = [role, "--processes", self.several]
        if role == "web":
            words += ["--bind", f"127.0.0.1:{self.ports[int(number)]}"]
        if root == ROOT:
            self.processes[name] = Started(words, self.folder, self.environ(), self.folder / "log")
        else:
            self.processes[name] = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "service", *words],
                cwd=self.folder,
                env=self.environ(root),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self.log,
            )
        if role == "web":
            self._await(self.ports[int(number)])

    def _await(self, port):
        ends = time.monotonic() + PATIENCE
        while time.monotonic() < ends:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1.0):
                return
            time.sleep(0.05)
        raise AssertionError(
            f"no web process at {port}: {(self.folder / 'log').read_text()[-2000:]}"
        )

    def end(self, name, signum):
        process = self.processes.pop(name)
        process.send_signal(signum)
        _await_end(process)

    # load

    def load(self, count, rate, chance):
        """Send *count* deliveries from some threads, each until it is answered 200."""
        begin = int(time.time() * 1000) - count
        payloads = []
        for number in range(count):
            item, quantity = item_id(chance.randrange(ITEMS)), chance.randrange(500)
            data = {"item_id": item, "qty": quantity}
            payload = {"id": f"{begin}-{number}", "type": "stock.changed", "at": begin + number}
            payloads.append((number, {**payload, "data": data}))
            self.truth[item] = {"stock": quantity, "in-stock": quantity > 0}
        self.sent, self.total = iter(payloads), count
        self.begun, self.rate, self.lock = time.monotonic(), rate, threading.Lock()
        self.threads = [
            threading.Thread(target=self._send, args=(n % 2,), daemon=True) for n in range(6)
        ]
        for thread in self.threads:
            thread.start()

    def _send(self, first):
        lines = [Line(("127.0.0.1", port), 5.0) for port in self.ports]
        while True:
            with self.lock:
                number, payload = next(self.sent, (None, None))
            if payload is None:
                break
            time.sleep(max(0.0, self.begun + number / self.rate - time.monotonic()))
            self._send_one(lines, first, signed(payload))
        for line in lines:
            line.close()

    def _send_one(self, lines, first, whole):
        ends = time.monotonic() + 120
        turn = first
        while time.monotonic() < ends:
            begun = time.monotonic()
            try:
                status = lines[turn % 2].ask(whole)
            except OSError as error:
                status = type(error).__name__
            if status == 200:
                self.acks.append(time.monotonic() - begun)
                return
            self.others[status] = self.others.get(status, 0) + 1
            turn += 1
            time.sleep(0.05)

    def join(self):
        for thread in self.threads:
            thread.join(180)

    # the end

    def counts(self):
        with self.store.client() as client:
            held = client.hgetall("instep:counts")
        return {name: int(held.get(name, 0)) for name in ("accepted", *FATES)}

    def judged(self, within=150.0):
        """Wait until nothing is pending; returns the Outcome."""
        outcome, begun = Outcome(), time.monotonic()
        while (counts := self.counts())["pending"] and time.monotonic() < begun + within:
            time.sleep(0.2)
        outcome.longest = time.monotonic() - begun
        if counts["pending"]:
            outcome.stuck.append(f"{counts['pending']} pending after {within:g} s")
        # What is written once more, since nobody knows what came of it, is not pending.
        while wrong(self.cms, self.truth) and time.monotonic() < begun + within:
            time.sleep(0.5)
        self._compare(outcome)
        return outcome

    def _compare(self, outcome):
        counts = self.counts()
        if len(self.acks) < self.total:
            outcome.lost.append(f"{self.total - len(self.acks)} were never answered: {self.others}")
        if counts["accepted"] != sum(counts[fate] for fate in FATES):
            outcome.unbalanced.append(json.dumps(counts))
        if counts["accepted"] < 2 * self.total:
            outcome.lost.append(f"{counts['accepted']} accepted of {2 * self.total}")
        outcome.stale += [f"{k}: {shown}" for k, shown in wrong(self.cms, self.truth).items()]


@contextlib.contextmanager
def opened(**options):
    with tempfile.TemporaryDirectory(prefix="instep-fleet-") as folder:
        fleet = Fleet(Path(folder), **options)
        try:
            yield fleet
        finally:
            fleet.close()


SIGNALS = (signal.SIGTERM, signal.SIGKILL)
