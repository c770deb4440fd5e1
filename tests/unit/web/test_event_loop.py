"""No call of another thread waits for a byte that is not sent, and few bytes are sent."""

import asyncio
import os
import signal
import threading
from concurrent.futures import Future
from unittest import mock

import pytest
from granian import loops

from service.web import event_loop
from service.web.event_loop import Loop

SECONDS = 5  # far more than it takes
THREADS, CALLS = 4, 1_500


@pytest.fixture
def loop():
    made = Loop()
    yield made
    made.close()


def bytes_sent(loop):
    return mock.patch.object(loop, "_csock", mock.Mock(wraps=loop._csock))


def test_each_call_is_made_while_its_thread_waits_for_it(loop):
    late = []

    def call():
        for _ in range(CALLS):
            made = threading.Event()
            loop.call_soon_threadsafe(made.set)
            if not made.wait(SECONDS):
                late.append(1)
                return

    threads = [threading.Thread(target=call, daemon=True) for _ in range(THREADS)]

    def wait():
        for thread in threads:
            thread.join()
        ended.set_result(None)

    ended = Future()
    for each in (*threads, threading.Thread(target=wait, daemon=True)):
        each.start()
    # Nothing else wakes the loop: a call without its byte is late.
    future = asyncio.wrap_future(ended, loop=loop)
    loop.run_until_complete(asyncio.wait_for(future, 3 * SECONDS))
    assert not late


def test_one_byte_is_sent_for_all_calls_that_wait(loop):
    made = []
    with bytes_sent(loop) as socket:
        for number in range(50):
            loop.call_soon_threadsafe(made.append, number)
        loop.call_soon_threadsafe(loop.stop)
        loop.run_forever()
    assert made == list(range(50))
    assert socket.send.call_count == 1


def test_a_call_behind_the_read_byte_sends_another(loop):
    with bytes_sent(loop) as socket:
        for _ in range(3):
            loop.call_soon_threadsafe(loop.call_soon, loop.stop)
            loop.run_forever()
    assert socket.send.call_count == 3


def test_a_signal_is_handled_while_the_loop_sleeps(loop):
    loop.add_signal_handler(signal.SIGUSR2, loop.stop)
    timer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGUSR2))
    timer.start()
    given_up = loop.call_later(SECONDS, pytest.fail, "the signal was not handled")
    loop.run_forever()
    given_up.cancel()
    timer.join()


def test_granian_builds_such_a_loop():
    before = dict(loops._data)
    try:
        event_loop.register()
        made = loops.get("asyncio")
        assert isinstance(made, Loop)
        assert asyncio.get_event_loop_policy().get_event_loop() is made
        made.close()
    finally:
        loops._data = before
        asyncio.set_event_loop(None)
