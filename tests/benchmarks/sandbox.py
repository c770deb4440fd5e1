"""
Bulk PATCHes of 100 items against the sandbox, as fast as one client gets them done.

    python -m tests.benchmarks.sandbox [--calls N] [--seconds S] [--connections C] [--live]

Each writes five fields of 100 items anew, and each answer is read and compared with what was sent.
Ends after N calls (1,000) or S seconds (60); exits with 1 if the calls are not done by then.
"""

# ruff: noqa: T201

import argparse
import itertools
import threading
import time

import requests

from service.sandbox.seeds.samples import PRODUCTS, product_id
from tests.benchmarks import rig as rigs

ITEMS = 1000
BATCH = 100
HEADERS = {"Authorization": f"Bearer {rigs.TOKEN}"}


class Drive:
    """Connections that share a count of calls; ``times`` are the seconds each call took."""

    def __init__(self, address, calls, seconds):
        self._address = address
        self._turns = iter(range(calls))
        self._ends = time.monotonic() + seconds
        self._lock = threading.Lock()
        self.times = []
        self.wrong = 0

    def run(self, connections):
        threads = [threading.Thread(target=self._one) for _ in range(connections)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _one(self):
        with requests.Session() as session:
            session.trust_env = False
            while time.monotonic() < self._ends and (turn := self._next()) is not None:
                self._call(session, turn)

    def _next(self):
        with self._lock:
            return next(self._turns, None)

    def _call(self, session, turn):
        entries = batch(turn)
        begun = time.perf_counter()
        answer = session.patch(self._address, json={"items": entries}, headers=HEADERS, timeout=60)
        shown = answer.json().get("items", [])
        self.times.append(time.perf_counter() - begun)
        pairs = itertools.zip_longest(entries, shown)
        self.wrong += sum(not shows(sent, got) for sent, got in pairs)


def batch(turn):
    """Return the entries of the call number *turn*: the next 100 items, other values every time."""
    first = turn * BATCH % ITEMS
    return [
        {
            "id": product_id(first + n),
            "fieldData": {
                "name": f"Product {first + n}, edition {turn}",
                "price": turn + n / 100,
                "stock": turn + n,
                "in-stock": (turn + n) % 2 == 0,
                "description": f"<p>Edition {turn} of product {first + n}.</p>",
            },
        }
        for n in range(1, BATCH + 1)
    ]


def shows(sent, got):
    """Tell whether the item *got* holds what was *sent*."""
    return bool(got and sent) and sent["fieldData"].items() <= got["fieldData"].items()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--connections", type=int, default=1)
    parser.add_argument("--live", action="store_true", help="write the live copies as well")
    chosen = parser.parse_args()
    path = f"/v2/collections/{PRODUCTS}/items" + ("/live" if chosen.live else "")
    with rigs.folder() as place, rigs.sandbox(place, limit=1_000_000) as url:
        drive = Drive(url + path, chosen.calls, chosen.seconds)
        begun = time.perf_counter()
        drive.run(chosen.connections)
        spent = time.perf_counter() - begun
    done = len(drive.times)
    drive.times.sort()
    p50, p99 = (drive.times[int(share * (done - 1))] * 1000 for share in (0.5, 0.99))
    print(f"calls          {done:8,} of {BATCH} items")
    print(f"in             {spent:8.1f} s")
    print(f"calls/min      {done / spent * 60:8,.0f}")
    print(f"items/s        {done / spent * BATCH:8,.0f}")
    print(f"call p50, p99  {p50:8.1f} ms  {p99:.1f} ms")
    print(f"wrong items    {drive.wrong:8,}")
    return 0 if done >= chosen.calls and not drive.wrong else 1


if __name__ == "__main__":
    raise SystemExit(main())
