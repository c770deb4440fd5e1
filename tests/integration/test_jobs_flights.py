"""How many requests a job lets be on their way, and how many of them for a reconcile."""

import os
import subprocess
import sys
import threading
from dataclasses import replace

import pytest

from tests.support.outbox_driver import settings
from workers.delivery.context import make_context
from workers.model.attempts import Wait
from workers.runtime import heartbeats
from workers.runtime.heartbeats import Process
from workers.runtime.jobs import STEP, Jobs
from workers.store.scripts import Steps
from workers.webflow.client import SECONDS


class Recording:
    """In the place of the deliverer: takes no step, and remembers what it was asked for."""

    def __init__(self):
        self.asked = []

    def step(self, destination, *, flights, lower, **_):
        self.asked.append((flights, lower))
        return Wait()


@pytest.fixture
def living():
    """Pids of processes that live until the test ends."""
    wait = [sys.executable, "-c", "input()"]
    children = [subprocess.Popen(wait, stdin=subprocess.PIPE) for _ in range(7)]  # noqa: S603
    yield [os.getpid(), *(child.pid for child in children)]
    for child in children:
        child.communicate(b"\n")


@pytest.mark.parametrize(
    ("workers", "sites", "flights", "lower"),
    [
        pytest.param(8, 1, 4, 3, id="many workers"),
        pytest.param(2, 1, 4, 1, id="one of two workers is left to live changes"),
        pytest.param(1, 1, 4, 1, id="one worker does everything"),
        pytest.param(4, 2, 3, 2, id="two destinations"),
        pytest.param(2, 2, 1, 1, id="one flight"),
    ],
)
def test_a_reconcile_leaves_a_flight_and_a_worker(store, living, workers, sites, flights, lower):
    made = settings()
    if sites == 2:
        other = replace(made.destinations["site"], name="other")
        made = replace(made, destinations=made.destinations | {"other": other})
    heartbeats.beat(store, [Process("worker", pid) for pid in living[:workers]])
    jobs = Jobs(make_context(made, Steps(store), None), threading.Event())
    jobs.deliverer = Recording()
    jobs.deliver("site")
    assert jobs.deliverer.asked == [(flights, lower)]


def test_a_job_says_before_each_step_that_it_moves(store):
    jobs, told = Jobs(make_context(settings(), Steps(store), None), threading.Event()), []
    jobs.deliverer, jobs.alive = Recording(), told.append
    jobs.deliver("site")
    assert told == [STEP]


def test_a_job_that_is_stopped_before_its_first_claim_leaves_no_marker(store):
    context, stop = make_context(settings(), Steps(store), None), threading.Event()
    assert context.outbox.wants_job("site")
    stop.set()
    Jobs(context, stop).deliver("site")
    assert context.outbox.wants_job("site")


def test_before_a_request_its_time_is_told_as_well(store):
    made, told = settings(), []
    jobs = Jobs(make_context(made, Steps(store), None), threading.Event())
    jobs.alive = told.append
    jobs.deliverer.reader.client(made.destinations["site"])
    jobs.deliverer.close()
    assert [seconds > SECONDS for seconds in told] == [True]
