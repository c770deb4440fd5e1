"""The RQ worker as a real process, on a real store."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import redis
from rq import Queue

from tests.support.depth import some
from workers.config.settings import StoreSettings
from workers.runtime.embedded_store import kept
from workers.store.connection import rq_connection

ROOT = Path(__file__).parents[2]

WORKER = """
import sys
from pathlib import Path
from workers.runtime import rq_worker as worker
from workers.runtime import wakeups
from workers.config.settings import StoreSettings
from workers.store import connection

folder = Path(sys.argv[1])
for name in ("stub_jobs.write", "stub_jobs.wait"):
    wakeups.ARGUMENTS[name], wakeups.SECONDS[name], wakeups.PATHS[name] = 1, 60, name
sys.exit(worker.work(
    "wakes",
    connection.rq_connection(StoreSettings(data=folder / "data")),
    on_start=(folder / "started").touch,
    on_stop=(folder / "stopping").touch,
))
"""

JOBS = """
import time
from pathlib import Path

def write(path):
    with Path(path).open("a") as file:
        file.write("x")

def wait(folder):
    Path(folder, "in hand").touch()
    while not Path(folder, "go").exists():
        time.sleep(0.01)
    Path(folder, "finished").touch()
"""


def eventually(look, within=8.0):
    """Poll *look* until it is true; fail when that takes longer than *within* seconds."""
    ends = time.monotonic() + within
    while not look():
        if time.monotonic() > ends:
            raise AssertionError("it did not come about")
        time.sleep(0.02)


@pytest.fixture
def keeper(tmp_path):
    with kept(StoreSettings(data=tmp_path / "data")) as keeper:
        yield keeper


@pytest.fixture
def connection(tmp_path, keeper):
    assert keeper.pid
    connection = rq_connection(StoreSettings(data=tmp_path / "data"))
    yield connection
    connection.close()


@pytest.fixture
def queue(connection):
    return Queue("wakes", connection=connection, serializer="json")


@pytest.fixture
def start(tmp_path, connection):
    (tmp_path / "stub_jobs.py").write_text(JOBS)
    started = []

    def start():
        (tmp_path / "started").unlink(missing_ok=True)
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", WORKER, str(tmp_path)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
            stderr=subprocess.DEVNULL,
        )
        started.append(process)
        eventually((tmp_path / "started").exists)
        eventually(lambda: takes_jobs(connection))
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def written(tmp_path):
    path = tmp_path / "written"
    return len(path.read_text()) if path.exists() else 0


def enqueue(queue, tmp_path):
    queue.enqueue("stub_jobs.write", str(tmp_path / "written"), result_ttl=0)


def test_a_job_is_executed_and_leaves_nothing_behind(start, queue, connection, tmp_path):
    start()
    enqueue(queue, tmp_path)
    eventually(lambda: written(tmp_path) == 1)
    eventually(lambda: not connection.keys("rq:job:*"))


def test_an_idle_worker_ends_soon_after_sigterm(start):
    process = start()
    process.send_signal(signal.SIGTERM)
    assert process.wait(3.0) == 0


def test_the_job_in_hand_is_finished_before_the_end(start, queue, tmp_path):
    process = start()
    queue.enqueue("stub_jobs.wait", str(tmp_path))
    enqueue(queue, tmp_path)
    eventually((tmp_path / "in hand").exists)
    process.send_signal(signal.SIGTERM)
    eventually((tmp_path / "stopping").exists)
    (tmp_path / "go").touch()
    assert process.wait(5.0) == 0
    assert (tmp_path / "finished").exists()
    assert (written(tmp_path), queue.count) == (0, 1)


@pytest.mark.parametrize("after", [*some([0, 3, 17, 40], 2)])
def test_a_stop_at_any_moment_strands_no_job(start, queue, connection, tmp_path, after):
    for _ in range(100):
        enqueue(queue, tmp_path)
    process = start()
    eventually(lambda: written(tmp_path) >= after)
    process.send_signal(signal.SIGTERM)
    assert process.wait(5.0) == 0
    assert written(tmp_path) + queue.count == 100
    assert not connection.keys("*intermediate*")


def test_it_works_on_after_every_key_of_rq_vanished(start, queue, connection, tmp_path):
    start()
    connection.delete(*connection.keys("rq:*"))
    enqueue(queue, tmp_path)
    eventually(lambda: written(tmp_path) == 1)


def test_keys_that_vanish_under_a_job_do_not_stop_the_next_one(start, queue, connection, tmp_path):
    start()
    queue.enqueue("stub_jobs.wait", str(tmp_path), result_ttl=0)
    eventually((tmp_path / "in hand").exists)
    connection.delete(*connection.keys("rq:*"))
    (tmp_path / "go").touch()
    enqueue(queue, tmp_path)
    eventually(lambda: written(tmp_path) == 1)


def test_it_works_on_after_the_store_was_killed(start, keeper, queue, tmp_path):
    start()
    os.kill(keeper.pid, signal.SIGKILL)
    eventually(lambda: keeper.pid)
    eventually(lambda: answers(queue))
    enqueue(queue, tmp_path)
    eventually(lambda: written(tmp_path) == 1)


def takes_jobs(connection):
    keys = connection.smembers("rq:workers")
    return any(connection.hget(key, "state") in (b"idle", b"busy") for key in keys)


def answers(queue):
    try:
        return queue.connection.ping()
    except redis.RedisError:
        return False


def test_without_a_store_it_ends_with_1_for_a_supervisor_to_go_on(tmp_path):
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", WORKER, str(tmp_path)],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 1
    assert "worker ended without the store" in done.stderr
    assert "Traceback" not in done.stderr
