"""kill -9 of anything at any moment, under load: no acknowledged value is lost, none is wrong."""

import contextlib
import itertools
import os
import random
import signal
import time
from pathlib import Path

import pytest

from tests.support.depth import depth
from tests.support.real_processes import Instep, Load, eventually, say, wrong
from tests.support.standin import StandIn, item_id

TICKS = os.sysconf("SC_CLK_TCK")
ITEMS = 150
MAIN = "main web process"
PROCESSES = depth(1, 2)  # of web, and of workers
WHOLE = {"supervisor": 1, "web": PROCESSES, "worker": PROCESSES, "store": 1}


class Scene:
    """Instep under load, and the truth about what it was told."""

    def __init__(self, folder, seed):
        self.chosen = random.Random(seed)  # noqa: S311  # no secret
        self.cms = StandIn(ITEMS)
        self.cms.delay = 0.15
        self.instep = Instep(folder, self.cms, processes=PROCESSES)
        self.up = self.instep.up()
        self.truth = {}
        self.numbers = itertools.count()

    def load(self, count, rate):
        payloads, begin = [], int(time.time() * 1000) - count
        for number in itertools.islice(self.numbers, count):
            item, quantity = item_id(self.chosen.randrange(ITEMS)), self.chosen.randrange(500)
            data = {"item_id": item, "qty": quantity}
            payload = {"id": f"{begin}-{number}", "type": "stock.changed", "at": begin + number}
            payloads.append({**payload, "data": data})
            self.truth[item] = {"stock": quantity, "in-stock": quantity > 0}
        return Load(self.instep, payloads, rate=rate)

    def roles(self):
        """Return the pids by role, once as many run as should."""
        found = self.instep.pids()
        # The main web process is listed while those below it are unknown.
        found["web"] = {pid for pid in found.get("web", ()) if parent(pid) != self.up.pid}
        counts = {role: len(found.get(role, ())) for role in WHOLE}
        return found if counts == WHOLE else None

    def whole(self):
        return eventually(self.roles, within=20, pause=0.1, told=self.instep.log)

    def ends_right(self, within=100):
        status = self.instep.settled(within)
        assert wrong(self.cms, self.truth) == {}
        assert status["dead_letters"] == 0
        assert status["fields"]["accepted"] >= 2 * len(self.truth)
        assert self.cms.calls(status=429) == []
        return status

    def close(self):
        self.instep.close()
        self.cms.close()


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """One for all tests: each begins where the one before it has ended."""
    scene = Scene(tmp_path_factory.mktemp("chaos"), seed="chaos")
    yield scene
    scene.close()


def started(pid):
    """Return when a process started, in seconds since the boot; None if it is gone."""
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]) / TICKS
    return None


def starved(pid):
    """Return for how many seconds a process was ready to run while others had the cores."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9


def parent(pid):
    """Return the pid of a process's parent; None if it is gone."""
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return None


def kill(scene, role):
    """
    Kill one process of *role*; return how many seconds later the one in its place started, but for
    those for which other tests kept the new main process from a core.
    """
    kind = "web" if role == MAIN else role
    old = scene.whole()[kind]
    time.sleep(scene.chosen.uniform(0.0, 0.7))  # a random moment
    victim = scene.chosen.choice(sorted(old))
    victim = parent(victim) if role == MAIN else victim
    at = time.clock_gettime(time.CLOCK_BOOTTIME)
    os.kill(victim, signal.SIGKILL)

    def new():
        found = (scene.roles() or {}).get(kind, set())
        return found - old if victim not in found else None

    found = eventually(new, within=10, pause=0.1, told=scene.instep.log)
    late = starved(parent(min(found))) if role == MAIN else 0.0
    return round(max(started(pid) for pid in found) - at - late, 2)


@pytest.mark.parametrize("rounds", [depth(1, 6)])
def test_any_killed_process_costs_nothing(scene, rounds):
    load = scene.load(depth(600, 1_000 * rounds), rate=depth(60, 110))
    roles = ["web", "worker", "store", MAIN] * rounds
    scene.chosen.shuffle(roles)
    waits = [(role, kill(scene, role)) for role in roles]
    load.join()
    say((waits, load.others))
    assert max(seconds for _, seconds in waits) < 2.0
    scene.ends_right()


def test_queues_flushed_over_and_over_cost_nothing(scene):
    load = scene.load(depth(200, 1_000), rate=depth(60, 150))
    with scene.instep.store() as store:
        while any(thread.is_alive() for thread in load.threads):
            for key in store.scan_iter("rq:*", count=1000):
                store.delete(key)
            time.sleep(0.05)
    load.join()
    scene.ends_right()


def test_kill_9_of_everything_at_once_and_a_restart_cost_nothing(scene):
    load = scene.load(depth(250, 900), rate=depth(60, 110))
    for _ in range(depth(1, 3)):
        time.sleep(scene.chosen.uniform(1.5, 3.0))
        scene.up.kill()
        scene.up.wait()
        scene.up = scene.instep.up(port=scene.instep.address[1])
    load.join()
    say(load.others)
    scene.ends_right()
