"""
What the front costs: deliveries per second through it, and through granian's own WSGI threads.

    python -m tests.benchmarks.door [--events N] [--rounds N] [--stalled N]

Both serve the same application over the same store, and take turns. The threads are those that a
stalled upload holds for ever; the front is measured once more beside some of those.
"""

# ruff: noqa: T201

import argparse
import contextlib
import itertools
import os
import socket
import statistics
import subprocess
import sys
import time
from urllib.parse import urlsplit

from tests.benchmarks import rig as rigs
from tests.benchmarks.load import Load, stock

CONNECTIONS = (1, 32)
STALLED = b"POST /webhooks/erp HTTP/1.1\r\nHost: bench\r\nContent-Length: 100\r\n\r\nx"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=3_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--stalled", type=int, default=200)
    chosen = parser.parse_args()
    seeds = itertools.count()
    with rigs.instep(limit=60) as rig, _threads(rig) as threads:
        rates, waits = {}, {}
        for _ in range(chosen.rounds):
            for wires in CONNECTIONS:
                for name, url in (("threads", threads), ("front", rig.url)):
                    result = _measured(rig, url, chosen.events, wires, next(seeds))
                    rates.setdefault((name, wires), []).append(result.rate)
                    waits.setdefault((name, wires), []).append(result.percentile(0.5) * 1000)
        for wires in CONNECTIONS:
            pairs = zip(rates["front", wires], rates["threads", wires], strict=True)
            ratio = statistics.median(front / thread for front, thread in pairs)
            print(f"{wires:3} connections: front / threads {ratio:.2f}", end="")
            for name in ("front", "threads"):
                rate = statistics.median(rates[name, wires])
                p50 = statistics.median(waits[name, wires])
                print(f"   {name} {rate:5.0f}/s, p50 {p50:5.2f} ms", end="")
            print()
        with _stalled(rig.url, chosen.stalled):
            result = _measured(rig, rig.url, chosen.events, 1, next(seeds))
        worst = result.latencies[-1] * 1000
        print(
            f"beside {chosen.stalled} stalled uploads: {result.rate:.0f}/s, at most {worst:.0f} ms"
        )


def _measured(rig, url, events, wires, seed):
    bodies = stock(events, seed=seed).bodies
    return Load(url, rig.secret, bodies, connections=wires).run()


@contextlib.contextmanager
def _threads(rig):
    """Serve the application of *rig* by granian's WSGI threads; yield the address."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    options = ("--interface", "wsgi", "--factory", "--http", "1", "--workers", "2")
    command = (sys.executable, "-m", "granian", *options, "--blocking-threads", "4")
    where = ("--host", "127.0.0.1", "--port", str(port), "--log-level", "warning")
    with (rig.folder / "threads.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603
            [*command, *where, "tests.benchmarks.door:application"],
            env=os.environ | rig.environ,
            stdout=log,
            stderr=log,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        _await(url)
        yield url
    finally:
        process.terminate()
        process.wait(20)


def application():
    """Return the application as a web process has it, its log too."""
    from service.config import logging_setup
    from service.web import server

    logging_setup.configure()
    return server.application()


def _await(url):
    for _ in range(300):
        with contextlib.suppress(OSError):
            socket.create_connection((urlsplit(url).hostname, urlsplit(url).port), 1).close()
            return
        time.sleep(0.1)
    raise TimeoutError("the threads do not serve")


@contextlib.contextmanager
def _stalled(url, count):
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            address = (urlsplit(url).hostname, urlsplit(url).port)
            wire = stack.enter_context(socket.create_connection(address, 5))
            wire.sendall(STALLED)
        yield


if __name__ == "__main__":
    main()
