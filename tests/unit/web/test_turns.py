"""Deliveries that wait for the store leave their thread to the next ones."""

import asyncio
import threading

import pytest

from service.web.threads import Turns
from tests.support.asgi import PATIENCE
from tests.support.store_clients import eventually
from workers import fibers


class Waiting:
    """An application whose answers wait until they are let go; it notes who has begun them."""

    def __init__(self):
        self.threads, self.pauses = [], {}

    def __call__(self, environ, start):
        self.threads.append(threading.current_thread().name)
        if "hangs" in environ:
            environ["hangs"].wait(PATIENCE)
        if name := environ.get("waits"):
            self.pauses[name] = fibers.Pause(fibers.host())
            self.pauses[name].wait()
        start("200 OK", [])
        return [b""]

    def let_go(self, *names):
        eventually(lambda: self.pauses.keys() >= set(names))
        for name in names:
            self.pauses[name].end()


@pytest.fixture
def application():
    return Waiting()


def asked(play, turns, *environs):
    """Ask for *environs* and return what *play* returns, once all are answered."""

    async def ask():
        loop = asyncio.get_running_loop()
        answers = [turns.ask(each, loop) for each in environs]
        async with asyncio.timeout(PATIENCE):
            found = await play(answers)
            return found, [answer.status for answer in await asyncio.gather(*answers)]

    return asyncio.run(ask())


def test_who_waits_leaves_the_thread_to_the_next_one(application):
    turns = Turns(application, "turns", stuck=PATIENCE)

    async def play(answers):
        await answers[2]
        waiting = [each.done() for each in answers[:2]]
        application.let_go("b", "a")
        return waiting

    found, statuses = asked(play, turns, {"waits": "a"}, {"waits": "b"}, {})
    assert (found, statuses) == ([False, False], [200] * 3)
    assert application.threads == ["turns-0"] * 3


def test_no_more_are_under_way_than_may(application):
    turns = Turns(application, "few", together=2, stuck=PATIENCE)

    async def play(_):
        eventually(lambda: len(application.pauses) == 2)
        begun = len(application.threads)
        application.let_go("a", "b")
        await asyncio.to_thread(application.let_go, "c")
        return begun

    environs = [{"waits": name} for name in "abc"]
    assert asked(play, turns, *environs, {}) == (2, [200] * 4)


def test_where_the_thread_itself_hangs_an_extra_one_answers(application):
    turns, released = Turns(application, "hung", stuck=0.0), threading.Event()

    async def play(answers):
        eventually(lambda: application.threads)
        assert await turns.ask({}, asyncio.get_running_loop())
        hangs = not answers[0].done(), turns.is_stuck(0.0), turns.is_stuck(PATIENCE)
        released.set()
        return hangs

    assert asked(play, turns, {"hangs": released}) == ((True, True, False), [200])
    assert application.threads == ["hung-0", "hung-1"]


def test_one_who_would_end_the_thread_ends_no_other():
    def application(environ, start):
        if "ends" in environ:
            raise SystemExit
        start("200 OK", [])
        return [b""]

    async def play(answers):
        return await answers[1] and None

    assert asked(play, Turns(application, "ended"), {"ends": True}, {}) == (None, [500, 200])
