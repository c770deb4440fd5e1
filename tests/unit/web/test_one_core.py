"""Each web process stays on a core of its own, as far as there are enough."""

import multiprocessing
import os

import pytest

from service.web import one_core
from service.web.one_core import chosen, keep_on_one

FORK = multiprocessing.get_context("fork")


@pytest.mark.parametrize(
    ("place", "taken", "core"),
    [
        *((0, (), 2), (1, (), 3), (2, (), 5), (3, (), 2), (1, (3,), 5), (2, (5,), 2)),
        *((7, (2, 3, 5), 3), (7, (3, 2, 5, 3), 5), (7, (3, 5, 3, 5, 2), 2)),
    ],
)
def test_it_is_the_next_one_that_the_fewest_others_have(place, taken, core):
    assert chosen([2, 3, 5], place, taken) == core


def kept(parent, told, ends):
    keep_on_one(parent)
    told.put((os.getpid(), sorted(os.sched_getaffinity(0))))
    ends.wait(10)


@pytest.fixture
def start():
    ends, told, processes = FORK.Event(), FORK.Queue(), []

    def start(parent):
        processes.append(FORK.Process(target=kept, args=(parent, told, ends)))
        processes[-1].start()
        return told.get(timeout=10)[1]

    yield start
    ends.set()
    for process in processes:
        process.join(10)


def test_processes_of_one_parent_have_different_cores(start):
    cores = sorted(os.sched_getaffinity(0))
    found = [start(os.getpid()) for _ in cores]
    assert sorted(found) == [[core] for core in cores]
    assert start(os.getpid())[0] in cores  # one more than there are


def test_without_the_list_of_processes_it_runs_where_it_may(start):
    assert start(2**22 + 1) == sorted(os.sched_getaffinity(0))


def test_without_such_a_call_it_runs_where_it_may(monkeypatch):
    monkeypatch.delattr(one_core.os, "sched_setaffinity")
    before = os.sched_getaffinity(0)
    keep_on_one(os.getppid())
    assert os.sched_getaffinity(0) == before
