"""
The attacks: whatever breaks, nothing is lost, stale, made twice, counted wrong, or stuck.

    python -m tests.attack [--all] [--only NAME]… [--seed N] [--histories N] [--table FILE]

Without --all a short form of each in some seconds. Exit 1 where anything went wrong: then the seed
is printed, and the shortest history. Run the same again by `--only NAME --seed N`.
"""

# ruff: noqa: T201

import argparse
import os
from pathlib import Path

from tests.attack import attacks, installation, table


def main():
    parser = argparse.ArgumentParser(
        prog="python -m tests.attack", formatter_class=argparse.RawTextHelpFormatter,
        description=__doc__,
    )  # fmt: skip
    parser.add_argument("--all", action="store_true", help="all of it, which takes an hour or more")
    parser.add_argument("--only", action="append", choices=list(attacks.ATTACKS), metavar="NAME",
                        help=f"only this one of {', '.join(attacks.ATTACKS)}")  # fmt: skip
    parser.add_argument("--seed", type=int, help="only this seed, and the shortest history of it")
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first seed")
    parser.add_argument("--histories", type=int, help="how many histories are played")
    parser.add_argument("--seconds", type=float, help="begin no more histories after so long")
    parser.add_argument(
        "--width",
        type=int,
        default=0,
        help="histories side by side in one run; with --all it follows from the seed",
    )
    parser.add_argument("--installation", choices=installation.INSTALLATIONS, default="",
                        help="of the histories; by default it follows from the seed")  # fmt: skip
    parser.add_argument("--before", default="HEAD~1", help="the release that stands beside this")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="that play histories")
    parser.add_argument(
        "--table", type=Path, help="write the table there (.md), and a .json beside"
    )
    given = parser.parse_args()
    figures = []
    for name in given.only or attacks.ATTACKS:
        if not given.only and name in (attacks.PARTS if given.all else attacks.LONG):
            continue
        made = attacks.ATTACKS[name](given)
        figures += made if isinstance(made, list) else [made]
        if given.table:
            table.write(given.table, figures)
    print(f"\n{table.markdown(figures)}")
    for failure in (failure for one in figures for failure in one.failures):
        print(failure)
    return int(any(one.failed for one in figures))


if __name__ == "__main__":
    raise SystemExit(main())
