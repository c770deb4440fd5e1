"""What histories call of the store, to be called again; and what the store holds then."""

import json

import pytest
import redis

from tests.attack import histories
from tests.attack.installation import INSTALLATIONS
from tests.attack.mortal import ClockedSteps

PLAYED = (("steered-v1", 2), ("pulled", 7), ("steered-locales", 1), ("published", 2))
ODD = {"odd": True}


def recorded(world, histories_of=PLAYED, events=0):
    """
    What histories have called: (step, arguments), or None: an empty store.

    *events*: how many more come in behind each operation.
    """
    found = []
    call = ClockedSteps._call

    def noted(steps, step, arguments):
        found.append((step, arguments))
        return call(steps, step, arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ClockedSteps, "_call", noted)
        for name, seed in histories_of:
            found.append(None)
            setup, operations = INSTALLATIONS[name], []
            for number, operation in enumerate(histories.made(seed, setup)):
                operations += [operation, *(("events", 1000 * number + n) for n in range(events))]
            histories.played(world, operations, 2, setup)
    return found


def called(run, step, arguments):
    """The answer, or that there is none."""
    try:
        return answer_of(run(step, arguments))
    except redis.ResponseError as error:
        return answer_of(error)


def answer_of(told):
    if isinstance(told, redis.ResponseError):
        return str(told).partition(":")[0]
    return list(map(answer_of, told)) if isinstance(told, list) else json.loads(told)


READERS = {
    b"string": lambda client, key: client.get(key),
    b"hash": lambda client, key: client.hgetall(key),
    b"set": lambda client, key: client.smembers(key),
    b"zset": lambda client, key: client.zrange(key, 0, -1, withscores=True),
    b"list": lambda client, key: client.lrange(key, 0, -1),
    b"stream": lambda client, key: [values for _, values in client.xrange(key)],
}


def contents(client):
    return {
        key: READERS[client.type(key)](client, key)
        for key in sorted(client.scan_iter())
        if not key.startswith(b"instep:call:")  # soon over
    }


def damaged(arguments, chance):
    """The *arguments* with something in the request that no step expects."""
    ms, text, *more = arguments
    request = json.loads(text)
    place = request
    while isinstance(place, dict | list) and place:
        inside = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = chance.choice(inside)
        if not isinstance(place[key], dict | list) or not place[key]:
            place[key] = chance.choice([None, "", ODD])
            break
        place = place[key]
    return [ms, json.dumps(request), *more]
