"""
A call of a step knows nothing of the calls before it, though the functions are made once.

What histories call is played twice: by functions, each behind another call that often breaks off in
its middle; and by a script, which makes all functions anew at each call.
"""

import json
import random

import pytest
import redis

from tests.attack.recorded_calls import called, contents, damaged, recorded
from tests.attack.world import World
from workers.store.step_library import library

NOW = 1_790_000_000_000  # ms: behind all of these
RECORD = {"collection": "products", "record": "P1"}
# Steps that these call seldom, or never.
OTHERS = {
    "count_letters": {"parts": [["g", 0, -1]]},
    "fail_fetch": {"fetcher": "f", "source": "s", "object": "o", "claim": "c", "kind": "failed"},
    "forget": {"act": "record", **RECORD, "places": ["products:live"]},
    "group_letters": {"letters": [], "ungrouped": ["d1"], "most": 9},
    "keep_forms": {"collection": "products", "forms": [["P1", "stock", 1, "t", "a", "b"]]},
    "list_problems": {},
    "loss": {"id": "l", "kind": "restart"},
    "mark_problem": {"group": "g", "state": "seen", "by": "ann"},
    "merge": {"collection": "products", "from": "p1", "to": "P1", "texts": {}},
    "move_writebacks": {"name": "w", "to": None, "collection": "products", "most": 9},
    "note_staged": {"destination": "site", "collection": "products", "found": []},
    "pack": {"records": [["products", "P1"]]},
    "part_search": {"place": "products:live"},
    "read_search": {"reads": [["instep:search:products:live", "", 9]]},
    "release_slot": {"destination": "site", "budget": "b", "limit": 60},
    "release_staged": {"destination": "site", "collection": "products", "records": ["P1"]},
    "replaced": {"collection": "products", "index": "live", "items": [["P1", "i1"]]},
    "resolve_dead_letter": {"id": "d1", "act": "replay", "destinations": {}},
    "rewrite_stream": {"key": "instep:kept:erp", "copy": "instep:copy", "after": ""},
    "sample": {"grains": [{"name": "g", "ms": 60000, "slots": 9}], "sources": []},
    "slice": {},
    "write_counts": {"process": "p", "number": 1, "lasts_ms": 9999, "counts": [], "entries": []},
}
OTHERS["sample"] |= {"refused": ["refused"], "destinations": []}


@pytest.fixture(scope="module")
def world(store_socket):
    world = World(store_socket)
    yield world
    world.close()


def played(client, calls, run, before=lambda _: None):
    """The answers to *calls*, and what the store holds behind them, where they begin anew."""
    found = []
    for number, call in enumerate(calls):
        if call is None:
            found.append(contents(client))
            client.flushdb()
        else:
            before(number)
            found.append((call[0], called(run, *call)))
    return [*found, contents(client)]


@pytest.fixture(scope="module")
def calls(world):
    found = recorded(world)
    (offset, *call), *_ = (call[1] for call in found if call and call[0] == "accept")
    found.append(("accept_several", [offset, "{}", *call, *call]))
    for step, request in OTHERS.items():
        found.append((step, [NOW, json.dumps({"token": step, **request})]))
    return found


def test_a_call_knows_nothing_of_those_before_it(calls, world, store_socket):
    steps = world.steps
    assert {call[0] for call in calls if call} == library().flags.keys()
    chance = random.Random(1)  # noqa: S311
    others = [call for call in calls if call]
    with (
        redis.Redis(unix_socket_path=store_socket, db=1) as client,
        redis.Redis(unix_socket_path=store_socket, db=2) as aside,
    ):
        steps._load()
        script = client.register_script(steps.library.script)
        broken = []

        def disturb(_):
            step, arguments = chance.choice(others)
            if chance.random() < 0.7:
                arguments = damaged(arguments, chance)
            answer = called(
                lambda step, given: aside.fcall(steps.library.function_of(step), 0, *given),
                step,
                arguments,
            )
            broken.append(isinstance(answer, str))

        def by_function(step, arguments):
            return client.fcall(steps.library.function_of(step), 0, *arguments)

        apart = played(client, calls, lambda step, given: script(keys=[], args=[step, *given]))
        client.flushdb()
        found = played(client, calls, by_function, disturb)
        for number, (one, other) in enumerate(zip(found, apart, strict=True)):
            assert one == other, (number, calls[number] if number < len(calls) else "")
        assert sum(broken) > len(broken) / 5
        client.flushdb()
        aside.flushdb()
