"""
What a backlog costs the steps: claim and accept beside 100 items that are due, and beside 50,000.

    python -m tests.benchmarks.backlog [--items N]

On a store of its own that keeps nothing on disk: the time of the steps alone. By turns on both, so
that what else the machine does falls on both alike.
"""

# ruff: noqa: T201

import argparse
import contextlib
import subprocess
import tempfile
import time
import uuid
from pathlib import Path

import redis

from workers.config.settings import Collection, Destination, Settings, Source, StoreSettings
from workers.embedded.layout import binary
from workers.model.attempts import Batch
from workers.model.changes import Change, Delivery, FieldValue, Incoming
from workers.store.outbox import Outbox
from workers.store.scripts import Steps

FEW = 100
PART = 100  # changes in a delivery of the reconcile
TURNS = 100
SITE = Destination("site", "v2", "t", linger=0.0, requests_per_minute=60_000)
SETTINGS = Settings(
    path=Path("instep.toml"),
    store=StoreSettings(),
    destinations={"site": SITE},
    collections={
        name: Collection(name, "site", letter * 24, None, "dead-letter", preflight=False)
        for name, letter in (("products", "a"), ("stores", "b"))
    },
    sources={"erp": Source("erp", "hmac", ("s",))},
)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=50_000)
    chosen = parser.parse_args()
    with server() as few, server() as many:
        sides = {FEW: Side(few, FEW), chosen.items: Side(many, chosen.items)}
        for turn in range(TURNS):
            for side in sides.values():
                side.turn(turn)
    print("                     " + "".join(f"{items:>14,} due" for items in sides))
    for what in sides[FEW].seconds:
        told = [
            [1000 * side.percentile(what, share) for share in (0.5, 0.99)]
            for side in sides.values()
        ]
        columns = "".join(f"{p50:10.2f} {p99:7.2f}" for p50, p99 in told)
        print(f"{what:18} ms  {columns}   (p50, p99)")


class Side:
    """An outbox with so many due items of a reconcile, kept at that."""

    def __init__(self, client, items):
        self.outbox = Outbox(Steps(client), SETTINGS)
        self.seconds = {}
        self._next = 0
        while self._next < items:
            self._more()

    def turn(self, number):
        self._live("accept live", f"live{number}", "stores")
        self._claim("claim live", items=1)
        self._live("accept live", f"live{number}", "products")
        # It takes items of the reconcile along, and what it takes is replaced.
        self._claim("claim, filled up", items=100)
        self._time("accept reconcile", lambda: self._more(99))
        self._claim("claim reconcile", items=100)
        self._time("accept reconcile", self._more)
        self._time("sweep", self.outbox.sweep)

    def percentile(self, what, share):
        found = sorted(self.seconds[what])
        return found[int(share * (len(found) - 1))]

    def _live(self, what, record, collection):
        delivery = Delivery("erp", uuid.uuid4().hex, (event(record, 0, collection),))
        self._time(what, lambda: self.outbox.accept(delivery))

    def _claim(self, what, items):
        time.sleep(0.003)  # a lower lane leaves the burst
        batch = self._time(what, lambda: self.outbox.claim(SITE, flights=99))
        assert isinstance(batch, Batch), batch
        assert len(batch.items) == items
        self.outbox.give_back(batch, wait=300.0)

    def _more(self, items=PART):
        first, self._next = self._next, self._next + items
        events = tuple(event(f"r{n}", n - first, "products") for n in range(first, self._next))
        self.outbox.accept(Delivery("erp", uuid.uuid4().hex, events, mode="reconcile"))

    def _time(self, what, step):
        begin = time.perf_counter()
        found = step()
        self.seconds.setdefault(what, []).append(time.perf_counter() - begin)
        return found


def event(record, place, collection):
    value = FieldValue("stock", str(place), "number")
    return Incoming(None, None, place, (Change("m", collection, record, "item", (value,), None),))


@contextlib.contextmanager
def server():
    with tempfile.TemporaryDirectory(prefix="instep-bench-") as folder:
        path = Path(folder) / "s"
        options = ("--port", "0", "--save", "", "--appendonly", "no", "--unixsocket", str(path))
        running = subprocess.Popen([binary(), *options], stdout=subprocess.DEVNULL, cwd=folder)  # noqa: S603
        try:
            while not path.exists():
                time.sleep(0.02)
            yield redis.Redis(unix_socket_path=str(path), decode_responses=True)
        finally:
            running.terminate()
            running.wait(10)


if __name__ == "__main__":
    main()
