"""
Deliveries that share a round trip do to the store what they do one by one, and are answered alike.

What histories call is played twice: deliveries that follow each other by one call, and by one each.
"""

import json
import random
from itertools import groupby

import pytest
import redis

from tests.attack.mortal import timed
from tests.attack.recorded_calls import ODD, answer_of, called, contents, damaged, recorded
from tests.attack.world import World
from workers.store.round_trips import MOST
from workers.store.step_library import Library

ROOM = {"bytes": 20_000, "ms": 86_400_000}  # for lives: too little for all of them
TURN = 40  # calls of which the deliveries come first


@pytest.fixture(scope="module")
def world(store_socket):
    world = World(store_socket)
    yield world
    world.close()


@pytest.fixture(scope="module")
def calls(world):
    """What histories call, in an order in which more deliveries follow each other."""
    found, history, place = [], 0, 0
    for call in recorded(world, events=6):
        history, place = (history + 1, 0) if call is None else (history, place + 1)
        found.append(((history, -(-place // TURN), not is_delivery(call)), call))
    return [call for _, call in sorted(found, key=lambda each: each[0])]


@pytest.fixture(scope="module")
def library():
    """Steps whose clock is their first argument, in µs."""
    text, flags = timed().text, timed().flags
    in_ms = "tonumber(offset_ms) * 1000"
    assert text.count(in_ms) == 1
    return Library(text.replace(in_ms, "tonumber(offset_ms)"), flags)


@pytest.fixture
def client(store_socket, library):
    with redis.Redis(unix_socket_path=store_socket, db=1) as client:
        client.function_load(library.functions, replace=True)
        client.flushdb()
        yield client
        client.flushdb()


def is_delivery(call):
    return call is not None and call[0] == "accept" and len(call[1]) == 5


def grouped(calls, chance, harm):
    """
    Yield *calls*, some deliveries that follow each other together; each begins a µs after the one
    before.

    *harm*: how many of 1 have something in them that no step expects.
    """
    numbers = {}  # in the spool: by file and source
    for deliveries, some in groupby(calls, is_delivery):
        left = list(some)
        while left:
            size = chance.randint(1, MOST - 1) if deliveries else 1
            group, left = left[:size], left[size:]
            if deliveries:
                group = [changed(call, chance, harm, numbers) for call in group]
                # One comes again, to the same round trip.
                group += chance.choices(group) if chance.random() < 0.3 else []
            yield group if group == [None] else begun(group)


def begun(group):
    first = int(group[0][1][0]) * 1000
    return [(step, [first + n, *parts]) for n, (step, (_, *parts)) in enumerate(group)]


def changed(call, chance, harm, numbers):
    """A delivery as processes send it, which say more than those of a history."""
    ms, text, *more = call[1]
    request = json.loads(text)
    if request["mode"] == "live" and "sliced" not in request:
        file = f"f{chance.randrange(2)}"
        request["slot"] = {"file": file, "name": str(chance.randrange(4))}
        if chance.random() < 0.2:
            last = file, request["source"]
            number = numbers[last] = numbers.get(last, 0) + 1
            came = ms * 1000 - 5_000_000
            place = {"file": file, "number": number, "after": number - 1, "came_us": came}
            request["spooled"] = place
    request.pop("lives", None)
    if chance.random() < 0.1:
        request["lives"] = ROOM
    arguments = [ms, json.dumps(request), *more]
    if chance.random() < harm:
        ms, text, *more = damaged(arguments, chance)
        # Where the store makes a text of a table, it is another one each time.
        arguments = [ms, text.replace(json.dumps(ODD), "7.5"), *more]
    return call[0], arguments


def one_by_one(call, group):
    return [called(call, step, arguments) for step, arguments in group]


def together(call, group):
    if not is_delivery(group[0]):
        return one_by_one(call, group)
    parts = (part for _, arguments in group for part in arguments[1:])
    return answer_of(call("accept_several", [group[0][1][0], "{}", *parts]))


def apart(call, group):
    """One by one, by the step that takes several."""
    return [answer for one in group for answer in together(call, [one])]


def played(client, library, groups, way):
    """The answers to each of *groups*, and what the store holds at the end of a history."""

    def call(step, arguments):
        return client.fcall(library.function_of(step), 0, *arguments)

    found = []
    for group in [*groups, [None]]:
        found.append(contents(client) if group == [None] else way(call, group))
        if group == [None]:
            client.flushdb()
    return found


@pytest.mark.parametrize(
    ("harm", "alone"), [(0.0, one_by_one), (0.2, apart)], ids=["as they are", "some break off"]
)
def test_deliveries_do_together_what_they_do_alone(client, library, calls, harm, alone):
    groups = list(grouped(calls, random.Random(1), harm))  # noqa: S311
    assert max(map(len, groups)) > MOST / 2
    found = zip(
        played(client, library, groups, together),
        played(client, library, groups, alone),
        [*groups, None],
        strict=True,
    )
    broken = 0
    for one, other, group in found:
        assert one == other, group
        broken += sum(isinstance(answer, str) for answer in one)
    assert broken > 10 or not harm
