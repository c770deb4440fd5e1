"""
What finding a record takes: in a store of 10,000 records, and in one of 100,000.

    python -m tests.benchmarks.search [--records N…] [--rounds N]

Fills a store of its own for each number, as an older release would have left it, and has the search
index made. Prints how long that took, and its bytes per record; of each search the median, and that
of the last number in ratio to that of the first; and the longest command of the store meanwhile.
"""

# ruff: noqa: T201, S311

import argparse
import random
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import redis

from service.operate.list_cursor import as_cursor
from service.operate.record_attention import list_attention
from service.operate.record_list import search_records
from service.operate.record_scan import scan_page
from tests.benchmarks.steps import server
from tests.support.outbox_driver import change, settings
from workers.delivery.context import make_context
from workers.model.changes import Delivery, Incoming, sequence_version
from workers.store import keys
from workers.store.families import Sampler
from workers.store.scripts import Steps
from workers.store.search_row import key_member

COLLECTIONS = frozenset({"products"})
PART = 2_000  # records that are written at once
COMMON = 1_000  # records that share the beginning of their names


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--rounds", type=int, default=100)
    chosen = parser.parse_args()
    took = [measured(number, chosen.rounds) for number in chosen.records]
    for name, first in took[0].items():
        print(f"{name:24} {first:8.2f} ms  last to first {took[-1][name] / first:.2f}")


def measured(records, rounds):
    """The median of each search, in ms, by its name."""
    with server() as socket, tempfile.TemporaryDirectory() as folder:
        client = redis.Redis(unix_socket_path=str(socket), decode_responses=True)
        made = settings()
        made = replace(made, store=replace(made.store, data=Path(folder)))
        context = make_context(made, Steps(client), None)
        fill(context, records)
        client.config_resetstat()
        client.config_set("slowlog-log-slower-than", 500)
        client.slowlog_reset()
        begin = time.monotonic()
        while not context.search.advance(60.0):
            pass
        index = time.monotonic() - begin
        size = bytes_of(client, "search") / records
        print(f"{records} records: indexed in {index:.1f} s, {size:.0f} bytes each")
        found = {each.name: each.median(context, records, rounds) for each in SEARCHES}
        begin, looked, page = time.monotonic(), 0, {"next": None}
        while looked == 0 or page["next"]:
            page = scan_page(context, "purple", **options(cursor=page["next"]))
            looked += 1
        found["a part, the whole"] = (time.monotonic() - begin) * 1000
        for name, ms in found.items():
            print(f"  {name:24} {ms:10.2f} ms")
        for entry in sorted(client.slowlog_get(128), key=lambda entry: -entry["duration"])[:1]:
            print(f"  longest command {entry['duration'] / 1000:.1f} ms: {entry['command'][:60]!r}")
        return found


def options(cursor=None, limit=50):
    from service.operate.record_pages import Filters

    return {"collections": COLLECTIONS, "filters": Filters(), "cursor": cursor, "limit": limit}


@dataclass(frozen=True, slots=True)
class Search:
    name: str
    run: Callable

    def median(self, context, records, rounds):
        chosen, took = random.Random(2), []
        for _ in range(rounds):
            number = chosen.randrange(records)
            begin = time.perf_counter()
            self.run(context, number)
            took.append((time.perf_counter() - begin) * 1000)
        return median(took)


def search(text):
    return lambda context, n: search_records(context, text(n), **options())


SEARCHES = (
    Search("key in full", search(lambda n: f"sku-{n:07}")),
    Search("beginning of a key", search(lambda n: f"SKU-{n:07}"[:9])),
    Search("item id", search(lambda n: f"{n:024X}")),
    Search("name", search(lambda n: name_of(n).upper())),
    Search("beginning of many names", search(lambda _: "common")),
    Search("nothing like it", search(lambda _: "zzz")),
    Search("all, the first page", search(lambda _: "")),
    Search(
        "all, any page",
        lambda context, n: search_records(context, "", **options(cursor=behind(n))),
    ),
    Search(
        "what needs a person",
        lambda context, _: list_attention(context, collections=COLLECTIONS, limit=50),
    ),
)


def behind(number):
    """The cursor of the page that begins behind record *number*."""
    return as_cursor(0, "products", key_member(f"SKU-{number:07}"), number)


def name_of(number):
    return f"{'Common' if number < COMMON else 'Shoe'} number {number}, sorted by chance"


def bytes_of(client, family):
    sampler = Sampler(client)
    while (found := sampler.slice()) is None:
        pass
    return found[family]


def fill(context, records):
    """Write records as accept stores them, and their items, without the index."""
    client, own = context.steps.client, context.settings.collections["products"]
    place = ("products", context.settings.copy_of(own))
    fields = {
        "name": "NAME-OF-IT",
        "price": 19.5,
        "about": "It is made to be found in a test. " * 4,
    }
    one = change("KEY", fields, by="key", kind="text", version=sequence_version(1))
    context.outbox.accept(Delivery("erp", "t", (Incoming("e", "t", 0, (one,)),), b"{}", {}, "live"))
    stored = client.hgetall(keys.item("products", "KEY"))
    client.flushall()
    stored = {name: text.replace('"pending"', '"written"') for name, text in stored.items()}
    for name in ("lane", "due", "lookup"):
        stored.pop(name, None)
    for first in range(0, records, PART):
        with client.pipeline(transaction=False) as pipeline:
            ids = {}
            for number in range(first, min(first + PART, records)):
                item = dict(stored)
                item["f:name"] = item["f:name"].replace("NAME-OF-IT", name_of(number))
                ids[f"SKU-{number:07}"] = f"{number:024x}"
                pipeline.hset(keys.item("products", f"SKU-{number:07}"), mapping=item)
            pipeline.hset(keys.item_ids(*place), mapping=ids)
            pipeline.hset(keys.item_keys(*place), mapping={id: key for key, id in ids.items()})
            pipeline.execute()


if __name__ == "__main__":
    main()
