"""
A reconcile at full size: 10,000 items with 200 planted differences, beside live traffic or not.

    python -m tests.benchmarks.reconcile [--items 10000] [--share 33] [--live]

It prints what one pass found and what it needed, and what a second one finds; it fails where a
difference is not named, where more calls are made than a listing and one for each hundred repairs
of a kind, or where anything older goes over what is newer.
"""

# ruff: noqa: T201

import argparse
import json
import tempfile
import time
from pathlib import Path

from tests.support.planted_site import MAPPINGS, Planted, configuration
from tests.support.real_processes import Instep, Load

PER_CALL = 100


def reconcile(instep, *more):
    begun = time.monotonic()
    words = ("reconcile", "products", "stock.csv", "--json", *more)
    _, said, errors = instep.alone(*words)
    assert said, errors
    return json.loads(said), time.monotonic() - begun


def rested(instep):
    """Wait until the workers' own first listing is over: it is none of the calls of a reconcile."""
    with instep.store() as store:
        while any(store.hexists(key, "pass") for key in store.scan_iter("instep:index:*")):
            time.sleep(0.2)


def named(told):
    found = {}
    for each in told["differences"]:
        found.setdefault(each["cause"], set()).add(each["key"])
    return {cause: sorted(keys) for cause, keys in found.items()}


def judge(planted, instep, *, live):
    load = Load(instep, planted.live_events(40), threads=4, rate=100) if live else None
    told, took = reconcile(instep)
    calls = dict(planted.calls)
    expected = {kind: planted.keys(kind) for kind in planted.planted}
    print(f"first pass: {told['found']} differences in {took:.1f} s, calls {calls}")
    print(f"  {told['counts']}")
    if load is not None:
        load.join()
        instep.settled(within=300)
        print(f"beside {load.total} live events: {len(planted.stale())} stale writes")
        lost = told["counts"]["write lost"]
        assert lost <= len(planted.planted["write lost"]), f"{lost} were called lost"
        assert not planted.stale()
        return
    assert named(told) == expected
    most = -(-len(planted.products.items) // PER_CALL)
    assert calls["list"] <= most, f"more than {most} calls to list"
    share = len(planted.planted["missing"])
    assert calls["PATCH"] <= 2 * -(-3 * share // PER_CALL)
    assert calls["POST"] <= 2 * -(-2 * share // PER_CALL)
    planted.calls.clear()
    again, took = reconcile(instep)
    left = {cause: number for cause, number in again["counts"].items() if number}
    print(f"second pass: {left} in {took:.1f} s, calls {dict(planted.calls)}")
    # Keys are for people to put right; orphans are gone.
    assert left == {"duplicate key": 1, "no key": 1}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--share", type=int, default=33, help="differences of each of six kinds")
    parser.add_argument("--live", action="store_true", help="with live traffic beside it")
    given = parser.parse_args()
    planted = Planted(given.items, given.share)
    with tempfile.TemporaryDirectory() as folder:
        guard = f"[collections.products.guard]\nat_most = {2 * given.share}"
        policy = f'orphans = "archive"\n{guard}'
        text = configuration(planted, policy=policy)
        instep = Instep(Path(folder), planted, mappings=MAPPINGS, configuration=text)
        try:
            instep.up()
            Load(instep, planted.first_events(), threads=8).join()
            instep.settled(within=300)
            rested(instep)
            planted.plant()
            planted.write_source(Path(folder) / "stock.csv")
            judge(planted, instep, live=given.live)
        finally:
            instep.close()
            planted.close()


if __name__ == "__main__":
    main()
