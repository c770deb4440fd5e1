"""``instep up``, ``web`` and ``worker`` as real processes, and kill -9 of each."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.depth import depth
from tests.support.started import Started
from workers.config.settings import StoreSettings
from workers.errors import StoreUnavailable
from workers.runtime import heartbeats
from workers.runtime.embedded_store import kept
from workers.store import connection

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-c", "from service.cli import main; main()"]

# Nothing listens at port 1: the CMS is away.
CONFIGURATION = """
mappings = ["mappings.py"]

[destinations.site]
api = "v2"
token = "a-token"
base_url = "http://127.0.0.1:1"

[collections.products]
destination = "site"
id = "65f000000000000000000001"
key = "sku"

[sources.erp]
sender = "bearer"
secrets = ["sesame"]
"""

MAPPINGS = """
from marshmallow import fields
from service.mapping import Mapping

class Stock(Mapping):
    class Meta:
        source = "erp"
        collection = "products"
        key = "sku"

    stock = fields.Integer(data_key="qty")
"""


class Site:
    """A folder with a configuration, and the commands started in it."""

    def __init__(self, folder, **environ):
        self.folder = folder
        self.environ = environ
        self.started = []
        (folder / "instep.toml").write_text(CONFIGURATION)
        (folder / "mappings.py").write_text(MAPPINGS)
        self.client = connection.connect(StoreSettings(data=folder / ".instep"))

    def start(self, *words):
        """Start a command in a process that has done its imports."""
        process = Started(words, self.folder, self._whole_environ(), self.folder / "log")
        self.started.append(process)
        return process

    def execute(self, *words):
        """Start a command from its first import on, as a user does."""
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(  # noqa: S603
                [*COMMAND, *words],
                cwd=self.folder,
                env=self._whole_environ(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self.started.append(process)
        return process

    def _whole_environ(self):
        path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("INSTEP_", "REDIS_"))}
        return {**clean, "PYTHONPATH": path, **self.environ}

    def up(self, start, processes):
        process = start("up", "--bind", "127.0.0.1:0", "--processes", str(processes))
        line = process.stdout.readline()
        assert line.startswith("ready http://127.0.0.1:"), self.log()
        return process, int(line.rpartition(":")[2])

    def log(self):
        return (self.folder / "log").read_text()

    def lines(self):
        """Return the lines of the log that are JSON."""
        return [json.loads(line) for line in self.log().splitlines() if line.startswith("{")]

    def pids(self, role=None):
        with contextlib.suppress(StoreUnavailable):
            found = heartbeats.alive(self.client)
            return {each["pid"] for each in found if role in (None, each["role"])}
        return set()

    def counts(self):
        return {role: len(self.pids(role)) for role in heartbeats.ROLES}

    def close(self):
        for process in self.started:
            process.terminate()
        for process in self.started:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()
            process.wait()
            process.stdout.close()
        self.client.close()


WHOLE = {"supervisor": 1, "web": 2, "worker": 2, "store": 1}


def eventually(look, within=60.0):  # s; of which a busy machine needs more than ten
    """Poll *look* until it is true; fail when that takes longer than *within* seconds."""
    ends = time.monotonic() + within
    while not look():
        if time.monotonic() > ends:
            raise AssertionError("it did not come about")
        time.sleep(0.02)


def get(port, path):
    asking = http.client.HTTPConnection("127.0.0.1", port, timeout=2.0)
    try:
        asking.request("GET", path)
        return asking.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        asking.close()


def gone(pid):
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    return True


@pytest.fixture
def site(tmp_path):
    site = Site(tmp_path)
    yield site
    site.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One running ``up`` for the tests that leave it whole: its folder and its port."""
    site = Site(tmp_path_factory.mktemp("site"))
    _, port = site.up(site.execute, processes=2)
    yield site, port
    site.close()


@pytest.fixture
def whole(shared):
    site, _ = shared
    eventually(lambda: site.counts() == WHOLE)
    return site


def test_up_is_ready_while_the_cms_is_away(shared):
    _, port = shared
    assert get(port, "/readyz") == 200


def test_every_process_is_listed(whole):
    assert whole.counts() == WHOLE
    assert whole.pids("supervisor") == {whole.started[0].pid}


def are_apart(pids):
    """Whether two processes are kept on a core each, on different ones where there are two."""
    cores = [os.sched_getaffinity(pid) for pid in pids]
    return [len(each) for each in cores] == [1, 1] and len(set().union(*cores)) == min(
        2, len(os.sched_getaffinity(0))
    )


def test_each_web_process_stays_on_a_core_of_its_own(whole):
    eventually(lambda: are_apart(whole.pids("web")))


@pytest.mark.parametrize("role", ["web", "worker", "store"])
def test_a_killed_child_is_replaced_within_two_seconds(whole, role):
    old = whole.pids(role)
    victim = min(old)
    os.kill(victim, signal.SIGKILL)
    eventually(
        lambda: victim not in whole.pids(role) and len(whole.pids(role)) == len(old), within=2.0
    )
    if role == "worker":
        told = {"message": "child ended", "role": role, "pid": victim, "signal": 9}
        eventually(lambda: any(told.items() <= line.items() for line in whole.lines()))


def test_web_processes_killed_in_a_row_are_replaced(whole, shared):
    _, port = shared
    for _ in range(depth(2, 3)):
        eventually(lambda: len(whole.pids("web")) == 2, within=3.0)
        old = whole.pids("web")
        os.kill(min(old), signal.SIGKILL)
        eventually(lambda old=old: whole.pids("web") - old)
    eventually(lambda: get(port, "/readyz") == 200)
    eventually(lambda: are_apart(whole.pids("web")))


def test_kill_9_of_the_fork_server_leaves_no_orphan(whole, shared):
    _, port = shared
    old = whole.pids("web") | whole.pids("worker")
    (parent,) = {
        int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]) for pid in old
    }
    os.kill(parent, signal.SIGKILL)
    eventually(lambda: all(gone(pid) for pid in old), within=2.0)
    eventually(lambda: get(port, "/readyz") == 200)


def test_kill_9_of_up_ends_everything(site):
    process, port = site.up(site.start, processes=1)
    eventually(lambda: site.counts() == {"supervisor": 1, "web": 1, "worker": 1, "store": 1})
    pids = site.pids()
    process.kill()
    eventually(lambda: all(gone(pid) for pid in pids), within=2.0)
    assert get(port, "/healthz") is None


def test_a_port_in_use_is_told_and_nothing_started(site):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        bind = f"127.0.0.1:{taken.getsockname()[1]}"
        process = site.start("up", "--bind", bind)
        assert process.wait(10) == 2
    assert f"--bind {bind}: found Address already in use" in site.log()
    assert not (site.folder / ".instep").exists()


def test_a_worker_and_a_web_share_one_store_that_outlives_who_started_it(site):
    first = site.start("worker", "--processes", "1")
    eventually(lambda: site.counts()["store"] == 1)
    site.start("web", "--bind", "127.0.0.1:0", "--processes", "1")
    eventually(lambda: site.counts() == {"supervisor": 2, "web": 1, "worker": 1, "store": 1})
    site.client.set("key", "value")
    first.kill()
    first.wait()
    eventually(lambda: site.counts() == {"supervisor": 1, "web": 1, "worker": 0, "store": 1})
    assert site.client.get("key") == "value"


def test_a_given_store_that_may_evict_is_refused(tmp_path):
    given = StoreSettings(data=tmp_path / "given")
    with kept(given):
        client = connection.connect(given)
        client.config_set("maxmemory-policy", "allkeys-lru")
        site = Site(tmp_path, REDIS_URL=f"unix://{tmp_path}/given/store.sock")
        process = site.start("up", "--bind", "127.0.0.1:0")
        assert process.wait(10) == 1
        assert "found allkeys-lru, expected noeviction" in site.log()
        site.close()
        client.close()


def test_sigterm_ends_everything_with_0_and_ready_is_all_that_it_prints(whole):
    """The last one: nothing runs after it."""
    (process,), pids = whole.started, whole.pids()
    process.terminate()
    rest, _ = process.communicate(timeout=15)
    assert (process.returncode, rest) == (0, "")
    assert all(gone(pid) for pid in pids)
