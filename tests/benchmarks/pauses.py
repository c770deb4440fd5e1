"""
How long one step holds the store, where there is much to be done at once.

    python -m tests.benchmarks.pauses [--records N] [--waiters N] [--events N] [--only NAME]…

Runs the long steps on an embedded store (AOF always) that holds N records of ten fields (50,000;
1,000,000 is what the promise of 20 ms is made for), and as many due times, ids and letters where
the step looks at those, and prints for each how many steps it took and how long they
held the store: by the CPU time of its main thread, with all that it does beside the step (it reads
the request, writes the log, forks for another one), and by the store's own clock (SLOWLOG), which
counts the step alone. On a machine that is busy with something else the clock shows more than there
need be; the CPU time does not. The shorter of both is held to the promise.
"""

# ruff: noqa: T201

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import redis

from service.ingest.event_mapper import WHOLE_BODY
from workers.config.settings import Collection, Destination, Settings, Source, StoreSettings
from workers.embedded.layout import Place, binary
from workers.model.attempts import Batch, BatchOutcome, Call, ItemOutcome
from workers.model.changes import (
    Change,
    Delivery,
    FieldProblem,
    FieldValue,
    Incoming,
    LeftOut,
    canonical,
)
from workers.store import keys
from workers.store.circuit_breaker import Breaker
from workers.store.dead_letters import DeadLetters
from workers.store.held_deletes import HeldDeletes
from workers.store.item_index import Items
from workers.store.outbox import Outbox
from workers.store.pauses import Pauses
from workers.store.scripts import Steps
from workers.store.slicing import MOST, size_of
from workers.store.status import Report
from workers.store.step_library import library

BATCH = 100  # events of one delivery that fills the store
DAY_MS = 86_000_000
PROMISE_MS = 20.0
RESTS = "instep:item:products:at-rest-"  # records of which nothing is to be done


@contextlib.contextmanager
def server(memory_mb: int) -> Iterator[redis.Redis]:
    """Run an embedded store as the keeper does, with a slow log of all that takes a millisecond."""
    with tempfile.TemporaryDirectory(prefix="instep-pauses-") as folder:
        place = Place.of(Path(folder))
        place.prepare(memory_mb)
        process = subprocess.Popen([binary(), str(place.configuration)], stdout=subprocess.DEVNULL)  # noqa: S603
        try:
            client = redis.Redis(unix_socket_path=str(place.socket), decode_responses=True)
            while True:
                with contextlib.suppress(redis.exceptions.RedisError):
                    client.ping()
                    break
                time.sleep(0.05)
            client.config_set("slowlog-log-slower-than", 1000)
            client.config_set("slowlog-max-len", 100_000)
            with contextlib.suppress(PermissionError):  # what else runs here is not measured
                os.sched_setscheduler(
                    process.pid, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(1)
                )
            yield client
        finally:
            process.terminate()
            process.wait(60)


def settings(folder: Path, missing: str) -> Settings:
    site = Destination("site", "v2", "t", linger=0.0, requests_per_minute=60_000)
    names = ("products", "stores")
    collections = {
        name: Collection(name, "site", name[0] * 24, "sku", missing, preflight=False)
        for name in names
    }
    return Settings(
        folder / "instep.toml",
        StoreSettings(),
        {"site": site},
        collections,
        {"erp": Source("erp", "hmac", ("s",), dedupe_hours=24.0)},
    )


class TimedSteps(Steps):
    """Notes in *took* the name of each step and the CPU ms that the store spent for it."""

    def __init__(self, client: redis.Redis, clock: Path, took: list[tuple[float, str]]) -> None:
        super().__init__(client)
        self._clock = clock
        self._took = took

    def run(self, step: str, request: dict[str, Any], *more: str | bytes) -> dict[str, Any]:
        before = self._ms()
        answer = super().run(step, request, *more)
        self._took.append((self._ms() - before, step))
        return answer

    def _ms(self) -> float:
        return int(self._clock.read_text().split()[0]) / 1e6


@dataclass(frozen=True, slots=True)
class Rig:
    """An outbox on an empty store, and what a worker does to it."""

    client: redis.Redis
    settings: Settings
    took: list[tuple[float, str]] = field(default_factory=list)

    @property
    def steps(self) -> Steps:
        pid = self.client.info("server")["process_id"]
        return TimedSteps(self.client, Path(f"/proc/{pid}/task/{pid}/schedstat"), self.took)

    @property
    def outbox(self) -> Outbox:
        return Outbox(self.steps, self.settings)

    def place(self, collection: str = "products") -> str:
        return f"{collection}:{self.settings.copy_of(self.settings.collections[collection])}"

    def accept(self, events: list[Incoming], body: bytes = b"{}") -> None:
        outbox, token = self.outbox, uuid.uuid4().hex
        outbox.accept(Delivery("erp", token, tuple(events), body, {}, "live"))

    def fill(self, records: int, **options: Any) -> None:
        """Let a value wait for each of *records*."""
        for first in range(0, records, BATCH):
            self.accept([event(n, **options) for n in range(first, min(first + BATCH, records))])

    def index(self, collection: str = "products", **told: Any) -> dict[str, Any]:
        """Take in the next page of a listing."""
        self.hide_filters()
        for name in self.settings.collections:
            self.client.hdel(f"instep:index:{self.place(name)}", "lock")
        step: Any = None
        while getattr(step, "kind", None) != "index" or step.collection != collection:
            self.client.delete("instep:flight:site")
            step = self.outbox.claim(self.settings.destinations["site"])
        request = {
            "token": uuid.uuid4().hex,
            "flight": step.token,
            "destination": "site",
            "collection": collection,
            "index": self.settings.copy_of(self.settings.collections[collection]),
            "missing": self.settings.collections[collection].missing,
            "message": "no item has sku = ",
            "whole": False,
            "every_ms": 30_000,
            "full_ms": 30_000,
            "page_ms": 10_000,
            "rest_ms": 600_000,
            "slot": step.slot,
            "offset": step.offset,
            "at": clock(),
            "items": [],
            "next": None,
        }
        return self.steps.run("index_page", request | told)

    def claim_all(self) -> None:
        """Claim until nothing is due: what can go nowhere begins to wait."""
        self.hide_filters()
        while self.client.zcard("instep:due:products:live"):
            self.client.delete("instep:flight:site")
            self.outbox.claim(self.settings.destinations["site"])
        for name in self.settings.collections:  # no listing has begun yet
            self.client.delete(f"instep:index:{self.place(name)}")

    def hide_filters(self) -> None:
        for name in self.settings.collections:
            self.client.hset(f"instep:index:{self.place(name)}:filter", "off", clock() + DAY_MS)

    def finish(self) -> None:
        """Do what is left to be done in slices."""
        while self.outbox.slice().more:
            pass


def fill_up(rig: Rig, records: int) -> None:
    """Let *records* more rest in the store: the stored form of one that was written, in copies."""
    rig.accept([event(0, by="item", fields=tuple(_fields(10)))])
    rig.hide_filters()
    site = rig.settings.destinations["site"]
    while not rig.outbox.counts().get("written"):
        batch = rig.outbox.claim(site)
        if isinstance(batch, Batch):
            rig.outbox.settle(batch, BatchOutcome(_answers(batch), "success"), call=Call(200))
    raw = rig.client.connection_pool.connection_kwargs | {"decode_responses": False}
    copies = redis.Redis(unix_socket_path=raw["path"], decode_responses=False)
    form = copies.dump("instep:item:products:sku-0")
    rig.client.flushall()
    for first in range(0, records, 1000):
        with copies.pipeline(transaction=False) as pipeline:
            for n in range(first, min(first + 1000, records)):
                pipeline.restore(f"{RESTS}{n}", 0, form)
            pipeline.execute()


def clear(client: redis.Redis) -> None:
    """Delete all but what rests."""
    with client.pipeline(transaction=False) as pipeline:
        for name in client.scan_iter(count=10_000):
            if not name.startswith(RESTS):
                pipeline.unlink(name)
        pipeline.execute()


def _fields(number: int) -> Iterator[FieldValue]:
    return (FieldValue(f"f{n}", canonical(n), "number") for n in range(number))


def clock() -> int:
    return time.time_ns() // 1_000_000


def event(n: int, *, by: str = "key", fields: tuple[FieldValue, ...] = (), **more: Any) -> Incoming:
    values = fields or (FieldValue("stock", canonical(n), "number"),)
    collection = more.pop("collection", "products")
    change = Change("stock", collection, f"sku-{n}", by, values, None)  # type: ignore[arg-type]
    id, index = more.pop("id", f"e{n}"), more.pop("index", 0)
    return Incoming(id, "stock.changed", index, (change,), **more)


# What is measured ------------------------------------------------------------------------------


def unknown_keys(rig: Rig, options: argparse.Namespace) -> Callable[[], object]:
    """One listing finds that none of the keys is there."""
    rig.fill(min(options.records, options.unknown))
    rig.claim_all()

    def run() -> None:
        rig.index()
        rig.finish()
        assert not rig.client.exists("instep:lookup:products")

    return run


def waiters(rig: Rig, options: argparse.Namespace) -> Callable[[], object]:
    """An item comes to which very many refer."""
    _refer(rig, options.waiters)

    def run() -> None:
        item = {"key": "s1", "id": "id-s1", "updated": None, "created": "2025-01-01"}
        rig.index("stores", items=[item | {"status": "|2025-01-01T00:00:00.000Z|"}])
        rig.finish()
        assert rig.client.zcard("instep:due:products:live") == options.waiters

    return run


def given_up(rig: Rig, options: argparse.Namespace) -> Callable[[], object]:
    """A listing shows that the item to which very many refer is not there."""
    _refer(rig, options.waiters)

    def run() -> None:
        rig.index("stores")
        rig.finish()
        assert rig.client.zcard("instep:letters") == options.waiters

    return run


def _refer(rig: Rig, records: int) -> None:
    text = canonical({"key": "s1", "to": "stores"})
    rig.fill(records, by="item", fields=(FieldValue("store", text, "reference-key"),))
    rig.claim_all()


def large_body(rig: Rig, options: argparse.Namespace) -> Callable[[], object]:
    """One delivery of very many events."""
    events = [event(n, index=n) for n in range(options.events)]

    def run() -> None:
        rig.accept(events, b"x" * 1_000_000)
        rig.finish()
        assert rig.outbox.counts()["accepted"] == options.events

    return run


def one_step(rig: Rig, options: argparse.Namespace) -> Callable[[], object]:  # noqa: ARG001
    """Deliveries as large as one step takes: many records, or many fields; new, and again."""
    shapes = ((MOST // size_of([1]), 1), (MOST // size_of([20]), 20))

    def run() -> None:
        for (events, fields), value in product(shapes, (1, 2)):
            values = tuple(FieldValue(f"f{n}", canonical(value), "number") for n in range(fields))
            rig.accept(
                [
                    event(n, fields=values, index=n, id=f"{fields}-{value}-{n}")
                    for n in range(events)
                ]
            )
        assert not rig.client.exists("instep:sliced")

    return run


def deletes(rig: Rig, options: argparse.Namespace) -> Callable[[], object]:  # noqa: ARG001
    """Deletes of 500 records in one delivery, and of what one step takes; all are approved."""
    most = MOST // size_of([0])
    rig.fill(500 + most)

    def run() -> None:
        for first, number in ((0, 500), (500, most)):
            rig.accept([gone(n) for n in range(first, first + number)])
            rig.finish()
        rig.client.zunionstore("instep:held-delay:products", {"instep:held-delay:products": 0})
        held = HeldDeletes(rig.steps, rig.settings)
        held.sweep("products")
        rig.client.hset(f"instep:index:{rig.place()}", "total", 10_000)
        held.sweep("products")
        found = [(each.record, each.arrival) for each in held.list("products", limit=1000)]
        assert held.approve("products", found, "bench").done == 500 + most

    return run


def gone(n: int) -> Incoming:
    change = Change("gone", "products", f"sku-{n}", "key", (), None, retire="delete")
    return Incoming(f"g{n}", "product.deleted", n, (change,))


def body_letter(rig: Rig, options: argparse.Namespace) -> Callable[[], object]:
    """The one letter of a body of very many bad events is discarded."""
    left = [
        event(n, index=n, left=(LeftOut("products", f"sku-{n}", "key", "price", None),), part=True)
        for n in range(options.events)
    ]
    problem = FieldProblem("body", "events have problems")
    letter = Incoming(None, None, WHOLE_BODY, problems=(problem,), part=True)
    rig.accept([*left, letter], b"x" * 1_000_000)
    rig.finish()
    letters = DeadLetters(rig.steps, rig.settings)
    (name,) = rig.client.zrange("instep:letters", 0, -1)

    def run() -> None:
        letters.discard(name)
        rig.finish()
        assert letters.count() == 0

    return run


def gone_items(rig: Rig, options: argparse.Namespace) -> Callable[[], object]:
    """A round has shown none of the ids that are known."""
    place = rig.place()
    for first in range(0, options.records, 1000):
        span = range(first, first + 1000)
        ids = {f"sku-{n}": f"id-{n}" for n in span}
        with rig.client.pipeline(transaction=False) as pipeline:
            pipeline.hset(f"instep:ids:{place}", mapping=ids)
            pipeline.hset(f"instep:keys:{place}", mapping={v: k for k, v in ids.items()})
            pipeline.hset(f"instep:born:{place}", mapping=dict.fromkeys(ids.values(), "2025"))
            pipeline.sadd(f"instep:listed:{place}", *(f"other-{n}" for n in span))
            pipeline.execute()
    items = Items(rig.steps, rig.settings)

    def run() -> None:
        items._drop_unlisted(rig.settings.collections["products"])
        assert not rig.client.exists(f"instep:ids:{place}")

    return run


def _many_due(rig: Rig, options: argparse.Namespace, at: int) -> None:
    for lane in ("live", "live:sought"):
        for first in range(0, options.records, 1000):
            scores = {f"sku-{n}": at for n in range(first, first + 1000)}
            rig.client.zadd(f"instep:due:products:{lane}", scores)
            rig.client.zadd("instep:waiting:products", scores)
            if lane != "live":
                rig.client.zadd("instep:lookup:products", scores)


def sweep(rig: Rig, options: argparse.Namespace) -> Callable[[], object]:
    """Everything is due."""
    _many_due(rig, options, clock())

    return lambda: [rig.outbox.sweep() for _ in range(3)]


def clock_set_back(rig: Rig, options: argparse.Namespace) -> Callable[[], object]:
    """The clock has been set back: everything is due in an hour."""
    _many_due(rig, options, clock() + 3_600_000)

    def run() -> None:
        for _ in range(options.records // 100):
            if rig.outbox.sweep()[1] > 0:
                break
        rig.client.hset(f"instep:index:{rig.place()}", "created", "2025")
        rig.index(next=100)

    return run


def status(rig: Rig, options: argparse.Namespace) -> Callable[[], object]:
    """Status and metrics."""
    _many_due(rig, options, clock())
    rig.client.sadd("instep:letters:raw:erp", *(f"l{n}" for n in range(options.records)))
    report = Report(rig.steps, rig.settings)
    return report.status


def claims(rig: Rig, options: argparse.Namespace) -> Callable[[], object]:
    """Jobs claim what waits for ids, and what is due."""
    rig.fill(min(options.records, options.unknown))

    def run() -> None:
        for _ in range(50):
            rig.client.delete("instep:flight:site")
            rig.outbox.claim(rig.settings.destinations["site"])

    return run


def bulk(rig: Rig, options: argparse.Namespace) -> Callable[[], object]:  # noqa: ARG001
    """Whole batches of items of 20, and of 60 fields are claimed, and settled."""
    for number in (20, 60):
        values = tuple(_fields(number))
        collection = "products" if number == 20 else "stores"
        for n in range(300):
            rig.accept(
                [event(n, by="item", fields=values, collection=collection, id=f"{number}-{n}")]
            )

    def run() -> None:
        outbox, site = rig.outbox, rig.settings.destinations["site"]
        rig.hide_filters()
        full = 0
        while rig.outbox.counts()["pending"]:
            batch = outbox.claim(site)
            if isinstance(batch, Batch):
                full += len(batch.items) == 100
                outbox.settle(batch, BatchOutcome(_answers(batch), "success"), call=Call(200))
        assert full >= 6

    return run


def paused(rig: Rig, options: argparse.Namespace) -> Callable[[], object]:
    """A source, and then a destination, is paused and resumed while very many items wait."""
    rig.fill(options.resting, by="item")
    site, key = rig.settings.destinations["site"], keys.paused("products", "erp")
    by_hand, health = Pauses(rig.steps, rig.settings), Breaker(rig.steps, rig.settings)

    def run() -> None:
        by_hand.pause("source:erp", "bench", by="bench")
        while rig.client.zcard("instep:due:products:live"):  # claims put aside what is due
            rig.client.delete("instep:flight:site")
            rig.outbox.claim(site)
        (rest,) = by_hand.resting("erp")
        assert rest.records == options.resting
        by_hand.resume("source:erp")
        while rig.client.zcard(key):
            rig.outbox.sweep()
        assert rig.client.zcard("instep:due:products:live") == options.resting
        health.pause("destination:site", "bench")
        rig.outbox.claim(site)
        rig.outbox.sweep()
        health.resume("destination:site")
        rig.outbox.sweep()
        rig.outbox.claim(site)

    return run


def _answers(batch: Batch) -> tuple[ItemOutcome, ...]:
    """Their status is read, and then they are written."""
    return tuple(
        ItemOutcome(item.record, status="|2025-01-01T00:00:00.000Z|")
        if batch.look
        else ItemOutcome(item.record, written=tuple(field.slug for field in item.fields))
        for item in batch.items
    )


def seen_ids(rig: Rig, options: argparse.Namespace) -> Callable[[], object]:
    """A day's event ids expire at once."""
    for first in range(0, options.records, 1000):
        ids = [f"{n:016}" for n in range(first, first + 1000)]
        rig.client.sadd("instep:seen:erp:0", *ids)

    def run() -> None:
        rig.client.pexpire("instep:seen:erp:0", 1)
        time.sleep(0.5)
        began = time.monotonic()
        rig.client.ping()
        assert time.monotonic() - began < 1

    return run


STEPS = (
    *("accept", "claim", "settle", "slice", "sweep"),
    *("index_page", "resolve_dead_letter", "prune_index"),
)
CASES = (
    large_body,
    one_step,
    unknown_keys,
    waiters,
    given_up,
    deletes,
    body_letter,
    gone_items,
    sweep,
    clock_set_back,
    status,
    claims,
    bulk,
    paused,
    seen_ids,
)


def measured(rig: Rig, run: Callable[[], object]) -> tuple[list[tuple[float, str]], list[float]]:
    """Return the steps of *run*, longest last, and the ms of what the slow log holds of it."""
    rig.client.slowlog_reset()
    rig.took.clear()
    run()
    entries = rig.client.slowlog_get(100_000)
    slow = sorted(e["duration"] / 1000 for e in entries if e["command"].startswith(b"FCALL"))
    return sorted(rig.took), slow or [1.0]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=50_000)
    parser.add_argument("--unknown", type=int, default=100_000)
    parser.add_argument("--waiters", type=int, default=20_000)
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--resting", type=int, default=50_000)
    parser.add_argument("--only", action="append", choices=[case.__name__ for case in CASES])
    options = parser.parse_args()
    print(f"{'':16}{'CPU time of the main thread':^49}{'by the clock':>22}")
    print(f"{'':16}{'steps':>7}{'s':>7}{'> 20 ms':>9}{'longest, ms':>13}", end="")
    print(f"{'':14}{'> 20 ms':>9}{'longest, ms':>13}")
    longest = 0.0
    with server(16_000) as client, tempfile.TemporaryDirectory() as folder:
        rig = Rig(client, settings(Path(folder), "dead-letter"))
        client.function_load(library().functions)  # once in the life of a store, some 50 ms
        fill_up(rig, options.records)
        for case in CASES:
            if options.only and case.__name__ not in options.only:
                continue
            clear(client)
            run = case(rig, options)
            steps, slow = measured(rig, run)
            most, name = steps[-1] if steps else (0.0, "")
            longest = max(longest, min(most, slow[-1]))
            spent = sum(ms for ms, _ in steps) / 1000
            over = [sum(ms > PROMISE_MS for ms in each) for each in ([ms for ms, _ in steps], slow)]
            print(f"{case.__name__:16}{len(steps):7}{spent:7.1f}{over[0]:9}{most:13.1f}", end="")
            print(f"  {name:12}{over[1]:9}{slow[-1]:13.1f}")
            sys.stdout.flush()
        forked = client.info("stats")["latest_fork_usec"] / 1000
        bytes_used = client.info("memory")["used_memory_human"]
        print(
            f"The store took {bytes_used}; its last fork, to write its log anew: {forked:.1f} ms."
        )
    return 0 if longest < PROMISE_MS else 1


if __name__ == "__main__":
    sys.exit(main())
