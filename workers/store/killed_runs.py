"""Runs whose own process was killed: without its lease, such a run is over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

import redis

from workers.store import problem_keys as keys
from workers.store.connection import guarded
from workers.store.lease import SECONDS

if TYPE_CHECKING:
    from workers.model.runs import Run

KILLED: Final = "its process was killed"


def marked(client: redis.Redis, runs: Sequence[Run], now: Callable[[], datetime]) -> Sequence[Run]:
    """Return *runs*; those that run although no process holds their lease as stopped."""
    own = [run for run in runs if run.own and run.state == "running"]
    if not own:
        return runs
    with guarded(), client.pipeline(transaction=False) as pipeline:
        for run in own:
            pipeline.exists(keys.running(run.id))
        held = pipeline.execute()
    moment = now()
    killed = {
        run.id
        for run, lives in zip(own, held, strict=True)
        # One that has just begun may not have taken its lease yet.
        if not lives and (moment - run.started).total_seconds() > SECONDS
    }
    return [
        replace(run, state="stopped", reason=KILLED) if run.id in killed else run for run in runs
    ]


def close(client: redis.Redis, runs: Sequence[Run]) -> None:
    """Record the state of those that are `marked`, so that they are not kept for ever."""
    for run in runs:
        if run.own and run.reason == KILLED and run.ended is None:
            with guarded(), client.pipeline(transaction=True) as pipeline:
                pipeline.hset(keys.run(run.id), mapping={"state": run.state, "reason": KILLED})
                pipeline.srem(keys.OPEN, run.id)
                pipeline.execute()
