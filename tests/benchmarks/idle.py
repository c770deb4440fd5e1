"""
How long an idle Instep takes from an event to the CMS.

    python -m tests.benchmarks.idle [--events N]

One event at a time, long enough apart that nothing is under way: from the first byte of the
delivery until the call has come in at the sandbox, whose own time is not counted.
"""

# ruff: noqa: T201, S311

import argparse
import random
import time

from tests.benchmarks import rig as rigs
from tests.benchmarks.load import Load, stock

APART = (1.3, 1.8)  # s; a destination counts as busy for a second after a call


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=30)
    chosen = parser.parse_args()
    bodies = stock(chosen.events).bodies
    waits, acks = [], []
    with rigs.instep(limit=600) as rig:
        for body in bodies:
            time.sleep(random.uniform(*APART))
            before = rig.site.calls()["total"]
            begin = time.time()
            acks += Load(rig.url, rig.secret, [body], connections=1).run().latencies
            waits.append(_arrival(rig, before) - begin)
    waits.sort()
    acks.sort()
    for name, found in (("event to CMS", waits), ("ack", acks)):
        p50, p99 = (found[int(share * (len(found) - 1))] * 1000 for share in (0.5, 0.99))
        print(f"{name:14} p50 {p50:7.1f} ms   p99 {p99:7.1f} ms")


def _arrival(rig, before):
    """Return when the next call came in at the sandbox, by its own clock, which is ours."""
    ends = time.monotonic() + 20
    while time.monotonic() < ends:
        calls = rig.site.calls()
        if calls["total"] > before:
            return calls["last"]
        time.sleep(0.005)
    raise TimeoutError("the event has not reached the CMS")


if __name__ == "__main__":
    main()
