"""
What keeping deliveries costs: `Outbox.accept` with and without, side by side on one store.

    python -m tests.benchmarks.keeping [--events N] [--fsync always|no]

Prints the median and the 99th percentile of both, their ratio, and the bytes of a delivery.
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


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=3000)
    parser.add_argument("--fsync", choices=("always", "no"), default="always")
    chosen = parser.parse_args()
    with store(chosen.fsync) as client:
        for size in (0, 2000):
            sides = {"off": outbox(client, "off", 0.0), "on": outbox(client, "on", 48.0)}
            took = {name: [] for name in sides}
            raw = 0
            for number in range(chosen.events):
                for name, side in sides.items():
                    made = delivery(name, number, size)
                    raw += len(made.body)
                    begun = time.perf_counter()
                    side.accept(made)
                    took[name].append(time.perf_counter() - begun)
            p50, p99 = (
                {n: sorted(t)[int(len(t) * share)] * 1000 for n, t in took.items()}
                for share in (0.5, 0.99)
            )
            bytes = int(client.hget("instep:kept-state:on", "bytes")) / chosen.events
            print(f"body {raw / 2 / chosen.events:.0f} bytes, kept in {bytes:.0f}")
            for name, found in (("p50", p50), ("p99", p99)):
                off, on = found["off"], found["on"]
                print(f"  {name} off {off:.3f} ms  on {on:.3f} ms  {on / off:.2f}")
            client.flushall()


if __name__ == "__main__":
    main()
