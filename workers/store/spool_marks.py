"""
Which machines' spools hold deliveries that are not in the store yet.

`keys.SPOOLS` has a JSON field per spool (machine and name). A spool reports itself while it drains,
so one that has never reached the store is missing. Every function raises StoreUnavailable.
"""

from __future__ import annotations

import json

import redis

from workers.store import delivery_keys, keys
from workers.store.connection import guarded
from workers.store.machine import machine

_LAST = "last:"  # of a source (``spool.lua``)
_DAY = 24 * 3600  # s after which a spool that no process has adopted is no longer counted


def put(client: redis.Redis, name: str, deliveries: int, size: int) -> None:
    """Record the contents of this machine's spool *name*; 0 deliveries remove it."""
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
    """Return the number of deliveries in other machines' spools, and their bytes."""
    with guarded():
        now, entries = client.time()[0], [json.loads(each) for each in client.hvals(keys.SPOOLS)]
    fresh = [each for each in entries if each["machine"] != machine() and now - each["at"] < _DAY]
    return sum(each["deliveries"] for each in fresh), sum(each["bytes"] for each in fresh)


def _field(name: str) -> str:
    return f"{machine()} {name}"


def drained(client: redis.Redis, file: str) -> dict[str, int]:
    """Return source → number of the last delivery of the spool *file* that the store has."""
    with guarded():
        held = {
            str(name): number for name, number in client.hgetall(delivery_keys.spool(file)).items()
        }
    return {
        name.removeprefix(_LAST): int(number)
        for name, number in held.items()
        if name.startswith(_LAST)
    }
