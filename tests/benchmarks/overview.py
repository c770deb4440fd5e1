"""
What the overview, the sources, the status and a sample take on a large store.

    python -m tests.benchmarks.overview [--items N] [--letters N] [--groups N] [--deliveries N]

20 destinations and 50 sources in a store of its own without a disk. Items that wait, letters and
deliveries are put there by their keys, and so are samples of 26 hours: what is measured reads
counters, which a million events leave as few as ten. Prints the median of some calls in ms, the
processor time of this process for one, and the longest that a command held the store. All must
be below 100 ms, and no command 20 ms.
"""

# ruff: noqa: T201

import argparse
import json
import tempfile
import time
from pathlib import Path

import redis

from service.config.build import build
from service.operate.overview import overview_of
from service.operate.reconcile_list import list_reconciles
from service.operate.scope import scope_of
from service.operate.sources import list_sources
from service.operate.status import status_of
from tests.benchmarks.steps import server
from tests.support.console_load import fill_samples
from workers.delivery.context import make_context
from workers.model.samples import MINUTES, QUARTERS
from workers.store import keys, problem_keys
from workers.store.minute_samples import MinuteSamples
from workers.store.scripts import Steps

DESTINATIONS, SOURCES, TIMES = 20, 50, 15
MOST, HELD = 100.0, 20.0  # ms


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--letters", type=int, default=10_000)
    parser.add_argument("--groups", type=int, default=200)
    parser.add_argument("--deliveries", type=int, default=5000)
    chosen = parser.parse_args()
    with server() as socket, tempfile.TemporaryDirectory() as folder:
        made = build(written(Path(folder), socket))
        client = redis.Redis(unix_socket_path=str(socket), decode_responses=True)
        context = make_context(made.settings, Steps(client), None)
        fill(context, chosen)
        return measure(context, made)


def written(folder, socket):
    """Write a configuration; return its environment."""
    parts = ['mappings = ["mappings.py"]', '[store]\ndurability = "unverified"']
    classes = ["from marshmallow import fields", "from service.mapping import Mapping"]
    for n in range(DESTINATIONS):
        parts.append(f'[destinations.site{n}]\ntoken = "t{n}"')
        parts.append(f'[collections.c{n}]\ndestination = "site{n}"\nid = "{n:024x}"\nkey = "sku"')
        parts.append(f'[collections.c{n}.reconcile]\nevery = "6h"\nfile = "c.csv"')
    for n in range(SOURCES):
        parts.append(
            f'[sources.s{n}]\nsender = "bearer"\nsecrets = ["secret{n}", "other{n}"]\nid = "id"'
        )
        classes.append(
            f"class M{n}(Mapping):\n    class Meta:\n        source = 's{n}'\n"
            f"        collection = 'c{n % DESTINATIONS}'\n        key = 'sku'\n"
            f"        topics = ('stock',)\n\n    stock = fields.Integer()"
        )
    (folder / "instep.toml").write_text("\n".join(parts))
    (folder / "mappings.py").write_text("\n\n\n".join(classes) + "\n")
    return {
        "INSTEP_CONFIG": str(folder / "instep.toml"),
        "INSTEP_DATA": str(folder / "data"),
        "REDIS_URL": f"unix://{socket}",
    }


def fill(context, chosen):
    client, now = context.steps.client, time.time() * 1000
    each = chosen.items // DESTINATIONS
    for n in range(DESTINATIONS):
        waiting = {f"{n}-{i}": now - i for i in range(each)}
        client.zadd(keys.waiting(f"c{n}"), waiting)
        client.zadd(keys.due(f"c{n}", "live"), waiting)
        client.hset(keys.destination(f"site{n}"), mapping={"calls": 10_000, "rate_limited": 3})
    for n in range(SOURCES):
        client.hset(keys.source(f"s{n}"), mapping={"deliveries": 20_000, "duplicates": 9})
        client.hset(keys.METRICS, f"deliveries:s{n}:unwanted", 5 if n < 5 else 0)
        for fate in range(8):
            client.hset(keys.METRICS, f"values:s{n}:c{n % DESTINATIONS}:{fate}", 100_000)
    client.hset(keys.COUNTS, mapping={"accepted": 1_000_000, "pending": 1_000_000})
    fill_deliveries(client, chosen.deliveries, int(now))
    fill_letters(context, chosen, int(now))
    fill_samples(context)
    sizes = [client.memory_usage(keys.samples(g.name), samples=0) for g in (MINUTES, QUARTERS)]
    print(f"samples: {sum(sizes) / 1000:.0f} kB")


def fill_deliveries(client, number, now):
    with client.pipeline(transaction=False) as pipeline:
        for i in range(number):
            topic = "price" if i % 10 == 0 else "stock"
            summary = f'{"w" if i % 10 == 0 else "k"}[1,"{topic}","SKU-{i}"]'
            entry = {"t": now, "b": "x" * 300, "i": summary}
            pipeline.xadd(keys.kept(f"s{i % 5}"), entry, id=f"{now - number + i}-{i + 1}")
        pipeline.execute()


def fill_letters(context, chosen, now):
    client = context.steps.client
    with client.pipeline(transaction=False) as pipeline:
        for i in range(chosen.letters):
            group = i % chosen.groups
            problem = [{"field": f"f{group}", "message": f"field f{group} is wrong"}]
            held = {"kind": "refused", "state": "open", "collection": f"c{group % DESTINATIONS}"}
            held |= {"key": f"k{i}", "record": f"k{i}", "problems": json.dumps(problem)}
            held |= {"message": f"field f{group} is wrong", "status": 400, "created": now}
            pipeline.hset(keys.letter(f"d{i}"), mapping=held)
            pipeline.zadd(keys.LETTERS, {f"d{i}": now - i})
            pipeline.zadd(problem_keys.UNGROUPED, {f"d{i}": now - i})
        pipeline.execute()
    context.problems.group(chosen.letters)
    print(f"{client.zcard(keys.LETTERS)} letters in {len(context.problems.listed())} groups")


def measure(context, made):
    scope, client = scope_of(made, ()), context.steps.client
    client.config_set("slowlog-log-slower-than", 0)
    calls = {
        "overview": lambda: overview_of(context, scope),
        "sources": lambda: list_sources(context, made, scope, limit=50),
        "reconciles": lambda: list_reconciles(context, scope=scope, limit=50),
        "status": lambda: status_of(context),
        "sample": lambda: MinuteSamples(context.steps, context.settings).look(),
    }
    good = True
    for name, call in calls.items():
        client.slowlog_reset()
        began = time.process_time()
        took = sorted(timed(call) for _ in range(TIMES))
        own = 1000 * (time.process_time() - began) / TIMES
        slow = max(client.slowlog_get(10_000), key=lambda each: each["duration"])
        held, command = slow["duration"] / 1000, slow["command"].decode()[:40]
        print(f"{name:10} median {took[TIMES // 2]:6.1f} ms, processor {own:6.1f} ms; ", end="")
        print(f"the store {held:.1f} ms at most ({command})")
        good = good and took[TIMES // 2] < MOST and held < HELD
    return 0 if good else 1


def timed(call):
    begin = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - begin)


if __name__ == "__main__":
    raise SystemExit(main())
