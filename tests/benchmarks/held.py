"""
What a decision on all pending deletes takes of a server's time.

    python -m tests.benchmarks.held [--deletes N…]

For each number a store of its own without a disk. Prints of each request, and of the run that
decides, the processor time of the process and what the commands held the store, in ms, and the
longest command. An estimate must take less than a second, and no command longer than 20 ms.
"""

# ruff: noqa: T201

import argparse
import json
import tempfile
import time
from pathlib import Path

import redis

from service.operate.bulk_runner import BulkRunner
from service.operate.held_delete_choice import newest
from tests.benchmarks.steps import server
from tests.support.console import Console
from tests.support.console_load import Load
from tests.support.console_site import ConsoleSite
from workers.store import held_keys, keys

MOST, HELD = 1000.0, 20.0  # ms
IDS = 1000  # of one form, or request
PART = 1000  # records that are written at once


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deletes", type=int, nargs="+", default=[3_000, 100_000])
    chosen = parser.parse_args()
    good = [measured(number) for number in chosen.deletes]
    return 0 if all(good) else 1


def measured(number):
    with server() as socket, tempfile.TemporaryDirectory() as folder:
        site = ConsoleSite(Path(folder), str(socket), Load(items=20, deletes=4))
        fill(site.context, number)
        meter = Meter(str(socket))
        print(f"{number:,} deletes")
        person, every = Console(site.rig).person(), {"which": "all"}
        some = {"ids": ids_of(site.context, IDS)}
        deletes = "/deletes/approve"
        meter.of("the page", lambda: person.get("/deletes"))
        meter.of(f"estimate of {IDS:,}", lambda: person.post(deletes, **some))
        shown = meter.of("estimate of all", lambda: person.post(deletes, **every))
        asked = {"which": "all", "filter-oldest": number // 2}
        meter.of("estimate of the older half", lambda: person.post(deletes, **asked))
        count = site.context.held_deletes.count(["products"])["products"]
        begun = meter.of("confirm", lambda: person.confirm(shown, number=str(count)))
        run = begun.location.rpartition("/")[2]
        runner = BulkRunner(site.context, lambda: site.rig.configuration)
        found = meter.of("the run", lambda: runner.carry_out(run), most=None)
        print(f"  {found.figures}")
        site.close()
        return meter.good


class Meter:
    def __init__(self, socket):
        self.client, self.good = redis.Redis(unix_socket_path=socket, decode_responses=True), True
        self.client.config_set("slowlog-log-slower-than", 0)
        self.client.config_set("slowlog-max-len", 1_000_000)

    def of(self, name, call, most=MOST):
        self.client.slowlog_reset()
        begin = time.process_time()
        answer = call()
        own = 1000 * (time.process_time() - begin)
        commands = [
            (each["duration"] / 1000, each["command"].decode(errors="replace")[:48])
            for each in self.client.slowlog_get(1_000_000)
        ]
        total = own + sum(ms for ms, _ in commands)
        held, command = longest(commands)
        good = (most is None or total < most) and held < HELD
        self.good = self.good and good
        print(f"{'' if good else 'SLOW ':5}{name:28} {total:9.1f} ms; ", end="")
        print(f"{len(commands):,} commands, the longest {held:5.1f} ms {command}")
        return answer


def longest(commands):
    """What is longest of the commands of each name; of many, the one that was longest but 5 %."""
    by_name = {}
    for ms, command in commands:
        by_name.setdefault(command.partition("{")[0], []).append((ms, command))
    # The others were interrupted by what else the machine does.
    return max((sorted(own)[-1 - len(own) // 20] for own in by_name.values()), default=(0.0, ""))


def ids_of(context, number):
    """The ids of *number* deletes that are far from each other."""
    arrivals = [int(score) for _, score in _all(context)]
    return [f"products:{each}" for each in arrivals[:: max(1, len(arrivals) // number)][:number]]


def _all(context):
    return context.steps.client.zrange(held_keys.held("products"), 0, -1, withscores=True)


def fill(context, number):
    """Make more of the last of those that wait, until there are *number*."""
    client = context.steps.client
    record, arrival = _all(context)[-1]
    stored = client.hgetall(keys.item("products", record))
    held = json.loads(stored[held_keys.HELD])
    last, old = newest(context), f'"a":{int(arrival)}'
    assert old in held["gone"]
    place = ("products", context.settings.copy_of(context.settings.collections["products"]))
    numbers = range(len(_all(context)), number)
    for first in range(numbers.start, numbers.stop, PART):
        with client.pipeline(transaction=False) as pipeline:
            for n in range(first, min(first + PART, number)):
                key = f"GONE-{n:07}"
                gone = held["gone"].replace(old, f'"a":{last + n}')
                item = stored | {held_keys.HELD: json.dumps(held | {"gone": gone})}
                item |= {"key": key} if "key" in stored else {}
                pipeline.hset(keys.item("products", key), mapping=item)
                pipeline.zadd(held_keys.held("products"), {key: last + n})
                pipeline.hset(keys.item_ids(*place), key, f"{n + 1000:024x}")
                pipeline.hset(keys.item_keys(*place), f"{n + 1000:024x}", key)
            pipeline.execute()
    client.set(keys.ARRIVAL, last + number)


if __name__ == "__main__":
    raise SystemExit(main())
