"""What the measurements of several machines stand on: a store, a stand-in site, the machines."""

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import redis

from service.demo.processes import SandboxSite
from tests.benchmarks import machines_cms
from tests.benchmarks.machines_net import Addresses, Namespaces, leave_network
from tests.benchmarks.machines_sender import Balanced, Deliveries
from tests.benchmarks.rig import CONFIGURATION, MAPPINGS, Cost, tree_cost
from tests.support.store_server import server_binary
from workers.embedded import pdeathsig
from workers.runtime import heartbeats

PORT = 8390
LIMIT = 6000  # calls a minute: the CMS is not what is measured
PATIENCE = 90.0  # s
ROOT = Path(__file__).parents[2]
STORE = ("--save", "", "--appendonly", "yes", "--appendfsync", "always", "--protected-mode", "no")


class Late(Exception):
    """Something took longer than `PATIENCE`."""


@dataclass
class Machine:
    """What runs on one machine; *environ*: of its processes."""

    box: Namespaces | Addresses
    folder: Path
    environ: dict
    running: dict = field(default_factory=dict)

    @property
    def address(self):
        return self.box.host, PORT

    def start(self, web, workers):
        bind = ("--bind", f"{self.box.host}:{PORT}")
        for words in (
            ("web", *bind, "--processes", str(web)),
            ("worker", "--processes", str(workers)),
        ):
            with (self.folder / f"{words[0]}.log").open("ab") as output:
                self.running[words[0]] = subprocess.Popen(  # noqa: S603  # our own argv
                    self.box.command(*words),
                    env=self.environ,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                )

    def stop(self):
        """Stop in order what runs."""
        for each in self.running.values():
            self.box.ask_to_end(each)
        for each in self.running.values():
            each.wait(30)
        self.running.clear()

    def power_off(self):
        """End all processes at once (kill -9)."""
        self.box.power_off([*self.running.values()])
        for each in self.running.values():
            each.wait(30)
        self.running.clear()

    def listens(self):
        with contextlib.suppress(OSError):
            socket.create_connection(self.address, timeout=0.3).close()
            return True
        return False


@dataclass
class Rig:
    """
    Args:
        machines: Booted, with nothing that runs.
        store: A client of the store.
        writes: What the stand-in has taken.
    """

    machines: list
    store: redis.Redis
    writes: machines_cms.Writes
    site: object
    secret: str
    deliveries: Deliveries = field(default_factory=Deliveries)
    asked: int = 0  # commands of ours that are counted

    @contextlib.contextmanager
    def running(self, machines, web, workers):
        """Run so many processes on each of *machines* during a ``with``."""
        for each in machines:
            each.start(web, workers)
        try:
            self.until_working(machines, len(machines) * workers)
            yield
        finally:
            for each in machines:
                each.stop()

    def until_working(self, machines, workers):
        def works():
            ready = heartbeats.workers_alive(self.store) == workers
            return ready and all(each.listens() for each in machines)

        until(works, "a machine does not begin")

    def load(self, machines, number, rate=None, beside=None):
        """
        Send so many events to *machines*; return the load that ran, what it took, the events.

        *beside*: gets the load, and returns its *tick*.
        """
        items, quantities, bodies = self.deliveries.take(number)
        addresses = [each.address for each in machines]
        load = Balanced(addresses, self.secret, bodies, rate=rate)
        if beside:
            load.tick = beside(load)
        return load, load.run(), list(zip(items, quantities, strict=True))

    def until_right(self):
        """Wait until the site shows all that was sent; return the seconds."""
        begin = time.monotonic()

        def right():
            self.writes.look()
            truth = self.deliveries.truth
            return all(self.writes.shown.get(item, 0) >= n for item, n in truth.items())

        until(right, "the site does not follow", every=0.05)
        return time.monotonic() - begin

    def wrong(self):
        """Return how many items the site shows otherwise than they were sent at last."""
        items = self.site.ask("GET", "/items")["items"]
        shown = {item["id"]: item["live"]["fieldData"]["stock"] for item in items}
        return sum(shown[item] != n for item, n in self.deliveries.truth.items())

    def commands(self):
        """Return how many commands the store has run but ours, those of its steps counted too."""
        return self._ask("stats")["total_commands_processed"] - self.asked

    def by_command(self):
        told = self._ask("commandstats").items()
        return {name.removeprefix("cmdstat_"): each["calls"] for name, each in told}

    def after_sweep(self):
        """Wait for the end of a sweep; return when that was, and the commands by then."""
        seen = self.by_command().get("blpop", 0)  # with which a sweep ends
        until(lambda: self.by_command().get("blpop", 0) > seen, "nobody sweeps", every=0.02)
        return time.monotonic(), self.commands()

    def _ask(self, section):
        self.asked += 1
        return self.store.info(section)

    def cost(self, machines):
        """Return the CPU seconds so far of web processes, workers and the store."""
        found = {
            role: sum((tree_cost(each.running[role].pid) for each in machines), Cost()).cpu
            for role in ("web", "worker")
        }
        cpu = self._ask("cpu")
        return found | {"store": cpu["used_cpu_user"] + cpu["used_cpu_sys"]}


def until(look, what, every=0.1):
    ends = time.monotonic() + PATIENCE
    while not look():
        if time.monotonic() > ends:
            raise Late(what)
        time.sleep(every)


def kind():
    """Return the kind of machines that this one allows, and why not the better one."""
    try:
        leave_network()
    except (OSError, subprocess.CalledProcessError) as error:
        return Addresses, str(error)
    return Namespaces, ""


@contextlib.contextmanager
def rig(folder, made, limit):
    """
    Run store and stand-in, and boot two machines of the kind *made*.

    *limit*: calls a minute that the stand-in allows.
    """
    with store(folder, made.middle) as port, cms(folder, made, limit) as at, ExitStack() as ends:
        secret = secrets.token_hex(16)
        machines = []
        for number in range(2):
            box = made(number)
            box.boot()
            place = folder / box.name
            machines.append(Machine(box, place, prepared(place, made, port, at, secret, limit)))
            ends.callback(machines[-1].power_off)
        site = SandboxSite(f"http://127.0.0.1:{at}")
        with redis.Redis(made.middle, port, decode_responses=True) as client:
            yield Rig(machines, client, machines_cms.Writes(folder), site, secret)


def prepared(place, made, store, cms, secret, limit):
    """Write the configuration of one machine; return its environment."""
    place.mkdir()
    (place / "instep.toml").write_text(CONFIGURATION % limit)
    (place / "mappings.py").write_text(MAPPINGS)
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "CMS_URL": f"http://{made.middle}:{cms}",
        "ERP_SECRET": secret,
        "REDIS_URL": f"redis://{made.middle}:{store}/0",
        "INSTEP_CONFIG": str(place / "instep.toml"),
        "INSTEP_DATA": str(place / "data"),
    }


@contextlib.contextmanager
def store(folder, host):
    """Run a store that keeps each write; yield its port."""
    port = free_port(host)
    command = (server_binary(), "--bind", host, "--port", str(port), "--dir", str(folder), *STORE)
    with subprocess.Popen(  # noqa: S603  # our own argv
        pdeathsig.program(*command), stdout=subprocess.DEVNULL, start_new_session=True
    ) as server:
        try:
            until(lambda: answers(host, port), "the store does not begin")
            yield port
        finally:
            server.send_signal(signal.SIGTERM)


@contextlib.contextmanager
def cms(folder, made, limit):
    """Run the stand-in site; yield its port."""
    # Its control API answers loopback addresses alone.
    host = "127.0.0.1" if made is Addresses else "0.0.0.0"  # noqa: S104  # a network of its own
    words = ("tests.benchmarks.machines_cms", host, str(folder), str(limit), str(os.getpid()))
    with subprocess.Popen(  # noqa: S603  # our own argv
        (sys.executable, "-m", *words), cwd=ROOT, start_new_session=True
    ) as process:
        try:
            until((folder / machines_cms.PORT).exists, "the stand-in site does not begin")
            yield int((folder / machines_cms.PORT).read_text())
        finally:
            process.terminate()


def answers(host, port):
    with contextlib.suppress(redis.RedisError), redis.Redis(host, port) as client:
        return client.ping()
    return False


def free_port(host):
    with socket.create_server((host, 0)) as found:
        return found.getsockname()[1]
