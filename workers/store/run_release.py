"""A run that was held, and goes on."""

from __future__ import annotations

from typing import Any

from workers.store import problem_keys as keys
from workers.store.connection import guarded
from workers.store.runs import Runs


def release(runs: Runs, id: str, by: str) -> bool:
    """
    Let a held run go on: a worker carries out its work. False: it is not held.

    *by*: Who approved it.

    Raises StoreUnavailable if the store does not answer.
    """
    client, ms = runs.steps.client, round(runs.now().timestamp() * 1000)
    with guarded():
        if client.hget(keys.run(id), "state") != "held":
            return False
        released: dict[Any, Any] = {"state": "running", "reason": "", "approved_by": by}
        with client.pipeline(transaction=True) as pipeline:
            pipeline.hset(keys.run(id), mapping=released)
            pipeline.zadd(keys.QUEUED, {id: ms})
            pipeline.execute()
    return True
