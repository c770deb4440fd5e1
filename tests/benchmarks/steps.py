"""
What the Lua steps cost in the store's own time: of this checkout, and beside it of another one.

    python -m tests.benchmarks.steps [--against FOLDER] [--rounds N] [--field SLUG]

Each checkout drives a store of its own, round by round in turns. Prints the 10th percentile and the
median of each step, in µs as the store's slow log tells them, and their ratio.
"""

# ruff: noqa: T201

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

HERE = Path(__file__).parents[2]
PLAY = "--play"  # how this file is called for one checkout


@contextmanager
def server():
    """The socket of a running store that keeps nothing on disk."""
    from tests.support.store_server import server_binary

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s"
        command = [server_binary(), "--port", "0", "--unixsocket", str(path), "--dir", folder]
        command += ["--save", "", "--appendonly", "no", "--slowlog-log-slower-than", "0"]
        running = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603
        with suppress(PermissionError):  # what else runs here is not measured
            os.sched_setscheduler(
                running.pid, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(1)
            )
        try:
            while not path.exists():
                time.sleep(0.01)
            time.sleep(0.2)
            yield path
        finally:
            running.terminate()
            running.wait(10)


def start(arguments, folder):
    """Start Python with *arguments* and the packages of *folder*."""
    return subprocess.Popen(  # noqa: S603
        [sys.executable, *arguments],
        env=os.environ | {"PYTHONPATH": str(folder)},
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@contextmanager
def player(folder, socket, field):
    """A function that plays a round on the store at *socket*, with the steps of *folder*."""
    child = start([str(Path(__file__)), PLAY, str(socket), field], folder)

    def play():
        print(file=child.stdin, flush=True)
        return json.loads(child.stdout.readline())

    try:
        yield play
    finally:
        child.stdin.close()
        child.wait(10)


class Rounds:
    """Plays rounds on the store at *socket*; `took` has the times of the last, by what was done."""

    def __init__(self, socket, field):
        import redis

        try:
            from tests.support import outbox_driver
        except ImportError:  # a checkout from before the tests had rooms
            from tests.store import outbox_driver

        self.driver = outbox_driver
        self.client = redis.Redis(unix_socket_path=socket, decode_responses=True)
        self.bench = outbox_driver.Bench(self.client)
        self.field = field
        self.took = {}
        self.number = 0
        run = self.bench.steps.run

        def timed(step, *arguments):
            answer = run(step, *arguments)
            self.last = next(
                entry["duration"]
                for entry in self.client.slowlog_get(8)
                # EVALSHA: in a checkout from before the steps were functions.
                if entry["command"].startswith((b"FCALL", b"EVAL"))
            )
            return answer

        self.bench.steps.run = timed

    def note(self, name):
        self.took.setdefault(name, []).append(self.last)

    def event(self, record, id="", index=0):
        self.number += 1
        return self.driver.event(
            f"r{record:03}",
            {self.field: self.number},
            id=f"evt_{self.number}" if id == "" else id,
            version=self.bench.ahead(0),
            index=index,
        )

    def take(self, *events):
        made = self.driver.Delivery("erp", uuid.uuid4().hex, events, b"{}", {}, "live")
        self.bench.outbox.accept(made)

    def drain(self):
        """Claim and settle until nothing is due."""
        while isinstance(batch := self.bench.claim(), self.driver.Batch):
            size = len(batch.items)
            self.note(f"claim {size}")
            self.bench.write(batch)
            self.note(f"settle {size}")

    def play(self):
        self.took = {}
        for record in range(3):
            made = self.event(record)
            self.take(made)
            self.note("accept")
            self.take(made)
            self.note("accept a duplicate")
            self.take(self.event(record, id=None))
            self.note("accept without id")
            self.drain()
        for first in (0, 40, 80):
            self.take(*[self.event(first + n, index=n) for n in range(40)])
            self.note("accept 40")
        self.drain()
        for _ in range(3):
            self.bench.outbox.sweep()
            self.note("sweep")
        return self.took


def play(socket, field):
    rounds = Rounds(socket, field)
    for _ in sys.stdin:
        print(json.dumps(rounds.play()), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", type=Path)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--field", default="stock", help="that the events give")
    chosen = parser.parse_args()
    folders = [HERE] if chosen.against is None else [chosen.against, HERE]
    with ExitStack() as open_things:
        players = [
            open_things.enter_context(
                player(folder, open_things.enter_context(server()), chosen.field)
            )
            for folder in folders
        ]
        took = [{} for _ in players]
        for number in range(chosen.rounds + 3):
            pairs = list(zip(players, took, strict=True))
            # Who plays second is slower by up to a tenth: they take turns in that as well.
            for play_round, times in pairs if number % 2 else reversed(pairs):
                for name, found in play_round().items():
                    if number >= 3:  # the first ones meet an empty store
                        times.setdefault(name, []).extend(found)
    for name in took[0]:
        columns = []
        for share in (0.1, 0.5):
            found = [sorted(times[name])[int(len(times[name]) * share)] for times in took]
            ratio = f" {found[-1] / found[0]:.2f}" if len(found) > 1 else ""
            columns.append(" ".join(f"{us:6}" for us in found) + ratio)
        print(f"{name:20} p10 {columns[0]}   p50 {columns[1]}")


if __name__ == "__main__":
    if sys.argv[1:2] == [PLAY]:
        play(*sys.argv[2:])
    else:
        main()
