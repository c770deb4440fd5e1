"""
How long lists of problems and letters take, and a bulk action, with many open letters.

    python -m tests.benchmarks.problems [--letters N] [--groups N]

A store of its own without a disk; letters of some causes, as many of each.
"""

# ruff: noqa: T201

import argparse
import subprocess
import tempfile
import time
from pathlib import Path

import redis

from service.operate.bulk_actions import estimate, start
from service.operate.bulk_runner import BulkRunner
from service.operate.problems import list_letters, list_problems, show_problem
from service.operate.selection import Selection
from tests.support.letters_rig import Shop
from tests.support.store_server import server_binary

TIMES = 5


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--letters", type=int, default=10_000)
    parser.add_argument("--groups", type=int, default=40)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s"
        command = [server_binary(), "--port", "0", "--unixsocket", str(path), "--save", ""]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=folder)  # noqa: S603
        try:
            _wait(path)
            _measure(Shop(Path(folder), f"unix://{path}"), chosen.letters, chosen.groups)
        finally:
            server.terminate()
            server.wait(10)


def _wait(path):
    while True:
        try:
            redis.Redis(unix_socket_path=str(path)).ping()
        except redis.ConnectionError:
            time.sleep(0.05)
        else:
            return


def _measure(shop, letters, groups):
    each = letters // groups
    for group in range(groups):
        shop.refuse(*(f"i{group}-{n}" for n in range(each)), slug=f"f{group}")
    context = shop.context
    print(f"{context.letters.count():,} letters of {groups} causes")
    begin = time.perf_counter()
    context.problems.group(letters)
    print(f"{'grouping all':32} {time.perf_counter() - begin:8.2f} s")
    first = _time("list_problems", lambda: list_problems(context)).items[0]["id"]
    of_one, rest = Selection(group=first), Selection(kind="missing")
    _time("show_problem", lambda: show_problem(context, first))
    _time("list_letters of a problem", lambda: list_letters(context, of_one))
    page = _time("list_letters", lambda: list_letters(context))
    _time("list_letters, next page", lambda: list_letters(context, cursor=page.next))
    _time("list_letters, none fits", lambda: list_letters(context, rest))
    _time("estimate of a problem", lambda: estimate(context, "replay", of_one))
    _time("estimate of all", lambda: estimate(context, "replay", Selection()))
    begin = time.perf_counter()
    start(context, "discard", Selection(), "a benchmark", wake=False)
    print(f"{'start of a run over all':32} {time.perf_counter() - begin:8.2f} s")
    runner = BulkRunner(context, shop.configured)
    begin = time.perf_counter()
    while runner.step():
        pass
    print(f"{'discarding all':32} {time.perf_counter() - begin:8.2f} s")


def _time(name, call):
    taken = []
    for _ in range(TIMES):
        begin = time.perf_counter()
        found = call()
        taken.append(1000 * (time.perf_counter() - begin))
    print(f"{name:32} {sorted(taken)[TIMES // 2]:8.1f} ms (worst {max(taken):.1f})")
    return found


if __name__ == "__main__":
    main()
