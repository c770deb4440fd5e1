"""
The last run of each collection, as the store keeps it.

`keys.reconciled` is a hash: when the last run ``began`` and ``ended`` (s since 1970), its exit
``code``, ``state``, ``counts`` and last message (``said``), how many ``records`` and ``items`` it
compared, its id (``run``), whether it was ``scheduled``, and when a run last proved that all is in
step (``proven``); and of the schedule, when it was first ``seen``, its last ``turn`` and the
``tries``; when an operator ``asked`` for a run at once; and when one has last left nothing
(``complete``).

Raises (every function):
    StoreUnavailable: The store did not answer.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import redis

from service.reconcile.due_times import LastRun, Times, again_at, due_at
from service.reconcile.lock import RunLock, holder
from workers.config.settings import Collection
from workers.store import keys
from workers.store.connection import guarded

LONGEST = 2000  # characters of a run's message
RUNNING, KILLED = "running", "killed"  # states of a run that has not ended
NEVER = "never"  # there was no run


_OF_ITS_END = ("ended", "code", "said", "counts", "state", "records", "items")


def last_runs(client: redis.Redis, collections: Iterable[Collection]) -> dict[str, dict[str, Any]]:
    """Return the last run of each of *collections* that had one."""
    found = runs_of(client, collections)
    return {name: run for name, run in found.items() if run["state"] != NEVER}


def runs_of(client: redis.Redis, collections: Iterable[Collection]) -> dict[str, dict[str, Any]]:
    """Return the last run of each of *collections*, and when the next is due."""
    wanted = list(collections)
    # At once: /readyz and /metrics ask for all of them, each time.
    with guarded(), client.pipeline(transaction=False) as pipeline:
        for collection in wanted:
            pipeline.hgetall(keys.reconciled(collection.name))
        held = pipeline.execute()
    return {
        collection.name: _shown(client, collection.name, collection.reconcile, each)
        for collection, each in zip(wanted, held, strict=True)
    }


def run_of(client: redis.Redis, name: str, times: Times) -> dict[str, Any]:
    """Return the last run of what is kept as *name*, and when the next is due by *times*."""
    return _shown(client, name, times, _read(client, name))


def last_of(client: redis.Redis, name: str) -> LastRun:
    """Return the facts that the schedule needs."""
    return _last(_read(client, name))


def note_seen(client: redis.Redis, name: str) -> None:
    """Keep the time of the first schedule: runs due before it are not made up for."""
    with guarded():
        client.hsetnx(keys.reconciled(name), "seen", str(time.time()))


def note_turn(client: redis.Redis, name: str, tries: int) -> None:
    """Record that the schedule starts a run."""
    with guarded():
        client.hset(keys.reconciled(name), mapping={"turn": str(time.time()), "tries": tries})


def note_asked(client: redis.Redis, name: str) -> None:
    """Record that an operator asks for a run at once."""
    with guarded():
        client.hset(keys.reconciled(name), "asked", str(time.time()))


def note_begin(
    client: redis.Redis, name: str, *, scheduled: bool = False, run: str | None = None
) -> None:
    """Record the begin of a run; *run*: its id."""
    with guarded(), client.pipeline(transaction=True) as pipeline:
        began: dict[Any, Any] = {"began": time.time(), "scheduled": int(scheduled)}
        pipeline.hset(keys.reconciled(name), mapping=began | {"run": run or ""})
        pipeline.hdel(keys.reconciled(name), *_OF_ITS_END)
        pipeline.execute()


def note_end(
    client: redis.Redis,
    name: str,
    code: int,
    message: str,
    counts: Any = None,
    *,
    state: str = "failed",
    proven: bool = False,
    compared: tuple[int, int] | None = None,
    lock: RunLock | None = None,
    counter: str = "",
) -> None:
    """
    Record the end of a run.

    Args:
        compared: Records of the source and items of the CMS; None: it did not come so far.
        state: "done", "held" by the guard, or "failed".
        proven: Everything compared is in step.
        lock: Of the run: if it is lost, nothing is recorded; None: the run is over.
        counter: Of `keys.METRICS`, that counts the run with the others; "": none does.
    """
    ended: dict[Any, Any] = {
        "ended": time.time(),
        "code": code,
        "said": message[-LONGEST:],
        "counts": json.dumps(counts or {}),
        "state": state,
        **({"proven": time.time()} if proven else {}),
        **({} if code else {"complete": time.time()}),
        **({"records": compared[0], "items": compared[1]} if compared else {}),
    }

    def write(commands: Any) -> None:
        commands.hset(keys.reconciled(name), mapping=ended)
        if counter:
            commands.hincrby(keys.METRICS, counter, 1)

    if lock is not None:
        lock.write(write)
        return
    with guarded():
        write(client)


def note_dropped(client: redis.Redis, name: str) -> None:
    """Record that a person gave up what the last run was held for."""
    with guarded():
        if client.hget(keys.reconciled(name), "state") == "held":
            client.hset(keys.reconciled(name), "state", "dropped")


def with_runs(
    status: Mapping[str, Any], collections: Iterable[Collection], client: redis.Redis
) -> dict[str, Any]:
    return {**status, "reconciles": last_runs(client, collections)}


def _read(client: redis.Redis, name: str) -> Mapping[str, str]:
    with guarded():
        return {
            str(key): str(value) for key, value in client.hgetall(keys.reconciled(name)).items()
        }


def _last(held: Mapping[str, str]) -> LastRun:
    return LastRun(
        _moment(held, "seen"),
        _moment(held, "turn"),
        int(held.get("tries", 0)),
        _moment(held, "began"),
        _moment(held, "ended"),
        held.get("scheduled") == "1",
        held.get("state", ""),
        _moment(held, "asked"),
    )


def _shown(client: redis.Redis, name: str, times: Times, held: Mapping[str, str]) -> dict[str, Any]:
    last = _last(held)
    due = due_at(times, last, datetime.now(UTC))
    state, message = last.state, held.get("said", "")
    if last.began is None and last.turn is None:
        state = NEVER
    elif last.ended is None:
        owner = holder(client, name)
        state = RUNNING if owner else KILLED
        due = None if owner else due
        again = "it starts again by itself" if again_at(last) else "run it again"
        message = f"by {owner}" if owner else f"its process was killed; {again}"
    return {
        "began": _iso(last.began or last.turn),
        "ended": _iso(last.ended),
        "code": _number(held, "code"),
        "said": message,
        "state": state,
        "counts": json.loads(held.get("counts") or "{}"),
        "records": _number(held, "records"),
        "items": _number(held, "items"),
        "run": held.get("run") or None,
        "proven": _iso(_moment(held, "proven")),
        "complete": _iso(_moment(held, "complete")),
        "tries": last.tries,
        "next": _iso(due),
    }


def _number(held: Mapping[str, str], name: str) -> int | None:
    return int(held[name]) if name in held else None


def _moment(held: Mapping[str, str], name: str) -> datetime | None:
    return datetime.fromtimestamp(float(held[name]), UTC) if held.get(name) else None


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
