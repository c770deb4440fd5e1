"""
Instep and a plain Flask + RQ pipeline, one job and one PATCH per event, on the same trace.

    python -m tests.benchmarks.compare [--events N] [--rounds N] [--limit CALLS_PER_MINUTE]

Each round measures both, one after the other, each with a new site and a new store. The site
allows more calls a minute than a real one (60), or the plain pipeline would take an hour: it
needs one for each event.
"""

# ruff: noqa: T201

import argparse
import statistics
from dataclasses import astuple, dataclass, fields

from tests.benchmarks.load import Load, stock
from tests.benchmarks.plain_rig import plain
from tests.benchmarks.rig import instep, until_right

SYSTEMS = {"Instep": instep, "plain": plain}


@dataclass(frozen=True, slots=True)
class Measured:
    """*right* is infinite where wrong values stayed when all was done, or patience ended."""

    acks: float
    p50: float
    p99: float
    calls: float
    rate_limited: float
    right: float
    wrong: float
    lost: float
    cpu: float
    memory: float


NAMES = {
    "acks": "acks per second",
    "p50": "ack p50, ms",
    "p99": "ack p99, ms",
    "calls": "CMS calls",
    "rate_limited": "429s",
    "right": "site right after, s",
    "wrong": "wrong values",
    "lost": "lost values",
    "cpu": "CPU s per 1,000 events",
    "memory": "memory, MiB",
}


def measure(system, trace, limit, patience):
    with SYSTEMS[system](limit) as rig:
        seeded = rig.quantities()
        before = rig.cost()
        sent = Load(rig.url, rig.secret, trace.bodies).run()
        memory = rig.cost().memory
        spent, wrong = until_right(rig, trace.truth, patience)
        shown, calls, after = rig.quantities(), rig.site.calls(), rig.cost()
    lost = [item for item in wrong if shown[item] == seeded[item]]
    return Measured(
        acks=sent.rate,
        p50=sent.percentile(0.5) * 1000,
        p99=sent.percentile(0.99) * 1000,
        calls=calls["total"],
        rate_limited=calls["rate_limited"],
        right=float("inf") if spent is None else spent,
        wrong=len(wrong) - len(lost),
        lost=len(lost),
        cpu=(after.cpu - before.cpu) / len(trace.bodies) * 1000,
        memory=max(memory, after.memory),
    )


def median(rounds):
    return Measured(
        *(statistics.median(column) for column in zip(*map(astuple, rounds), strict=True))
    )


def show(found):
    print(f"{'':24}{'Instep':>12}{'plain':>12}{'plain/Instep':>14}")
    for field in fields(Measured):
        ours, theirs = (getattr(found[name], field.name) for name in SYSTEMS)
        ratio = f"{theirs / ours:.2f}" if 0 < ours < float("inf") > theirs else ""
        cells = (_cell(value) for value in (ours, theirs))
        print(f"{NAMES[field.name]:24}{next(cells):>12}{next(cells):>12}{ratio:>14}")


def _cell(value):
    if value == float("inf"):
        return "never"
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:,.2f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--limit", type=int, default=2400, help="calls that the site allows")
    parser.add_argument("--patience", type=float, default=80.0, help="s until the site is right")
    chosen = parser.parse_args()
    rounds = {name: [] for name in SYSTEMS}
    for number in range(chosen.rounds):
        trace = stock(chosen.events, seed=number, mixed=0.1)
        for name in SYSTEMS:
            rounds[name].append(measure(name, trace, chosen.limit, chosen.patience))
            print(f"round {number + 1}, {name}: {rounds[name][-1]}", flush=True)
    print(
        f"\n{chosen.events:,} events over 1,000 items, one in ten late; "
        f"{chosen.limit:,} calls a minute; medians of {chosen.rounds}"
    )
    show({name: median(measured) for name, measured in rounds.items()})


if __name__ == "__main__":
    main()
