"""
Live changes beside a reconcile of 50,000 items, at 60 calls a minute.

    python -m tests.benchmarks.lanes [--items N] [--seconds S] [--limit N] [--every S]

One live change at a time, at random moments: from its delivery until the site shows it. First with
nothing else to do, then while the reconcile drains. Its changes are handed over to the outbox
directly. With it, no live change may take more than five seconds, and there may be no 429.
"""

# ruff: noqa: T201, S311

import argparse
import json
import random
import time
import uuid
from datetime import UTC, datetime

from service.sandbox.seeds.samples import product_id
from tests.benchmarks import rig as rigs
from tests.benchmarks.load import Load
from workers.config.loader import load
from workers.model.changes import Change, Delivery, FieldValue, Incoming, time_version
from workers.runtime import jobs

PART = 100  # changes in a delivery of the reconcile
HOLD = 20.0  # s; about what the hand-over takes
LOOK = 0.02  # s between two looks at the site
PATIENCE = 60.0  # s


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=50_000)
    parser.add_argument("--seconds", type=float, default=180.0)
    parser.add_argument("--limit", type=int, default=60)
    parser.add_argument("--every", type=float, default=3.0, help="s between live changes, the mean")
    chosen = parser.parse_args()
    with rigs.instep(chosen.limit, chosen.items) as rig:
        alone = measure(rig, chosen, "nothing else")
        context = jobs.build(load(rig.environ))
        begin = time.monotonic()
        hand_over(context, chosen.items)
        print(f"{chosen.items} changes handed over in {time.monotonic() - begin:.1f} s")
        time.sleep(HOLD)
        beside = measure(rig, chosen, "a reconcile")
        lanes = context.report.status()["collections"]["products"]["lanes"]
        print(f"pending by lane at the end: {lanes}")
    limited = rate_limited(alone) + rate_limited(beside)
    return 0 if limited == 0 and beside["waits"][-1] <= 5.0 and lanes["reconcile"] else 1


def hand_over(context, items):
    """Accept a change for each item, due together once all of them are in."""
    version, begin = time_version(datetime.now(UTC)), time.monotonic()
    for first in range(1, items + 1, PART):
        events = tuple(
            Incoming(None, None, place, (change(number, version),))
            for place, number in enumerate(range(first, min(first + PART, items + 1)))
        )
        hold = max(0.0, HOLD - (time.monotonic() - begin))
        token = uuid.uuid4().hex
        accepted = context.outbox.accept(
            Delivery("erp", token, events, mode="reconcile", hold=hold)
        )
        for destination in accepted.wake:
            context.wakes.wake(destination)


def change(number, version):
    value = FieldValue("stock", str(100_000 + number), "number")
    return Change("Stock", "products", product_id(number), "item", (value,), version)


def measure(rig, chosen, beside):
    """Send live changes, one at a time; return how long each took, and the calls of the site."""
    chance, waits, before = random.Random(7), [], rig.site.calls()
    ends = time.monotonic() + chosen.seconds
    while time.monotonic() < ends:
        time.sleep(chance.uniform(0, 2 * chosen.every))
        item, quantity = product_id(chance.randint(1, chosen.items)), chance.randint(0, 9999)
        body = {"id": uuid.uuid4().hex, "type": "stock.changed"}
        body |= {"at": datetime.now(UTC).isoformat(), "data": {"item": item, "qty": quantity}}
        begin = time.monotonic()
        Load(rig.url, rig.secret, [json.dumps(body).encode()], connections=1).run()
        until_shown(rig.site, item, quantity, begin + PATIENCE)
        waits.append(time.monotonic() - begin)
    after = rig.site.calls()
    found = {"waits": sorted(waits), "before": before, "after": after}
    calls = after["total"] - before["total"]
    written = after["items_written"] - before["items_written"]
    p50, p99 = (found["waits"][int(share * (len(waits) - 1))] for share in (0.5, 0.99))
    print(f"live changes beside {beside}: {len(waits)}")
    print(f"  event to CMS   p50 {p50:6.3f} s   p99 {p99:6.3f} s   max {max(waits):6.3f} s")
    print(f"  calls {calls} in {chosen.seconds:.0f} s, items written {written}")
    print(f"  429s  {rate_limited(found)}")
    return found


def until_shown(site, item, quantity, ends):
    while time.monotonic() < ends:
        shown = site.ask("POST", "/item", {"item": item})
        if shown["live"]["fieldData"]["stock"] == quantity:
            return
        time.sleep(LOOK)
    raise TimeoutError("the live change has not reached the CMS")


def rate_limited(found):
    return found["after"]["rate_limited"] - found["before"]["rate_limited"]


if __name__ == "__main__":
    raise SystemExit(main())
