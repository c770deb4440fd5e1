"""
What the pages of the console take of a server's time, on stores of two sizes.

    python -m tests.benchmarks.console [--items N…] [--causes N…] [--rounds N] [--only TEXT]

For each number of items a store of its own without a disk: a million events, 10,000 refused values
of so many causes. Prints for each page, and some of its filters, the median and the 95th percentile
of its requests in ms: the processor time of the process and what the commands held the store, so
that other work of the machine does not count; and the longest command. The median must be below
100 ms, and no command longer than 20 ms.
"""

# ruff: noqa: T201

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import redis

from service.operate.record_hits import UNKNOWN
from service.operate.record_rests import STATES
from tests.benchmarks.steps import server
from tests.support.console import Console
from tests.support.console_load import MANY
from tests.support.console_site import ConsoleSite

MOST, HELD = 100.0, 20.0  # ms
# Filters of the lists by the path of their page.
FILTERS = {
    "records": (
        {"q": "SKU-0000099"},
        {"q": "shoe"},
        {"q": "nothing like it"},
        {"q": "red", "part": "1"},
        {"state": "any"},
        {"collection": "products"},
        {"source": "erp"},
        {"source": "till"},
        {"q": "sku", "state": "ignored"},
        {"q": "no such text", "part": "1", "state": "ignored"},
        *({"state": each} for each in (*STATES, UNKNOWN)),
    ),
    "problems": (
        {"state": "seen"},
        {"kind": "refused"},
        {"kind": "unmapped"},
        {"collection": "products"},
        {"source": "erp"},
        {"since": "12h"},
        {"text": "colour b"},
    ),
    "deletes": ({"collection": "products"}, {"collection": "orders"}),
    "sources/erp": (
        {"outcome": "refused"},
        {"outcome": "unwanted"},
        {"key": "A/B"},
        {"since": "2h"},
    ),
    "runs": ({"kind": "replay"}, {"state": "failed"}, {"collection": "orders"}),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--causes", type=int, nargs="+", default=[300, 10_000])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--only", default="", help="pages whose name has this")
    chosen = parser.parse_args()
    cases = [replace(MANY, items=items, causes=c) for items in chosen.items for c in chosen.causes]
    good = [measured(case, chosen) for case in cases]
    return 0 if all(good) else 1


def measured(size, chosen):
    with server() as socket, tempfile.TemporaryDirectory() as folder:
        begin = time.monotonic()
        site = ConsoleSite(Path(folder), str(socket), size)
        took = time.monotonic() - begin
        print(f"{size.items:,} items, problems of {size.causes:,} causes: filled in {took:.1f} s")
        person = Console(site.rig).person()
        client = redis.Redis(unix_socket_path=str(socket), decode_responses=True)
        client.config_set("slowlog-log-slower-than", 0)
        client.config_set("slowlog-max-len", 1000)
        good = True
        for name, path in addresses(site).items():
            if chosen.only in name:
                good = page(person, client, name, path, chosen.rounds) and good
        site.close()
        return good


def addresses(site):
    found = site.addresses()
    for module, filters in FILTERS.items():
        for each in filters:
            asked = urlencode(each)
            found[f"{module}?{asked}"] = f"/{module}?{asked}"
    return found


def page(person, client, name, path, rounds):
    """Measure one page; tell whether it is fast enough."""
    assert person.get(path).status_code < 500, path
    taken = [measured_once(person, client, path) for _ in range(rounds)]
    times = sorted(ms for ms, _, _ in taken)
    middle, late = times[rounds // 2], times[rounds * 95 // 100]
    # A command that was only once that long was interrupted.
    longest = sorted(((held, command) for _, held, command in taken), reverse=True)
    held, command = longest[min(1, rounds - 1)]
    good = middle < MOST and held < HELD
    print(f"{'' if good else 'SLOW ':5}{name[:44]:44} {middle:7.1f} ms, p95 {late:7.1f}; ", end="")
    print(f"the store {held:5.1f} ms {command}")
    return good


def measured_once(person, client, path):
    """The ms of one request, those of its longest command, and the beginning of that."""
    client.slowlog_reset()
    begin = time.process_time()
    person.get(path)
    own = 1000 * (time.process_time() - begin)
    entries = client.slowlog_get(1000)
    commands = [
        (each["duration"] / 1000, each["command"].decode(errors="replace")[:48]) for each in entries
    ]
    return own + sum(ms for ms, _ in commands), *max(commands, default=(0.0, ""))


if __name__ == "__main__":
    raise SystemExit(main())
