"""
Web processes and workers on two machines over one store: what each number of processes takes.

    python -m tests.benchmarks.machines [--processes N…] [--events N] [--idle SECONDS] [--no-kill]

The machines are two addresses, 127.0.0.2 and 127.0.0.3, each with a data folder of its own; the
store is reached by TCP, with appendfsync always. For each number of web processes and as many
workers on each machine it prints the commands a second that they cost the store while nothing
comes in, acks a second, and the freshness. At last one machine is killed, all its processes at
once, under load, and comes back: nothing that was acknowledged may be missing.
"""

# ruff: noqa: T201

import argparse
import contextlib
import os
import secrets
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import redis
import requests

from service.demo.processes import SandboxSite
from tests.benchmarks import rig as rigs
from tests.benchmarks.load import Load, stock
from tests.support.store_server import server_binary
from workers.embedded import pdeathsig

HOSTS = ("127.0.0.2", "127.0.0.3")
PORT = 8390
LIMIT = 6000  # calls a minute: the CMS is not what is measured
PATIENCE = 180.0  # s


@contextlib.contextmanager
def store(folder):
    """Run a store that keeps each write, and yield its address."""
    port = free_port()
    command = [server_binary(), "--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder)]
    command += ["--save", "", "--appendonly", "yes", "--appendfsync", "always"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:  # noqa: S603
        try:
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            server.terminate()


def free_port():

    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


@dataclass
class Machine:
    """What runs on one host."""

    host: str
    environ: dict
    running: list = field(default_factory=list)

    @property
    def url(self):
        return f"http://{self.host}:{PORT}"

    def start(self, processes):
        number = ("--processes", str(processes))
        for words in (("web", "--bind", f"{self.host}:{PORT}", *number), ("worker", *number)):
            log = Path(self.environ["INSTEP_DATA"]).parent / f"{self.host}-{words[0]}.log"
            with log.open("ab") as output:
                self.running.append(
                    subprocess.Popen(  # noqa: S603  # our own argv
                        pdeathsig.module("service", *words),
                        env=self.environ,
                        stdin=subprocess.DEVNULL,
                        stdout=output,
                        stderr=output,
                        start_new_session=True,
                    )
                )

    def works(self):
        with contextlib.suppress(requests.RequestException, ValueError):
            found = requests.get(f"{self.url}/readyz", timeout=5).json()
            return found["status"] == "ready" and found["workers"] > 0
        return False

    def end(self, number=signal.SIGTERM):
        """End what runs; SIGKILL reaches all processes below at once, as a power cut does."""
        for each in self.running:
            below = tree(each.pid) if number == signal.SIGKILL else [each.pid]
            for pid in below:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
        for each in self.running:
            each.wait(30)
        self.running.clear()


def tree(pid):
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += tree(int(child))
    return found


def until(look, what):
    ends = time.monotonic() + PATIENCE
    while not look():
        if time.monotonic() > ends:
            raise TimeoutError(what)
        time.sleep(0.25)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--events", type=int, default=4000)
    parser.add_argument("--idle", type=float, default=10.0)
    parser.add_argument("--no-kill", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, rigs.sandbox(Path(name), LIMIT) as cms:
        folder = Path(name)
        with store(folder) as url:
            machines = [Machine(host, prepared(folder, host, cms, url)) for host in HOSTS]
            site, client = SandboxSite(cms), redis.Redis.from_url(url, decode_responses=True)
            truth = {}
            for processes in chosen.processes:
                for machine in machines:
                    machine.start(processes)
                try:
                    until(lambda: all(m.works() for m in machines), "a machine does not work")
                    measured(machines, client, site, truth, processes, chosen)
                    if not chosen.no_kill and processes == chosen.processes[-1]:
                        killed(machines, site, truth, processes, chosen.events)
                finally:
                    for machine in machines:
                        machine.end()


def prepared(folder, host, cms, url):
    """Write the configuration of one machine; return its environment."""
    place = folder / host
    place.mkdir()
    (place / "instep.toml").write_text(rigs.CONFIGURATION % LIMIT)
    (place / "mappings.py").write_text(rigs.MAPPINGS)
    return {
        **os.environ,
        "CMS_URL": cms,
        "ERP_SECRET": SECRET,
        "REDIS_URL": url,
        "INSTEP_CONFIG": str(place / "instep.toml"),
        "INSTEP_DATA": str(place / "data"),
    }


SECRET = secrets.token_hex(16)


def measured(machines, client, site, truth, processes, chosen):
    time.sleep(3)  # what a start brings is over
    before, began = commands(client), time.monotonic()
    time.sleep(chosen.idle)
    idle = (commands(client) - before) / (time.monotonic() - began)
    trace = stock(chosen.events, seed=processes)
    half = len(trace.bodies) // 2
    first = Load(machines[0].url, SECRET, trace.bodies[:half]).run()
    second = Load(machines[1].url, SECRET, trace.bodies[half:]).run()
    truth |= trace.truth
    begin = time.monotonic()
    until(lambda: right(site, truth), "the site does not follow")
    rate = chosen.events / (first.seconds + second.seconds)
    print(
        f"2 machines, {processes} web and {processes} workers each: idle {idle:.1f} commands/s; "
        f"{rate:.0f} acks/s, p99 {1000 * second.percentile(0.99):.0f} ms; "
        f"in step {time.monotonic() - begin:.1f} s after the last",
        flush=True,
    )


def killed(machines, site, truth, processes, events):
    """Kill the second machine under load, and bring it back: only then its spool is drained."""
    trace = stock(events, seed=99)
    half = len(trace.bodies) // 2
    Load(machines[1].url, SECRET, trace.bodies[:half]).run()
    machines[1].end(signal.SIGKILL)
    Load(machines[0].url, SECRET, trace.bodies[half:]).run()
    truth |= trace.truth
    print("one machine killed; the other took all that followed", flush=True)
    machines[1].start(processes)
    begin = time.monotonic()
    until(machines[1].works, "the machine does not come back")
    print(f"it works again {time.monotonic() - begin:.1f} s after its start", flush=True)
    until(lambda: right(site, truth), "the site does not follow")
    print(f"and nothing is missing {time.monotonic() - begin:.1f} s after its start")


def commands(client):
    return client.info("stats")["total_commands_processed"]


def right(site, truth):
    items = {item["id"]: item for item in site.ask("GET", "/items")["items"]}
    return all(items[id]["live"]["fieldData"]["stock"] == n for id, n in truth.items())


if __name__ == "__main__":
    main()
