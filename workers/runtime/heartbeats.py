"""
The running processes, from the heartbeats of their supervisors.

`keys.PROCESSES` has a field per supervisor (machine and pid): time of the last heartbeat (seconds
on the store's clock) and what it runs. A supervisor writes the whole list at once, so that a dead
child disappears as soon as it is missed. Functions raise StoreUnavailable if the store does not
answer.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import redis

from workers.errors import StoreUnavailable
from workers.store import keys
from workers.store.connection import guarded
from workers.store.machine import host_of, machine

ROLES = ("supervisor", "web", "worker", "store")
FRESH = 5.0  # s after which a silent supervisor counts as gone

_LOOK = 0.2  # s between checks of what runs
_BEAT = 1.0  # s between equal heartbeats
_FORGET = 600.0  # s before its field is removed
_TIDY = 60.0  # s between two looks for such fields


@dataclass(frozen=True, slots=True)
class Process:
    role: str  # of ROLES
    pid: int
    ready: bool = True  # False: still starting
    delivers: bool = True  # False: takes no jobs of destinations
    hung: bool = False  # alive but stuck; about to be replaced
    host: str = ""  # name of its machine; empty: this one


def beat(client: redis.Redis, processes: Sequence[Process]) -> None:
    """Write a heartbeat for this process and its *processes*."""
    with guarded():
        now = _seconds(client.time())
        running = [[each.role, each.pid, each.ready, each.delivers] for each in processes]
        # Separate: earlier releases could not parse it inside "processes".
        hung = [each.pid for each in processes if each.hung]
        entry = {"at": now, "machine": machine(), "processes": running, "hung": hung}
        with client.pipeline(transaction=False) as pipeline:
            pipeline.hset(keys.PROCESSES, _field(), json.dumps(entry))
            if any(_takes_jobs(each) for each in processes):
                pipeline.set(keys.WORKERS_SEEN, now)
            pipeline.execute()


def forget(client: redis.Redis) -> None:
    """Remove the supervisors that have been silent for long."""
    with guarded():
        now, entries = _read(client)
        if old := [name for name, found in entries.items() if now - found["at"] > _FORGET]:
            client.hdel(keys.PROCESSES, *old)


def heartbeat(
    client: redis.Redis, running: Callable[[], Sequence[Process]], stop: threading.Event
) -> None:
    """Write heartbeats each second, and at once on a change; remove them at the end."""
    last: Sequence[Process] = ()
    due = forgets = 0.0
    while not stop.wait(_LOOK):
        found = running()
        if found == last and time.monotonic() < due:
            continue
        with contextlib.suppress(StoreUnavailable):
            beat(client, found)
            last, due = found, time.monotonic() + _BEAT
            if due > forgets:
                forget(client)
                forgets = due + _TIDY
    with contextlib.suppress(StoreUnavailable):
        leave(client)


def leave(client: redis.Redis) -> None:
    """Remove the heartbeat of this process, after its children have ended."""
    with guarded():
        client.hdel(keys.PROCESSES, _field())


def listed(client: redis.Redis) -> list[Process]:
    """Return the living processes of all machines, by role and pid."""
    with guarded():
        now, entries = _read(client)
    found = (each for entry in entries.values() for each in _fresh(entry, now))
    return sorted(found, key=lambda each: (ROLES.index(each.role), each.pid))


def alive(client: redis.Redis) -> list[dict[str, Any]]:
    """
    Return ``[{"role", "pid", "host"}]`` of the living processes, supervisors first;
    ``"hung": True`` if stuck.
    """
    return [
        {"role": each.role, "pid": each.pid, "host": each.host}
        | ({"hung": True} if each.hung else {})
        for each in listed(client)
    ]


def workers_alive(client: redis.Redis) -> int:
    """Return the number of workers that can take jobs of destinations."""
    found = listed(client)
    return sum(_takes_jobs(each) for each in found)


def hung(client: redis.Redis) -> tuple[str, ...]:
    """Return the roles of hung processes."""
    return tuple(sorted({each.role for each in listed(client) if each.hung}))


def _takes_jobs(each: Process) -> bool:
    return each.role == "worker" and each.ready and each.delivers and not each.hung


def children(pid: int) -> tuple[int, ...]:
    """Return the living children of *pid*; empty if the system does not tell."""
    found: set[int] = set()
    folder = f"/proc/{pid}/task"
    # Not by Path.glob, which takes three times as long: it is asked several times a second.
    with contextlib.suppress(OSError):
        for task in os.listdir(folder):
            with contextlib.suppress(OSError), open(f"{folder}/{task}/children") as file:
                found.update(map(int, file.read().split()))
    return tuple(sorted(child for child in found if _lives(child)))


def _read(client: redis.Redis) -> tuple[float, dict[str, Any]]:
    with client.pipeline(transaction=False) as pipeline:
        pipeline.time()
        pipeline.hgetall(keys.PROCESSES)
        told, entries = pipeline.execute()
    return _seconds(told), {name: json.loads(text) for name, text in entries.items()}


def _seconds(told: tuple[int, int]) -> float:
    """Return what the store answers to TIME, in s since 1970."""
    seconds, micros = told
    return seconds + micros / 1e6


def _fresh(entry: dict[str, Any], now: float) -> Iterator[Process]:
    told: Sequence[int] = entry.get("hung", ())
    if abs(now - entry["at"]) > FRESH:
        told = _stopped(entry)
        if not told:
            return
    found: Iterable[Process] = (
        replace(Process(*each), hung=each[1] in told, host=host_of(entry["machine"]))
        for each in entry["processes"]
    )
    # A killed supervisor cannot update its list; on its own machine the pids are checked.
    here = entry["machine"] == machine()
    yield from (each for each in found if not here or _lives(each.pid))


def _stopped(entry: dict[str, Any]) -> Sequence[int]:
    """Return the pid of a silent supervisor that is still alive, and so hangs."""
    if entry["machine"] != machine():
        return ()
    pids = {role: pid for role, pid, *_ in entry["processes"]}
    own = pids.pop("supervisor", None)
    if own is None:
        return ()
    # Its pid may have been reused; its children, which die with it, prove that it lives.
    below = children(own)
    below += tuple(pid for child in below for pid in children(child))
    return [own] if set(pids.values()) & set(below) else ()


def _field() -> str:
    return f"{machine()} {os.getpid()}"


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    if sys.platform != "linux":
        return True
    try:
        # "pid (name) state …": a zombie has ended.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
