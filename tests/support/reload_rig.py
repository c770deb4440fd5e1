"""Reloads of a running installation while deliveries come."""

import re
import statistics
import time
from dataclasses import dataclass

from tests.support.real_processes import Load, signed, wrong
from tests.support.standin import item_id

ITEMS = 50
REPLACED = re.compile(r"replaced (\d) web and (\d) worker processes")


@dataclass
class Played:
    """
    Args:
        others: Answers but 200, and broken connections, with their numbers.
        wrong: What the CMS shows otherwise than it should.
        p99: s until the answer, while nothing was reloaded and while it was.
    """

    deliveries: int
    others: dict
    wrong: dict
    status: dict
    p99: tuple


def event(number, place, **data):
    return {
        "id": f"event-{number}",
        "type": "stock.changed",
        "at": int(time.time() * 1000) - 60_000 + number,
        "data": {"item_id": item_id(place), "qty": number, **data},
    }


def reload(instep):
    """Reload *instep*, which must succeed."""
    code, said, errors = instep.command("reload")
    assert code == 0, f"{errors}{instep.log()[-3000:]}"
    assert {*REPLACED.search(said).groups()} == {str(instep.processes)}, said


def play(instep, cms, rounds, *, rate=200, seconds=5):
    """Reload *rounds* times, under load of *rate* a second for *seconds* each at least."""
    count = int(rate * (4 + seconds * rounds))
    payloads = [signed(event(n, n % ITEMS)) for n in range(count)]
    load = Load(instep, payloads, rate=rate, anew=4)
    time.sleep(2)
    spans = []
    for _ in range(rounds):
        begun = time.monotonic()
        reload(instep)
        spans.append((begun, time.monotonic() + 2))
    load.join()
    status = instep.settled()
    truth = {}
    for n in range(count):
        truth[item_id(n % ITEMS)] = {"stock": n, "in-stock": n > 0}
    apart = ([], [])
    for sent, done in load.acks:
        apart[any(a < sent < b for a, b in spans)].append(done - sent)
    p99 = tuple(statistics.quantiles(each, n=100)[98] if len(each) > 1 else 0.0 for each in apart)
    return Played(count, load.others, wrong(cms, truth), status, p99)
