"""
Which spools, of which machines, hold deliveries that are not in the store yet.

`keys.SPOOLS` has one field for each spool (machine and name), JSON. A spool tells of
itself while the store answers and it drains; one that never could is not told of.
"""

from __future__ import annotations

import json

import redis

from workers.store import keys
from workers.store.connection import guarded
from workers.store.machine import machine

_DAY = 24 * 3600  # s; what nobody has adopted by then is a person's to see to


def put(client: redis.Redis, name: str, deliveries: int, size: int) -> None:
    """
    Tell how much the spool *name* of this machine holds; 0: it is no longer told of.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    with guarded():
        if not deliveries:
            client.hdel(keys.SPOOLS, _field(name))
            return
        entry = {"machine": machine(), "at": client.time()[0], "deliveries": deliveries}
        with client.pipeline(transaction=False) as pipeline:
            pipeline.hset(keys.SPOOLS, _field(name), json.dumps(entry | {"bytes": size}))
            pipeline.expire(keys.SPOOLS, _DAY)
            pipeline.execute()


def of_others(client: redis.Redis) -> tuple[int, int]:
    """
    Return how many deliveries the spools of other machines hold, and bytes.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    with guarded():
        now, entries = client.time()[0], [json.loads(each) for each in client.hvals(keys.SPOOLS)]
    fresh = [each for each in entries if each["machine"] != machine() and now - each["at"] < _DAY]
    return sum(each["deliveries"] for each in fresh), sum(each["bytes"] for each in fresh)


def _field(name: str) -> str:
    return f"{machine()} {name}"
