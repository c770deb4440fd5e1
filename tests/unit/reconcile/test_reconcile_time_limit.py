"""What ends a run before its time: Ctrl-C, or that nothing moves."""

import contextlib
import os
import signal
import threading
import time
from types import SimpleNamespace

import pytest

from service.reconcile import time_limit
from service.reconcile.time_limit import Ended, TimeLimit, watched


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def limit(clock):
    return TimeLimit(600.0, now=clock)


def test_a_run_that_moves_on_meets_no_limit(limit, clock):
    went = limit.begin("listing products")
    for page in range(300):
        clock.now += 599
        went(page)
        assert not limit.exceeded()


def test_one_of_which_nothing_moves_is_told_with_what_it_was_doing(limit, clock):
    went = limit.begin("listing products")
    went(100, "of 20,000")
    for _ in range(6):
        clock.now += 100
        went(100, "of 20,000")
    assert limit.exceeded() == "listing products: no progress for 10 minutes"


def test_nobody_is_hurried_who_is_asked(limit, clock):
    with limit.waiting():
        clock.now += 3600
        assert not limit.exceeded()
    assert not limit.exceeded()


@pytest.mark.parametrize(
    ("number", "words"), [(signal.SIGINT, "Ctrl-C"), (signal.SIGTERM, "SIGTERM")]
)
def test_a_signal_ends_what_waits_and_handlers_are_put_back(limit, number, words):
    before = signal.getsignal(number)
    with pytest.raises(Ended), watched(limit, lambda _: None):
        signal.raise_signal(number)
    assert words in limit.words
    assert signal.getsignal(number) is before


def test_what_stands_still_is_ended_where_it_waits():
    reader, writer = os.pipe()
    limit = TimeLimit(0.0)
    with pytest.raises(Ended), watched(limit, lambda _: None):
        os.read(reader, 1)
    assert "starting: no progress" in limit.words
    os.close(reader)
    os.close(writer)


class Slow(threading.Thread):
    """A thread that its starter waits for longer than the limit, as on a busy machine."""

    def start(self):
        super().start()
        time.sleep(30)


class Late:
    """A lock; as it is taken at the end of a run, the limit ends that run."""

    def __enter__(self):
        if threading.current_thread() is threading.main_thread():
            signal.raise_signal(signal.SIGTERM)

    def __exit__(self, *_):
        pass


@pytest.mark.parametrize(
    ("name", "stand_in", "seconds"), [("Thread", Slow, 0.0), ("Lock", Late, 600.0)]
)
def test_one_that_ends_as_its_watch_begins_or_ends_is_not_watched_any_more(
    monkeypatch, name, stand_in, seconds
):
    before, running = signal.getsignal(signal.SIGTERM), threading.active_count()
    threads = SimpleNamespace(**vars(threading) | {name: stand_in})
    monkeypatch.setattr(time_limit, "threading", threads)
    with contextlib.suppress(Ended), watched(TimeLimit(seconds), lambda _: None):
        pass
    assert signal.getsignal(signal.SIGTERM) is before
    ends = time.monotonic() + 5  # the watch would end this process after 10 s
    while threading.active_count() > running:
        assert time.monotonic() < ends, "it is watched still"
        time.sleep(0.01)
