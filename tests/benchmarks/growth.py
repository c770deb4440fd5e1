"""
What a store of 10,000, of 100,000 and of 1,000,000 records takes: time, bytes, and a start.

    python -m tests.benchmarks.growth [--records N…] [--rounds N] [--listpack BYTES] [--no-start]

How the stores are filled: `tests/support/grown_store.py`.

Prints for each size the median of what accept, claim, settle, sweep, status, why and pages take, in
ms of the processor, of this process and of the store's main thread together. Then the ratio of the
last size to the first, which must be at most 1.5, the bytes of a record, and the CPU seconds and
the seconds from `instep up` to its word that it is ready.
"""

# ruff: noqa: T201, S311

import argparse
import os
import random
import tempfile
import time
from contextlib import closing
from pathlib import Path

import redis

from service.demo.processes import DemoProcess
from service.operate.record_life import life_of
from service.operate.status import status_of
from tests.benchmarks.rig import tree_cost
from tests.benchmarks.steps import server
from tests.support.console import Console
from tests.support.grown_store import COLLECTIONS, GrownStore, key_of, name_of
from workers.model.attempts import Batch

MOST = 1.5  # ratio
LISTPACK = 1024  # bytes, as in the embedded store


def measures(store, person):
    """What is measured, by name; each call changes or reads one record by chance."""
    chosen, batches = random.Random(1), []

    def one():
        return name_of(chosen.randrange(COLLECTIONS)), chosen.randrange(store.each)

    def claim():
        batches.append(store.claim())
        assert isinstance(batches[-1], Batch), batches[-1]

    def life():
        name, number = one()
        life_of(store.context, name, key_of(number))

    page = {path: lambda path=path: person.page(path) for path in PAGES}
    return {
        "accept": lambda: store.accept(store.event(*one())),
        "claim": claim,
        "settle": lambda: store.settle(batches.pop()),
        "sweep": store.context.outbox.sweep,
        "status": lambda: status_of(store.context),
        "why": life,
        **page,
    }


PAGES = ("/", "/records", "/records?q=SKU-0000042", "/problems", "/sources", "/runs")


def measured(store, rounds):
    """The median of each, in ms; accept, claim and settle follow one another."""
    person = Console(store.rig).person()
    store.client.config_set("slowlog-log-slower-than", -1)  # it takes longer than what is measured
    calls = measures(store, person)
    took = {name: [] for name in calls}
    for _ in range(rounds + 2):
        for name, call in calls.items():
            took[name].append(cost(store.client, call))
    return {name: sorted(each[2:])[rounds // 2] for name, each in took.items()}


def cost(client, call):
    """The ms of the processor that a call takes, here and in the store's main thread."""
    before, begin = of_store(client), time.process_time()
    call()
    own = time.process_time() - begin
    return 1000 * (own + of_store(client) - before)


def of_store(client):
    used = client.info("cpu")
    return used["used_cpu_user_main_thread"] + used["used_cpu_sys_main_thread"]


def started(folder, socket):
    """Start Instep on the store; the CPU seconds and the seconds until it was ready."""
    environ = {**os.environ, "REDIS_URL": f"unix://{socket}", "INSTEP_DATA": str(folder / "data")}
    environ["INSTEP_CONFIG"] = str(folder / "instep.toml")
    begin = time.monotonic()
    actor = DemoProcess("ready", folder, environ, "up", "--bind", "127.0.0.1:0")
    try:
        actor.url()
        return tree_cost(actor.process.pid).cpu, time.monotonic() - begin
    finally:
        actor.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--listpack", type=int, default=LISTPACK, help="bytes of its values")
    parser.add_argument("--no-start", action="store_true", help="do not start Instep on each")
    chosen = parser.parse_args()
    found = []
    for records in chosen.records:
        with server() as socket, tempfile.TemporaryDirectory() as folder:
            client = redis.Redis(unix_socket_path=str(socket))
            client.config_set("hash-max-listpack-value", chosen.listpack)
            store = GrownStore(Path(folder), socket, records)
            with closing(store.rig):
                begin = time.monotonic()
                size = store.fill()
                print(f"{records:,} records, {size:.0f} bytes each, ", end="")
                print(f"filled in {time.monotonic() - begin:.0f} s", flush=True)
                found.append(measured(store, chosen.rounds))
                print("  ", *(f"{name} {ms:.1f}" for name, ms in found[-1].items()), flush=True)
            if not chosen.no_start:
                cpu, seconds = started(Path(folder), socket)
                print(f"  ready in {seconds:.1f} s, {cpu:.1f} CPU-s", flush=True)
    return shown(found)


def shown(found):
    good = True
    for name in found[0]:
        times = [each[name] for each in found]
        ratio = times[-1] / times[0]
        good = good and ratio <= MOST
        print(f"{name:24}", *(f"{ms:8.2f} ms" for ms in times), f"  ratio {ratio:.2f}")
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
