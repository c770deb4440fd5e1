"""
How many calls each load takes, beside the least that any client needs.

    python -m tests.benchmarks.calls [--only NAME] [--api v1|v2] [--json] [--write]

By a clock that stands still but where it is moved: five minutes of a load take seconds, and every
run makes the same calls. Prints of each load the least number of calls (`calls_planner.py`), ours,
those of one call for each event, the seconds until the site was right, what is over its goal (then
also the calls of a planner that does not know what comes), and each kind of call as least/ours, +
the calls that notice what others edit. ``--json``: a list of ``{scenario, api, least, blind, calls,
one_per_event, seconds, ratio, …}``; ``--write``: what was measured among the figures of
``service/docs/calls.md``.
"""

# ruff: noqa: T201

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import redis

from tests.benchmarks.calls_planner import Policy, blind, least
from tests.benchmarks.calls_rig import Play
from tests.benchmarks.calls_scenarios import SCENARIOS
from tests.benchmarks.steps import server

LIMIT = 60  # calls a minute
MORE = 1.2  # of the least
AFTER = 90.0  # s for which calls still count, once all is done: a call too many would come now
BESIDE = 0.005  # of the calls may be too many beside another client


@dataclass(frozen=True, slots=True)
class Measured:
    """
    Args:
        least: Kind → calls, as *kinds* of ours.
        blind: Calls of a planner that does not know what comes.
        unasked: Calls of listings beside them, which notice what others have edited.
        seconds: Until the site was right; None: it never was.
        within: Seconds in which it should have been.
    """

    scenario: str
    title: str
    api: str
    least: dict
    blind: int
    kinds: dict
    one_per_event: int
    seconds: float | None
    within: float
    unasked: int
    too_many: int
    too_many_most: int

    @property
    def calls(self):
        return sum(self.kinds.values())

    @property
    def least_calls(self):
        return sum(self.least.values())

    @property
    def ratio(self):
        return self.calls / self.least_calls

    def over(self):
        """What is over its goal, in words."""
        found = []
        if self.calls > MORE * self.least_calls + 1:
            found.append("calls")
        if self.seconds is None or self.seconds > self.within:
            found.append("time")
        if self.too_many > self.too_many_most:
            found.append("429s")
        return ", ".join(found)

    def as_dict(self):
        return {
            "scenario": self.scenario,
            "api": self.api,
            "least": self.least_calls,
            "blind": self.blind,
            "calls": self.calls,
            "one_per_event": self.one_per_event,
            "seconds": None if self.seconds is None else round(self.seconds, 1),
            "ratio": round(self.ratio, 2),
            "unasked": self.unasked,
            "rate_limited": self.too_many,
            "over": self.over(),
            "least_by_kind": self.least,
            "calls_by_kind": self.kinds,
        }


def measure(store, name, api):
    """Play one scenario on an empty store."""
    scenario = SCENARIOS[name]
    store.flushall()
    play = Play(store, api=api, **scenario.options)
    try:
        load = scenario.prepare(play)
        play.site.tokens.hide(scenario.others)
        play.begin_load(load.is_right)
        play.play(load.arrivals, AFTER)
    finally:
        play.close()
    rate = (LIMIT - scenario.others) / 60
    policy = Policy(LIMIT - scenario.others, *((100, 1.0) if api == "v2" else (1, 0.0)))
    kinds = play.calls()
    since = max(at for at, _ in load.arrivals) if load.since is None else load.since
    right = play.begun if load.is_right() and not kinds.keys() & WRITES else play.right_at
    return Measured(
        scenario=name,
        title=scenario.title,
        api=api,
        least=dict(least(load.pieces, policy) + load.extra),
        blind=(blind(load.pieces, policy) + load.extra).total(),
        kinds=dict(kinds),
        one_per_event=load.events or len(load.arrivals),
        seconds=None if right is None else max(0.0, right - play.begun - since),
        within=MORE * kinds.total() / rate + 2 + scenario.held.get(api, 0.0),
        unasked=play.unasked,
        too_many=play.too_many(),
        too_many_most=int(BESIDE * kinds.total()) if scenario.others else 0,
    )


WRITES = {"write", "create", "delete", "publish"}
HEAD = "| Load | API | Least | Calls | Ratio | One per event | Right after | To notice edits |"
LINE = "|---|---|---|---|---|---|---|---|"
PAGE = Path(__file__).parents[2] / "service/docs/calls.md"
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"


def line(row):
    """One of the figures, as `Measured.as_dict` has them, for the documentation."""
    cells = (
        SCENARIOS[row["scenario"]].title,
        row["api"],
        f"{row['least']:,}",
        f"{row['calls']:,}" + ("*" if row["over"] else ""),
        f"{row['ratio']:.2f}",
        f"{row['one_per_event']:,}",
        "never" if row["seconds"] is None else f"{row['seconds']:,.1f} s",
        f"{row['unasked']:,}",
    )
    return f"| {' | '.join(cells)} |"


def written(page, rows):
    """The text of the documentation with the figures of *rows*, and the others as they stood."""
    before, _, rest = page.partition(BEGIN)
    table, _, behind = rest.partition(END)
    lines = {_load_of(text): text for text in (*table.split("\n"), *map(line, rows))}
    known = [(one.title, api) for one in SCENARIOS.values() for api in one.apis]
    figures = [lines[load] for load in known if load in lines]
    return "\n".join([f"{before}{BEGIN}", HEAD, LINE, *figures, f"{END}{behind}"])


def _load_of(text):
    return tuple(cell.strip() for cell in text.split("|")[1:3])


def show(found):
    seconds = "never" if found.seconds is None else f"{found.seconds:,.1f} s"
    both = sorted({*found.least, *found.kinds})
    kinds = " ".join(f"{k} {found.least.get(k, 0)}/{found.kinds.get(k, 0)}" for k in both)
    over = found.over() and f"{found.over()} (blind: {found.blind:,})"
    print(
        f"{found.title} ({found.api})".ljust(58)
        + f"{found.least_calls:>8,}{found.calls:>8,}{found.ratio:>7.2f}"
        + f"{found.one_per_event:>9,}{seconds:>12}  {over} [{kinds}] +{found.unasked}",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", metavar="NAME", choices=SCENARIOS, action="append")
    parser.add_argument("--api", choices=("v1", "v2"))
    parser.add_argument("--json", action="store_true", help="a list on standard output")
    parser.add_argument("--write", action="store_true", help="put what was measured into the page")
    chosen = parser.parse_args()
    measured = []
    with (
        server() as socket,
        redis.Redis(unix_socket_path=str(socket), decode_responses=True) as store,
    ):
        for name in chosen.only or SCENARIOS:
            for api in SCENARIOS[name].apis:
                if chosen.api in (None, api):
                    measured.append(measure(store, name, api))
                    if not chosen.json:
                        show(measured[-1])
    rows = [found.as_dict() for found in measured]
    if chosen.json:
        print(json.dumps(rows, indent=1))
    if chosen.write:
        PAGE.write_text(written(PAGE.read_text(), rows))
    return 1 if any(found.over() for found in measured) else 0


if __name__ == "__main__":
    sys.exit(main())
