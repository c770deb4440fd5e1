"""
How long `instep up` with the starter configuration takes to begin, and what it takes then.

    python -m tests.benchmarks.start [--times N] [--processes N] [--data FOLDER | --store-mb N]
        [--reload]

Prints for each start the seconds until the first signed delivery was answered 200, and until
"ready"; the CPU seconds of each process by then, with those of its children that have ended; and
the memory of each a little later, in MiB, pages that are shared counted once (PSS).

*--data*: start in a copy of this INSTEP_DATA, which may be large. *--store-mb*: start again with so
much in the store, in values of a kilobyte that nothing compresses; prints also what was told while
it was loaded. *--reload*: the memory after one.
"""

# ruff: noqa: T201

import argparse
import os
import shutil
import signal
import socket
import time
from contextlib import suppress
from pathlib import Path

import redis
from click.testing import CliRunner

from service.cli import main as instep
from service.demo.processes import DemoProcess
from tests.benchmarks.load import _request, stock
from tests.benchmarks.rig import costs, folder
from workers.config.environment import read_env
from workers.embedded.layout import Place

SETTLED = 3.0  # s after "ready" until the memory is looked at
LONGEST = 300.0  # s
LOOK = 0.02  # s between two deliveries
AT_ONCE = 1000  # values that are written by one call
FILL = """
local bytes = {}
for place = 1, 1000 do
  bytes[place] = string.char(math.random(0, 255))
end
local value = table.concat(bytes)
for number = ARGV[1], ARGV[2] do
  redis.call('SET', 'fill:' .. number, value)
end"""


def started(place, chosen):
    """Start once, and print what it took."""
    environ = starter(place, chosen.data)
    if chosen.store_mb:
        fill(place, environ, chosen.store_mb)
    port = free_port()
    words = ("--bind", f"127.0.0.1:{port}", "--processes", str(chosen.processes))
    secret = environ["ERP_SECRET"]
    begin = time.monotonic()
    actor = DemoProcess("ready", place, environ, "up", *words)
    try:
        until(lambda: delivered(port, secret), actor)
        first = time.monotonic() - begin
        until(lambda: (place / "up.out").read_text(), actor)
        print(f"first delivery {first:.2f} s, ready {time.monotonic() - begin:.2f} s", flush=True)
        shown("CPU-s", costs(actor.process.pid), lambda cost: cost.cpu)
        for line in actor.log.read_text().splitlines():
            if "loads its data" in line:
                print(f"  told: {line}", flush=True)
        time.sleep(SETTLED)
        if chosen.reload:
            actor.process.send_signal(signal.SIGHUP)
            until(lambda: "reloaded" in actor.log.read_text(), actor)
            time.sleep(2 * SETTLED)
        shown("MiB", costs(actor.process.pid), lambda cost: cost.memory)
    finally:
        actor.stop()


def starter(place, data):
    """Write the configuration; return the environment of a process in it."""
    shop = place / "shop"
    made = CliRunner().invoke(instep, ["init", str(shop)])
    assert made.exit_code == 0, made.output
    if data is not None:
        shutil.copytree(data, shop / ".instep", ignore=lambda *_: ("store.sock", "store.at"))
    own, _ = read_env(shop / ".env")
    kept = {name: value for name, value in os.environ.items() if name != "REDIS_URL"}
    places = {"INSTEP_CONFIG": shop / "instep.toml", "INSTEP_DATA": shop / ".instep"}
    return kept | own | {name: str(path) for name, path in places.items()}


def fill(place, environ, megabytes):
    """Start once, and fill the store."""
    with (place / "shop" / "instep.toml").open("a") as file:
        file.write(f"\n[store]\nmemory_mb = {3 * megabytes}\n")
    actor = DemoProcess("ready", place, environ, "up", "--bind", f"127.0.0.1:{free_port()}")
    try:
        until(lambda: (place / "up.out").read_text(), actor)
        at = str(Place.of(Path(environ["INSTEP_DATA"])).socket)
        with redis.Redis(unix_socket_path=at, socket_timeout=60) as client:
            for first in range(0, 1000 * megabytes, AT_ONCE):
                client.eval(FILL, 0, first, first + AT_ONCE - 1)
            held = client.info("memory")["used_memory"] / 1e6
            until(lambda: not client.info("persistence")["aof_rewrite_in_progress"], actor)
            told = client.info("persistence")
            size, base = told["aof_current_size"] / 1e6, told["aof_base_size"] / 1e6
        print(
            f"the store holds {held:.0f} MB; files: {size:.0f} MB, base {base:.0f} MB", flush=True
        )
    finally:
        actor.stop()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


def until(done, actor):
    ends = time.monotonic() + LONGEST
    while not done():
        actor.check()
        if time.monotonic() > ends:
            raise TimeoutError(actor.log.read_text()[-2000:])
        time.sleep(LOOK)


def delivered(port, secret):
    """Whether one delivery was answered 200."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2) as door:
        door.sendall(_request("/webhooks/erp", stock(1).bodies[0], secret))
        return door.recv(12).endswith(b" 200")
    return False


def shown(what, found, number):
    each = " · ".join(f"{short(title)} {number(cost):.2f}" for title, cost in found)
    print(f"  {what:5} {sum(number(cost) for _, cost in found):7.2f}: {each}", flush=True)


def short(title):
    """The name of a process, as ``ps`` begins to show it."""
    if title.startswith("instep "):
        return title
    return "store" if "valkey" in title else "supervisor"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--processes", type=int, default=2)
    data = parser.add_mutually_exclusive_group()
    data.add_argument("--data", type=Path)
    data.add_argument("--store-mb", type=int, default=0)
    parser.add_argument("--reload", action="store_true")
    chosen = parser.parse_args()
    for _ in range(chosen.times):
        with folder() as place:
            started(place, chosen)


if __name__ == "__main__":
    main()
