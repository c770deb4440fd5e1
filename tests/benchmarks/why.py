"""
What `instep why` takes on a large store: 100,000 items after 1,000,000 events.

    python -m tests.benchmarks.why [--items N] [--events N] [--rounds N]

Fills a store of its own, then asks for records by chance, and for keys that nothing knows. Prints
the median and the 95th percentile, in ms. That of a known record must be below 200 ms.
"""

# ruff: noqa: T201, S311

import argparse
import random
import tempfile
import time
import uuid
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from statistics import median

import redis

from service.operate.record_life import UnknownRecord, life_of
from tests.benchmarks.steps import server
from tests.support.outbox_driver import settings
from workers.delivery.context import make_context
from workers.model.changes import Change, Delivery, FieldValue, Incoming, sequence_version
from workers.store import keys
from workers.store.scripts import Steps

PART = 100  # events in a delivery
MOST = 200.0  # ms


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=200)
    chosen = parser.parse_args()
    with server() as socket, tempfile.TemporaryDirectory() as folder:
        client = redis.Redis(unix_socket_path=str(socket), decode_responses=True)
        made = settings()
        made = replace(made, store=replace(made.store, data=Path(folder)))
        context = make_context(made, Steps(client), None)
        begin = time.monotonic()
        fill(context, chosen.items, chosen.events)
        bytes_used = client.info("memory")["used_memory"]
        print(
            f"{chosen.events} events of {chosen.items} items in {time.monotonic() - begin:.0f} s, "
            f"{bytes_used / 2**20:.0f} MiB"
        )
        known = measure(context, chosen.rounds, lambda n: key(n % chosen.items))
        unknown = measure(context, max(1, chosen.rounds // 20), lambda n: f"{key(n)}X")
    print(f"known    median {median(known):.1f} ms, 95 % within {most_of(known):.1f} ms")
    print(f"unknown  median {median(unknown):.1f} ms, 95 % within {most_of(unknown):.1f} ms")
    return 0 if most_of(known) < MOST else 1


def most_of(took):
    return sorted(took)[len(took) * 95 // 100]


def key(number):
    return f"SKU-{number:06d}"


def fill(context, items, events):
    """Accept *events* events of *items* records, and put their items into the index."""
    chosen, client = random.Random(1), context.steps.client
    place = ("products", context.settings.copy_of(context.settings.collections["products"]))
    for first in range(0, items, 1000):
        ids = {key(n): f"{n:024x}" for n in range(first, min(first + 1000, items))}
        client.hset(keys.item_ids(*place), mapping=ids)
        client.hset(keys.item_keys(*place), mapping={id: name for name, id in ids.items()})
    for first in range(0, events, PART):
        records = (first + n if first + n < items else chosen.randrange(items) for n in range(PART))
        made = tuple(event(record, first + n) for n, record in enumerate(records))
        body = f'{{"first": {first}, "sku": "{made[0].changes[0].record}"}}'.encode()
        context.outbox.accept(Delivery("erp", uuid.uuid4().hex, made, body))


def event(record, number):
    value = FieldValue("stock", str(number % 1000), "number")
    change = Change("stock", "products", key(record), "key", (value,), sequence_version(number + 1))
    return Incoming(f"e{number}", "stock", number % PART, (change,))


def measure(context, rounds, name):
    chosen, took = random.Random(2), []
    for _ in range(rounds):
        begin = time.perf_counter()
        with suppress(UnknownRecord):
            life_of(context, "products", name(chosen.randrange(10**6)))
        took.append((time.perf_counter() - begin) * 1000)
    return took


if __name__ == "__main__":
    raise SystemExit(main())
