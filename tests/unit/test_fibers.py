"""Fibers take turns where one waits, and nowhere else."""

import gc
import threading
import weakref
from contextvars import ContextVar

import pytest
from greenlet import getcurrent

from tests.support.fiber_thread import FiberThread
from tests.support.store_clients import eventually
from workers import fibers

HELD = 10.0  # s at most


@pytest.fixture
def thread():
    return FiberThread()


class Waits:
    """Fibers that wait until they are told, and what they have done."""

    def __init__(self, thread):
        self._thread = thread
        self.done, self.pauses = [], {}

    def begin(self, name):
        def waits():
            self.done.append(f"{name} begins")
            self.pauses[name] = fibers.Pause(fibers.host())
            self.pauses[name].wait()
            self.done.append(f"{name} ends")
            return threading.current_thread()

        return self._thread.submit(waits)


def test_where_one_waits_the_next_one_begins_in_the_same_thread(thread):
    waits = Waits(thread)
    first, second = waits.begin("a"), waits.begin("b")
    eventually(lambda: len(waits.pauses) == 2)
    waits.pauses["b"].end()
    assert second.result(HELD) is thread.thread
    waits.pauses["a"].end()
    assert first.result(HELD) is thread.thread
    assert waits.done == ["a begins", "b begins", "b ends", "a ends"]


def test_a_wait_that_has_ended_before_it_began_takes_no_time(thread):
    def ended():
        pause = fibers.Pause(fibers.host())
        pause.end()
        pause.wait()
        return "went on"

    assert thread.submit(ended).result(HELD) == "went on"


def test_in_a_turn_those_go_on_that_may(thread):
    waits, goes_on = Waits(thread), threading.Event()
    first = waits.begin("a")
    eventually(lambda: waits.pauses)

    def turns():
        goes_on.wait(HELD)
        fibers.turn()
        return list(waits.done)

    second = thread.submit(turns)
    waits.pauses["a"].end()
    goes_on.set()
    assert second.result(HELD) == ["a begins", "a ends"]
    assert first.result(HELD) is thread.thread
    fibers.turn()  # a thread of its own has none


def test_what_blocks_holds_up_no_other_fiber(thread):
    released = threading.Event()
    blocked = thread.submit(fibers.aside, released.wait, HELD)
    assert thread.submit(int, "7").result(HELD) == 7
    assert not blocked.done()
    released.set()
    assert blocked.result(HELD) is True


def test_what_is_done_aside_is_done_in_another_thread_and_may_fail(thread):
    assert thread.submit(fibers.aside, threading.current_thread).result(HELD) is not thread.thread
    with pytest.raises(ValueError, match="x"):
        thread.submit(fibers.aside, int, "x").result(HELD)
    assert thread.submit(int, "7").result(HELD) == 7


def test_a_thread_of_its_own_does_it_itself():
    assert fibers.host() is None
    assert fibers.aside(threading.current_thread) is threading.current_thread()


def test_a_thread_that_one_call_holds_is_stuck_and_one_that_waits_is_not(thread):
    released, waits = threading.Event(), Waits(thread)
    waiting = waits.begin("a")
    eventually(lambda: waits.pauses)
    assert not thread.host.is_stuck(0.0)
    held = thread.submit(released.wait, HELD)
    eventually(lambda: thread.host.is_stuck(0.0))
    assert not thread.host.is_stuck(HELD)
    released.set()
    assert held.result(HELD)
    waits.pauses["a"].end()
    waiting.result(HELD)
    eventually(lambda: not thread.host.is_stuck(0.0))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_has_ended_is_stuck(thread):
    thread.host.call(lambda: 1 / 0)
    thread.thread.join(HELD)
    assert thread.host.is_stuck(HELD)


def test_a_fiber_whose_call_has_ended_takes_the_next_one(thread):
    waits = Waits(thread)
    kept = [thread.submit(getcurrent).result(HELD) for _ in range(3)]
    assert len(set(kept)) == 1
    waiting = [waits.begin(name) for name in "abc"]
    eventually(lambda: len(waits.pauses) == 3)
    used = {pause._fiber for pause in waits.pauses.values()}
    assert len(used) == 3
    for name in "bac":
        waits.pauses[name].end()
    assert [each.result(HELD) for each in waiting] == [thread.thread] * 3
    assert {thread.submit(getcurrent).result(HELD) for _ in range(3)} <= used
    assert waits.done[3:] == ["b ends", "a ends", "c ends"]


def test_a_fiber_whose_call_has_ended_holds_nothing_of_it(thread):
    def lends(body):
        held = weakref.ref(body)
        thread.submit(lambda: id(body)).result(HELD)
        return held

    held = [lends({"the body"}) for _ in range(2)]
    thread.submit(gc.collect).result(HELD)
    assert [each() for each in held] == [None, None]


def test_a_call_knows_no_context_variable_of_the_one_before(thread):
    variable = ContextVar("variable", default="nothing")

    def told():
        before = variable.get()
        variable.set("of a call before")
        return before

    assert [thread.submit(told).result(HELD) for _ in range(2)] == ["nothing"] * 2
