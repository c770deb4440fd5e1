"""
A burst: 10,000 stock events over 1,000 items within 10 s, at 60 calls a minute.

    python -m tests.benchmarks.burst [--events N] [--seconds S]

Every item must be right, with no 429, at most 30 calls, the last within 30 s of the last event.
"""

# ruff: noqa: T201

import argparse
import time

from tests.benchmarks import rig as rigs
from tests.benchmarks.load import Load, stock


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=10.0)
    chosen = parser.parse_args()
    trace = stock(chosen.events)
    with rigs.instep(limit=60) as rig:
        before = rig.cost()
        load = Load(rig.url, rig.secret, trace.bodies, rate=chosen.events / chosen.seconds)
        sent = load.run()
        ended = time.time()
        _, wrong = rigs.until_right(rig, trace.truth, patience=60)
        time.sleep(2)  # a call too many would come now
        calls = rig.site.calls()
        after = rig.cost()
    late = calls["last"] - ended
    good = not wrong and calls["total"] <= 30 and not calls["rate_limited"] and late <= 30
    p50, p99 = (sent.percentile(share) * 1000 for share in (0.5, 0.99))
    cpu = (after.cpu - before.cpu) / chosen.events * 1000
    print(f"sent in        {sent.seconds:8.1f} s   ({sent.rate:.0f}/s, {dict(sent.statuses)})")
    print(f"acks p50, p99  {p50:8.1f} ms  {p99:.1f} ms")
    print(f"CMS calls      {calls['total']:8}")
    print(f"429s           {calls['rate_limited']:8}")
    print(f"last call      {late:8.1f} s after the last answer to an event")
    print(f"wrong items    {len(wrong):8} of {len(trace.truth)}")
    print(f"CPU            {cpu:8.2f} s per 1,000 events")
    print(f"memory         {after.memory:8.0f} MiB")
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
