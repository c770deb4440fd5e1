"""
Web processes and workers on two machines over one store: what each number of processes takes.

    python -m tests.benchmarks.machines [--short] [--only sizes|token|losses] [--json] [--write]

The machines have networks and processes of their own (see ``machines_net``), which needs root and
Linux; elsewhere they are two addresses of this one, and no link is cut. For each number of
machines, web processes and workers it tells the commands a second that they cost the store at rest,
the deliveries acknowledged a second, the CPU, and how long the site takes to be right. Before that:
what a token of 60 calls a minute allows; one machine killed under load, and come back; its link
cut, and joined again. Takes nine minutes at most, with ``--short`` two. ``--json``: all of it as
one object; ``--write``: into the page "many machines".
"""

# ruff: noqa: T201

import argparse
import json
import os
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks import (
    machines_cms,
    machines_growth,
    machines_loss,
    machines_page,
    machines_token,
)
from tests.benchmarks.machines_growth import Size
from tests.benchmarks.machines_net import Namespaces
from tests.benchmarks.machines_rig import LIMIT, kind, rig

NUMBERS = (1, 2, 4)
SIZES = [
    *(Size(machines, web, 2) for machines in (1, 2) for web in NUMBERS),
    *(Size(machines, 2, workers) for machines in (1, 2) for workers in (1, 4)),
]
FEW_SIZES = [Size(2, 2, 2)]
PARTS = ("sizes", "token", "losses")
LONG, SHORT = 540.0, 115.0  # s
RATE = 40  # events a second, where they come steadily


class Clock:
    """The time that is left; what does not fit into it is left out, and named."""

    def __init__(self, seconds):
        self._ends = time.monotonic() + seconds

    def allows(self, seconds, what):
        if time.monotonic() + seconds < self._ends:
            return True
        print(f"left out, no time: {what}", file=sys.stderr, flush=True)
        return False


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--only", choices=PARTS, action="append")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    if chosen.write and (chosen.short or chosen.only):
        parser.error("--write replaces all figures of the page: it needs a whole run")
    made, why = kind()
    if why:
        told = "no namespaces of network and processes here"
        print(f"{told} ({why}): two addresses of this machine; no link is cut", file=sys.stderr)
    found = measured(made, chosen, Clock(SHORT if chosen.short else LONG))
    if chosen.json:
        print(json.dumps(found, indent=1))
    else:
        print(machines_page.shown(found))
    if chosen.write:
        page = machines_page.PAGE
        page.write_text(machines_page.written(page.read_text(), found))


def measured(made, chosen, clock):
    parts = chosen.only or PARTS
    place = {"namespaces": made is Namespaces, "cpus": os.cpu_count()}
    found = {"place": place | {"cms_seconds": machines_cms.SECONDS}}
    found |= {"sizes": [], "token": [], "losses": []}
    with TemporaryDirectory(prefix="instep-machines-") as name:
        if "token" in parts and not chosen.short:
            with rig(folder(name, "narrow"), made, machines_token.A_MINUTE) as narrow:
                found["token"] = tokens(narrow, clock)
        with rig(folder(name, "wide"), made, LIMIT) as wide:
            if "losses" in parts:
                found["losses"] = losses(wide, chosen, clock)
            if "sizes" in parts:
                found["sizes"] = sizes(wide, chosen, clock)
    found["place"]["load"] = os.getloadavg()[1]
    return found


def folder(name, part):
    made = Path(name) / part
    made.mkdir()
    return made


def sizes(wide, chosen, clock):
    found = []
    for size in FEW_SIZES if chosen.short else SIZES:
        if clock.allows(30, size):
            one = machines_growth.measured(wide, size, load_of(chosen)).as_dict()
            told(one)
            found.append(one)
    return found


def load_of(chosen):
    if chosen.short:
        return machines_growth.Loaded(idle=4.5, events=500, rate=RATE, seconds=4)
    return machines_growth.Loaded(idle=6.0, events=1500, rate=RATE, seconds=8)


def losses(wide, chosen, clock):
    found = []
    aways = {"killed": 6.0, "cut": 6.0} if chosen.short else {"killed": 20.0, "cut": 40.0}
    for how, away in aways.items():
        possible = how == "killed" or hasattr(wide.machines[0].box, how)
        if possible and clock.allows(away + 36, how):
            one = machines_loss.lost(wide, how, away, RATE).as_dict() | {"rate": RATE}
            told(one)
            found.append(one)
    return found


def tokens(narrow, clock):
    found = []
    for machines in (1, 2):
        if clock.allows(35, f"a token with {machines} machines"):
            one = machines_token.measured(narrow, machines, 15).as_dict() | {
                "rate": machines_token.RATE
            }
            told(one)
            found.append(one)
    return found


def told(one):
    print(json.dumps(one), file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
