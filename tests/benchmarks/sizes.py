"""
What the store keeps, in bytes: by event, item, letter and id, as `service/docs/store.md` says it.

    python -m tests.benchmarks.sizes [--events N] [--busy IDS]

Each row begins with an empty store: what the keys of a family take, with their names, over how many
there are. `--busy`: so many ids of one source in one day, in a store of 64 MiB.
"""

# ruff: noqa: T201

import argparse
import json
import time
import uuid

from tests.benchmarks.keeping import store
from tests.support.outbox_driver import Bench, at, bad, event
from workers.model.attempts import Batch
from workers.model.changes import Change, Delivery, FieldValue, Incoming, canonical
from workers.store import scripts

DAY_MS = 86_400_000
BUSY_MB = 64
AT_ONCE = 2000  # ids in one call of --busy


def taken(client, *families):
    """The bytes of all keys of *families*."""
    keys = [key for family in families for key in client.scan_iter(f"instep:{family}*", count=1000)]
    with client.pipeline(transaction=False) as pipeline:
        for key in keys:
            pipeline.memory_usage(key, samples=0)
        return sum(held or 0 for held in pipeline.execute())


def body(n):
    return json.dumps({"id": f"evt_{n:024d}", "sku": f"SKU-{n:06d}", "qty": n % 97}).encode()


def send(bench, events, *, first=0, by="item", version=None, size=1):
    """Deliver so many events about as many records, *size* of them at once."""
    for n in range(first, first + events, size):
        told = tuple(
            event(
                f"65f0{n + k:020d}" if by == "item" else f"SKU-{n + k:06d}",
                {"stock": (n + k) % 97, "price": 100 + n % 7},
                id=f"evt_{n + k:024d}",
                index=k,
                by=by,
                version=version and at(n + k),
            )
            for k in range(size)
        )
        bench.outbox.accept(Delivery("erp", uuid.uuid4().hex, told, body(n), {"x-id": str(n)}))


def unknown(bench, events):
    send(bench, events, by="key")
    bench.list_all()
    run_slices(bench)


def run_slices(bench):
    while bench.steps.run("slice", {"token": uuid.uuid4().hex})["more"]:
        pass


def unmapped(bench, events):
    for n in range(events):
        bench.accept(bad(id=f"evt_{n:024d}"), body=body(n))


def refer(bench, events):
    for n in range(events):
        value = FieldValue("store", canonical({"key": f"s{n}", "to": "stores"}), "reference-key")
        one = Change("stock", "products", f"65f0{n:020d}", "item", (value,), None)
        bench.accept(Incoming(None, "t", 0, (one,)))
    while isinstance(bench.claim(flights=10**6), Batch):
        pass


def listed(bench, items):
    send(bench, 1, by="key", first=10**6)
    lookup = bench.claim()
    for first in range(0, items, 100):
        entries = [(f"SKU-{n:06d}", f"65f0{n:020d}") for n in range(first, first + 100)]
        last = first + 100 >= items
        bench.page(lookup, entries, more=None if last else first + 100)
        lookup = lookup if last else bench.claim()


ROWS = (
    ("a record of two fields, waiting", lambda b, n: send(b, n), ("item", "due", "waiting")),
    ("a seen id of an event without a version", lambda b, n: send(b, n, size=20), ("seen",)),
    ("a seen id beside a version", lambda b, n: send(b, n, size=20, version=1), ("seen",)),
    ("the life of a record of one event", lambda b, n: send(b, n), ("life", "lives")),
    ("a delivery kept of 300 bytes", lambda b, n: send(b, n), ("kept",)),
    ("a letter of an unknown key", unknown, ("letter",)),
    ("and its record", unknown, ("item",)),
    ("a letter of an event that cannot be read", unmapped, ("letter", "raw")),
    ("an item of the CMS in the index", listed, ("ids", "keys", "born", "status")),
    ("a reference that waits for its item", refer, ("waiters", "wanted")),
)


def keeping_ids():
    """A script that keeps ids as accept does, and nothing else."""
    libraries = [scripts._made(name) for name in scripts._in_order(["deduplication"])]
    body = "for _, id in ipairs(step.request.ids) do deduplication.keep_id('l', id) end return 1"
    return "\n".join(["#!lua", *libraries, body])


def busy(ids):
    """One day of *ids*, evenly spread."""
    with store("no") as client:
        client.config_set("maxmemory", f"{BUSY_MB}mb")
        keep, longest = client.register_script(keeping_ids()), 0.0
        request = {"source": "erp", "dedupe_ms": DAY_MS, "mode": "live", "events": []}
        for first in range(0, ids, AT_ONCE):
            request["ids"] = [f"{n:016x}" for n in range(first, min(ids, first + AT_ONCE))]
            start = time.perf_counter()
            keep(args=[DAY_MS * first // ids, json.dumps(request)])
            longest = max(longest, time.perf_counter() - start)
        held, took = client.info("memory")["used_memory"], taken(client, "seen")
        known = sum(client.scard(key) for key in client.scan_iter("instep:seen:erp:l*", count=1000))
        print(f"{known:,} of {ids:,} ids of one day known, {took / known:.1f} bytes each")
        print(f"the store holds {held / 2**20:.1f} of {BUSY_MB} MiB, in {client.dbsize():,} keys")
        print(f"{AT_ONCE} ids took {longest * 1000:.0f} ms at most")


def main():
    options = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    options.add_argument("--events", type=int, default=2000)
    options.add_argument("--busy", type=int, default=0)
    chosen = options.parse_args()
    if chosen.busy:
        busy(chosen.busy)
        return
    with store("no") as client:
        for name, fill, families in ROWS:
            client.flushdb()
            fill(Bench(client), chosen.events)
            print(f"{taken(client, *families) / chosen.events:8.0f}  {name}", flush=True)


if __name__ == "__main__":
    main()
