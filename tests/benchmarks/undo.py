"""
What an undo takes to read a log of undo that is full.

    python -m tests.benchmarks.undo [--mb N] [--waiting N] [--letters N] [--values N…]

Fills a log of N MB with requests of so many values each, beside records that wait and letters.
Prints of each way to read it the processor time of the process and what the commands held the
store, in ms, and the longest command, which must be below 20 ms. The CMS is not read.
"""

# ruff: noqa: T201

import argparse
import json
import tempfile
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import redis

from service.operate.undo_entries import UndoEntries
from service.operate.undo_pieces import FILTERED, pieces
from service.operate.undo_scope import UndoScope
from tests.benchmarks.held import Meter
from tests.benchmarks.steps import server
from tests.support.outbox_driver import settings
from workers.delivery.context import make_context
from workers.store import keys
from workers.store.scripts import Steps
from workers.store.undo_keys import UNDO, UNDO_IDS
from workers.store.undo_log import UndoLog

RUN, SOURCE, RECORDS = "r1", "erp", 100_000
PIECES = 20  # of an undo, that are looked at
PART = 1000  # entries that are written at once
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mb", type=int, default=64)
    parser.add_argument("--waiting", type=int, default=50_000)
    parser.add_argument("--letters", type=int, default=10_000)
    parser.add_argument("--values", type=int, nargs="+", default=[100, 1])
    chosen = parser.parse_args()
    good = [measured(number, chosen) for number in chosen.values]
    return 0 if all(good) else 1


def measured(values, chosen):
    with server() as socket, tempfile.TemporaryDirectory() as folder:
        client = redis.Redis(unix_socket_path=str(socket), decode_responses=True)
        made = settings()
        made = replace(made, store=replace(made.store, data=Path(folder)))
        context = make_context(made, Steps(client), None)
        entries = fill(client, values, chosen.mb * 2**20)
        wait(client, chosen.waiting, chosen.letters)
        print(f"{chosen.mb} MB in {entries:,} entries of {values} values, {chosen.waiting:,} wait")
        meter, log = Meter(str(socket)), UndoLog(context.steps)
        one = meter.of("one record", lambda: log.of_record("products", name(7)), most=None)
        meter.of("a source, the last hour", lambda: len([*log.of_source(SOURCE, after(entries))]))
        scope = UndoScope(run=RUN, last=10**9)
        held = meter.of("a run", lambda: UndoEntries(log, scope), most=None)
        records = sum(map(len, held.places.values()))
        work = [*pieces(held.places, {"products": FILTERED})]
        meter.of(f"{PIECES} pieces of {len(work):,}", lambda: look(held, work), most=None)
        print(f"  {len(one)} values of the record, {records:,} records of the run")
        return meter.good


def look(entries, work):
    for piece in islice(work, PIECES):
        chosen, _ = piece.records(entries.places)
        assert len(entries.of(piece.collection, chosen)) == len(chosen)


def name(number):
    return f"SKU-{number:07}"


def after(entries):
    """The time behind nearly all of the log."""
    ms = int(BEGIN.timestamp() * 1000) + entries - max(1, entries // 100)
    return datetime.fromtimestamp(ms / 1000, UTC)


def fill(client, values, size):
    """Fill the log with entries of *values* values each, as ``undo_log.lua`` writes them."""
    begin, number, arrival = int(BEGIN.timestamp() * 1000), 0, 0
    while size > 0:
        texts = {}
        for _ in range(max(1, PART // values)):
            rows = []
            for _ in range(values):
                arrival += 1
                told = json.dumps(f"products:{name(arrival % RECORDS)}")
                before, value = json.dumps("a desk of oak " * 3), json.dumps("a desk of elm " * 3)
                row = ("about", arrival, f"s{arrival:020}", "text", SOURCE, RUN, "", "")
                rows.append(f"=1\t{told}\n" + "\t".join(map(str, (*row, before, value))) + "\n")
            texts[f"{begin + number}-{uuid.uuid4().hex}"] = "".join(rows)
            number += 1
        size -= sum(len(each) + 150 for each in texts.values())
        client.hset(UNDO, mapping=texts)
        client.rpush(UNDO_IDS, *texts)
    return number


def wait(client, records, letters):
    """Let *records* wait, and open *letters*, whose values no run has written."""
    stored = '{"v":"1","t":"number","s":"pending","a":1}'
    for first in range(0, max(records, letters), PART):
        with client.pipeline(transaction=False) as pipeline:
            for n in range(first, min(first + PART, records)):
                pipeline.hset(keys.item("products", f"W-{n}"), mapping={"by": "key", "f:n": stored})
                pipeline.zadd(keys.waiting("products"), {f"W-{n}": n})
            for n in range(first, min(first + PART, letters)):
                told = {"collection": "products", "record": f"W-{n}"}
                pipeline.hset(keys.letter(f"d{n}"), mapping=told)
                pipeline.zadd(keys.LETTERS, {f"d{n}": n})
            pipeline.execute()


if __name__ == "__main__":
    raise SystemExit(main())
