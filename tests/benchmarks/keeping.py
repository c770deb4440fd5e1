"""
What keeping deliveries, and listing them, costs: `Outbox.accept` side by side on one store.

    python -m tests.benchmarks.keeping [--events N] [--fsync always|no]

"off": nothing is kept; "unlisted": kept without what is listed of it; "on": as it is. Prints the
median and the 99th percentile of each, the CPU of this process and of the store, and the bytes of
a delivery.
"""

# ruff: noqa: T201, S311

import argparse
import json
import random
import subprocess
import tempfile
import time
import uuid
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import redis

from tests.support.store_server import server_binary
from workers.config.settings import Collection, Destination, Settings, Source, StoreSettings
from workers.model.changes import Change, Delivery, FieldValue, Incoming, time_version
from workers.store.outbox import Outbox
from workers.store.scripts import Steps

HEADERS = {"content-type": "application/json"}


@contextmanager
def store(fsync):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s"
        command = [server_binary(), "--port", "0", "--unixsocket", str(path), "--dir", folder]
        command += ["--save", "", "--appendonly", "yes", "--appendfsync", fsync]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603
        try:
            client = redis.Redis(unix_socket_path=str(path), decode_responses=True)
            while not path.exists():
                time.sleep(0.01)
            time.sleep(0.2)
            yield client
        finally:
            server.terminate()
            server.wait(10)


def outbox(client, source, hours):
    site = Destination("site", "v2", "t")
    settings = Settings(
        Path("instep.toml"),
        StoreSettings(),
        {"site": site},
        {"products": Collection("products", "site", "a" * 24, "sku")},
        {source: Source(source, "hmac", ("s",), keep_hours=hours)},
    )
    return Outbox(Steps(client), settings)


def delivery(source, number, size):
    """One stock event; *size*: bytes of text that it carries besides."""
    words = ("oak", "steel", "warm", "light", "solid", "room", "home", "lamp", "chair", "table")
    payload = {
        "id": f"evt_{random.getrandbits(64):016x}",
        "type": "stock.changed",
        "data": {"sku": f"SKU-{number % 1000:05}", "qty": number},
        "text": " ".join(random.choice(words) for _ in range(size // 6)),
    }
    version = time_version(time_of(number))
    values = (FieldValue("stock", str(number), "number"), FieldValue("in-stock", "true", "flag"))
    record = payload["data"]["sku"]
    change = Change("stock", "products", record, "key", values, version)
    event = Incoming(payload["id"], "stock.changed", 0, (change,))
    body = json.dumps(payload).encode()
    return Delivery(source, uuid.uuid4().hex, (event,), body, HEADERS)


def time_of(number):
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(milliseconds=number)


class Unlisted(Outbox):
    """Keeps deliveries without what is listed of them."""

    def _call(self, delivery):
        call = super()._call(delivery)
        call.arguments[0]["summary"] = None
        return call


class Side:
    """One outbox, and what its calls took."""

    def __init__(self, client, name):
        self.client, self.name = client, name
        self.outbox = outbox(client, name, 0.0 if name == "off" else 48.0)
        if name == "unlisted":
            self.outbox = Unlisted(self.outbox.steps, self.outbox.settings)
        self.took, self.own, self.store = [], 0.0, 0.0

    def run(self, deliveries):
        own, store = time.process_time(), self._store_cpu()
        for each in deliveries:
            begun = time.perf_counter()
            self.outbox.accept(each)
            self.took.append(time.perf_counter() - begun)
        self.own += time.process_time() - own
        self.store += self._store_cpu() - store

    def _store_cpu(self):
        found = self.client.info("cpu")
        return found["used_cpu_user"] + found["used_cpu_sys"]

    def tell(self):
        count, took = len(self.took), sorted(self.took)
        p50, p99 = (took[int(count * share)] * 1000 for share in (0.5, 0.99))
        bytes = int(self.client.hget(f"instep:kept-state:{self.name}", "bytes") or 0) / count
        own, store = self.own / count * 1e6, self.store / count * 1e6
        print(f"  {self.name:8} p50 {p50:.3f} ms  p99 {p99:.3f} ms  {bytes:4.0f} bytes", end="")
        print(f"  CPU {own:.0f} µs  of the store {store:.0f} µs")


BLOCK = 100  # deliveries of one side before the next has its turn


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=3000)
    parser.add_argument("--fsync", choices=("always", "no"), default="always")
    chosen = parser.parse_args()
    with store(chosen.fsync) as client:
        for size in (0, 2000):
            sides = [Side(client, name) for name in ("off", "unlisted", "on")]
            raw = 0
            for start in range(0, chosen.events, BLOCK):
                for side in sides:
                    made = [delivery(side.name, start + n, size) for n in range(BLOCK)]
                    raw += sum(len(each.body) for each in made)
                    side.run(made)
            print(f"body {raw / len(sides) / len(sides[0].took):.0f} bytes")
            for side in sides:
                side.tell()
            client.flushall()


if __name__ == "__main__":
    main()
