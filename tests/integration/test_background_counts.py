"""Counts that a thread writes: no answer waits for them, and the end of the process loses none."""

import os
import signal
import subprocess
import sys

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.support.store_clients import Away, Hanging, Unheard, eventually
from workers.errors import StoreUnavailable
from workers.store.background_counts import BackgroundCounts
from workers.store.counts_writer import LASTS_MS
from workers.store.histograms import AckTimes

ENDS = """
import multiprocessing, os, sys
import redis
from workers.store.background_counts import BackgroundCounts

def serve():
    counts = BackgroundCounts(redis.Redis(unix_socket_path=sys.argv[1]), pause=60.0)
    for _ in range(100):
        counts.add(("instep:metrics", "ack:erp:5", 1))

if __name__ == "__main__":
    if sys.argv[2] == "forked":
        process = multiprocessing.get_context("fork").Process(target=serve)
        process.start()
        process.join()
    else:
        serve()
"""


def test_what_is_counted_comes_to_the_store(store):
    counts = BackgroundCounts(store, pause=0.01)
    for number in (1, 2):
        counts.add(("instep:metrics", "a", number), ("instep:metrics", "b", 1))
    eventually(lambda: store.hgetall("instep:metrics") == {"a": "3", "b": "2"})


def test_counting_does_not_wait_for_a_store_that_hangs(store):
    client = Hanging(store)
    counts = BackgroundCounts(client, pause=0.01)
    for _ in range(100):
        counts.add(("instep:metrics", "a", 1))
    assert store.hgetall("instep:metrics") == {}
    client.answers.set()
    eventually(lambda: store.hget("instep:metrics", "a") == "100")


def test_what_could_not_be_written_is_written_once_the_store_is_back(store):
    client = Away(store)
    counts = BackgroundCounts(client, pause=0.01)
    counts.add(("instep:metrics", "a", 1))
    assert client.asked.wait(10)
    with pytest.raises(StoreUnavailable):
        counts.flush()
    client.answers.set()
    eventually(lambda: store.hget("instep:metrics", "a") == "1")


def test_what_was_written_without_an_answer_is_not_counted_twice(store):
    client = Unheard(store)
    counts = BackgroundCounts(client, pause=60.0)
    counts.add(("instep:metrics", "a", 2))
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            counts.flush()
    counts.add(("instep:metrics", "a", 3))
    assert store.hget("instep:metrics", "a") == "2"
    client.answers.set()
    counts.flush()
    assert store.hget("instep:metrics", "a") == "5"
    counts.flush()
    assert store.hget("instep:metrics", "a") == "5"


def test_a_store_that_hangs_counts_once_when_it_goes_on(store, store_socket):
    pid = store.info("server")["process_id"]
    once = Retry(NoBackoff(), 0)
    hasty = redis.Redis(unix_socket_path=store_socket, socket_timeout=0.1, retry=once)
    counts = BackgroundCounts(hasty, pause=60.0)
    counts.add(("instep:metrics", "a", 2))
    counts.flush()
    os.kill(pid, signal.SIGSTOP)
    try:
        counts.add(("instep:metrics", "a", 3))
        for _ in range(3):
            with pytest.raises(StoreUnavailable):
                counts.flush()
    finally:
        os.kill(pid, signal.SIGCONT)
    counts.flush()
    assert store.hget("instep:metrics", "a") == "5"


def test_the_number_of_a_write_ends(store):
    counts = BackgroundCounts(store, pause=60.0)
    counts.add(("instep:metrics", "a", 1))
    counts.flush()
    (key,) = store.scan_iter("instep:writer:*")
    assert 0 < store.pttl(key) <= LASTS_MS


@pytest.mark.parametrize("how", ["forked", "started"])
def test_the_end_of_a_process_loses_nothing(store, store_socket, how):
    subprocess.run([sys.executable, "-c", ENDS, store_socket, how], check=True, timeout=60)  # noqa: S603
    assert store.hget("instep:metrics", "ack:erp:5") == "100"


def test_a_store_that_is_away_at_the_end_is_reported(store, caplog):
    client = Away(store)
    counts = BackgroundCounts(client, pause=60.0)
    counts.add(("instep:metrics", "a", 1))
    counts._finish()
    client.answers.set()
    counts.flush()  # nothing is left for the tests that follow
    assert "counts lost" in caplog.text


@pytest.mark.parametrize(
    ("seconds", "bound"), [(0.0, "5"), (0.005, "5"), (0.0051, "10"), (9.9, "10000"), (11.0, "inf")]
)
def test_a_time_counts_under_the_bound_that_it_does_not_exceed(store, seconds, bound):
    counts = BackgroundCounts(store, pause=60.0)
    AckTimes(counts).observe("erp", seconds)
    counts.flush()
    eventually(lambda: len(store.hgetall("instep:metrics")) == 2)
    held = store.hgetall("instep:metrics")
    assert held == {f"ack:erp:{bound}": "1", "ack:erp:sum": str(round(seconds * 1e6))}
