"""
What the lives of records cost: of this checkout, and beside it of another one.

    python -m tests.benchmarks.lives --against FOLDER [--rounds N] [--records N]

Each checkout drives a store of its own, with `appendfsync always`, round by round in turns. A round
accepts an event of two fields for each of 500 records, one delivery each, then sends and settles
them all. Prints the CPU that the store takes for the steps per 1,000 events, acknowledged
deliveries per second of one process, the bytes of the append-only file, and those in memory.
"""

# ruff: noqa: T201

import argparse
import json
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

HERE = Path(__file__).parents[2]
PLAY = "--play"
KINDS = ("life", "lives", "history")


@contextmanager
def server():
    """The socket of a running store that keeps everything on disk before it answers."""
    from tests.support.store_server import server_binary

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s"
        command = [server_binary(), "--port", "0", "--unixsocket", str(path), "--dir", folder]
        command += ["--save", "", "--appendonly", "yes", "--appendfsync", "always"]
        running = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603
        try:
            while not path.exists():
                time.sleep(0.01)
            time.sleep(0.2)
            yield path
        finally:
            running.terminate()
            running.wait(10)


class Rounds:
    """Plays rounds on the store at *socket*."""

    def __init__(self, socket, records):
        import redis

        from tests.support import outbox_driver

        self.driver = outbox_driver
        self.client = redis.Redis(unix_socket_path=socket, decode_responses=True)
        self.bench = outbox_driver.Bench(self.client)
        self.records = records
        self.number = 0

    def deliver(self, record):
        self.number += 1
        values = {"stock": self.number, "name": f"Oak desk {self.number}"}
        event = self.driver.event(
            f"record-{record:05}", values, id=f"evt_{self.number}", version=self.bench.ahead(0)
        )
        token = uuid.uuid4().hex
        return self.driver.Delivery("erp", token, (event,), b'{"stock": 1}', {}, "live")

    def cpu(self):
        """Seconds of CPU that the store has taken."""
        info = self.client.info("cpu")
        return info["used_cpu_user"] + info["used_cpu_sys"]

    def timed(self, work):
        before, began = self.cpu(), time.perf_counter()
        work()
        seconds = time.perf_counter() - began
        return (self.cpu() - before) * 1e6, seconds

    def drain(self):
        while isinstance(batch := self.bench.claim(), self.driver.Batch):
            self.bench.write(batch)

    def play(self):
        made = [self.deliver(record) for record in range(self.records)]
        run = self.driver.Steps.run  # not the one that remembers calls
        self.bench.outbox.steps.run = lambda *more: run(self.bench.outbox.steps, *more)
        accepted, seconds = self.timed(lambda: [self.bench.outbox.accept(each) for each in made])
        sent, _ = self.timed(self.drain)
        return {
            "accept, CPU ms per 1,000 events": accepted / self.records,
            "claim and settle, CPU ms per 1,000 events": sent / self.records,
            "accepted deliveries per second": self.records / seconds,
            "bytes in memory per event": self.held() / self.number,
            "bytes in memory per record": self.held() / self.records,
        }

    def held(self):
        keys = (key for kind in KINDS for key in self.client.scan_iter(f"instep:{kind}*"))
        return sum(self.client.memory_usage(key, samples=0) or 0 for key in keys)


def play(socket, records):
    rounds = Rounds(socket, records)
    for _ in sys.stdin:
        print(json.dumps(rounds.play()), flush=True)


@contextmanager
def player(folder, socket, records):
    """A function that plays a round on the store at *socket*, with the steps of *folder*."""
    from tests.benchmarks.steps import start

    child = start([str(Path(__file__)), PLAY, str(socket), str(records)], folder)

    def play_round():
        print(file=child.stdin, flush=True)
        return json.loads(child.stdout.readline())

    try:
        yield play_round
    finally:
        child.stdin.close()
        child.wait(10)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", type=Path)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--records", type=int, default=500)
    chosen = parser.parse_args()
    folders = [HERE] if chosen.against is None else [chosen.against, HERE]
    with ExitStack() as opened:
        players = [
            opened.enter_context(player(folder, opened.enter_context(server()), chosen.records))
            for folder in folders
        ]
        found = [{} for _ in players]
        for number in range(chosen.rounds):
            pairs = list(zip(players, found, strict=True))
            for play_round, figures in pairs if number % 2 else reversed(pairs):
                for name, figure in play_round().items():
                    figures.setdefault(name, []).append(figure)
    for name in found[0]:
        last = name.startswith("bytes")
        shown = [figures[name][-1] if last else median(figures[name]) for figures in found]
        # Of rounds that were played one behind the other: the machine has other work, too.
        pairs = zip(found[0][name], found[-1][name], strict=True)
        ratio = f"  {median(mine / other for other, mine in pairs if other):.2f}"
        print(f"{name:44}" + "".join(f"{figure:10.1f}" for figure in shown) + ratio)


if __name__ == "__main__":
    if sys.argv[1:2] == [PLAY]:
        play(sys.argv[2], int(sys.argv[3]))
    else:
        main()
