"""Proposals that nobody has approved in time: such a run has ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import redis
from redis.client import Pipeline

from workers.model.runs import PROPOSED_FOR
from workers.store import problem_keys as keys
from workers.store.connection import guarded

if TYPE_CHECKING:
    from workers.model.runs import Run

LAPSED: Final = f"not approved within {PROPOSED_FOR.days} days"


def marked(runs: Sequence[Run], now: Callable[[], datetime]) -> Sequence[Run]:
    """Return *runs*; the proposals among them whose time is over as stopped."""
    if not any(_waits(run) for run in runs):
        return runs
    moment = now()
    return [
        replace(run, state="stopped", ended=run.proposed_until, reason=LAPSED)
        if _waits(run) and run.proposed_until <= moment
        else run
        for run in runs
    ]


def close(client: redis.Redis, runs: Sequence[Run]) -> None:
    """Record the end of those that are `marked`, and delete their work."""
    for run in runs:
        if run.proposed and run.reason == LAPSED:
            with guarded():
                client.transaction(_end_of(run), keys.run(run.id))


def _end_of(run: Run) -> Callable[[Pipeline], None]:
    def end(pipeline: Pipeline) -> None:
        state: object = pipeline.hget(keys.run(run.id), "state")
        pipeline.multi()
        if state not in ("held", b"held"):
            return  # decided on meanwhile
        ended = round(run.proposed_until.timestamp() * 1000)
        held: dict[Any, Any] = {"state": run.state, "reason": LAPSED, "ended": ended}
        pipeline.hset(keys.run(run.id), mapping=held)
        pipeline.delete(keys.run_work(run.id))
        pipeline.srem(keys.OPEN, run.id)

    return end


def _waits(run: Run) -> bool:
    return run.state == "held" and bool(run.proposed)
