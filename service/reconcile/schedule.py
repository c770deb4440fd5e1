"""
When a reconcile is due, and the thread that starts it: one at a time over all machines.

Owns ``instep:reconciled:<collection>``, a hash: when the last run began and ended (s since 1970),
its exit code and what it said last; and ``instep:reconciler``, the lock of the one that starts
them. A run is a process of its own, the command itself, which is never asked anything.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import redis

from workers import tether
from workers.errors import StoreUnavailable
from workers.settings import Collection, Reconcile, Settings
from workers.store import connection
from workers.store.complaint import Complaint
from workers.store.connection import guarded

_LOOK = 1.0  # s between two looks at what is due
_LOCK_MS = 15_000  # of a starter that died
_GRACE = 10.0  # s that a run has to end
_LONGEST = 2000  # characters of what it said

_log = logging.getLogger(__name__)


def due_at(settings: Reconcile, last: datetime | None, now: datetime) -> datetime | None:
    """
    Return when the next run is due; None: never by itself.

    Args:
        last: When the last one began; None: there was none, so by `every` one is due at once.
    """
    if settings.every is not None:
        return now if last is None else last + timedelta(seconds=settings.every)
    if settings.at is None:
        return None
    hour, _, minute = settings.at.partition(":")
    today = now.replace(hour=int(hour), minute=int(minute), second=0, microsecond=0)
    # One that nobody was there to start in its hour is left to the next day.
    due = today if now < today + timedelta(hours=1) else today + timedelta(days=1)
    return due if last is None or last < due else due + timedelta(days=1)


def scheduled(settings: Settings) -> tuple[Collection, ...]:
    """Return the collections that are reconciled by themselves."""
    timed = (each for each in settings.collections.values())
    return tuple(one for one in timed if one.reconcile.every or one.reconcile.at)


def last_runs(client: redis.Redis, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """
    Return what is known of the last run of each of *names*, of those that had one.

    Raises:
        StoreUnavailable: The store did not answer.
    """
    found = {}
    with guarded():
        for name in names:
            held = client.hgetall(f"instep:reconciled:{name}")
            if held:
                found[name] = _run(held)
    return found


def note_end(
    client: redis.Redis,
    name: str,
    code: int,
    said: str,
    counts: Any = None,
    *,
    state: str = "failed",
) -> None:
    """
    Keep how a run ended.

    Args:
        state: "done", "held" by the guard, or "failed".

    Raises:
        StoreUnavailable: The store did not answer.
    """
    with guarded():
        client.hset(
            f"instep:reconciled:{name}",
            mapping={
                "ended": time.time(),
                "code": code,
                "said": said[-_LONGEST:],
                "counts": json.dumps(counts or {}),
                "state": state,
            },
        )


def note_begin(client: redis.Redis, name: str) -> None:
    """
    Keep that a run begins.

    Raises:
        StoreUnavailable: The store did not answer.
    """
    key = f"instep:reconciled:{name}"
    with guarded():
        client.hset(key, "began", time.time())
        client.hdel(key, "ended", "code", "said", "counts", "state")


def _run(held: Mapping[Any, Any]) -> dict[str, Any]:
    ended = held.get("ended")
    return {
        "began": _moment(held.get("began")),
        "ended": _moment(ended),
        "code": int(held["code"]) if "code" in held else None,
        "said": held.get("said", ""),
        "state": held.get("state", ""),
        "counts": json.loads(held.get("counts") or "{}"),
    }


def _moment(text: str | None) -> str | None:
    return datetime.fromtimestamp(float(text), UTC).isoformat() if text else None


class Schedule:
    """Starts what is due; one run at a time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client = connection.connect(settings.store)
        self._mine = uuid.uuid4().hex

    def run(self, stop: threading.Event) -> None:
        """Look for what is due until *stop*; a duty of the supervisor."""
        away = Complaint(_log, "schedule without the store")
        while not stop.wait(_LOOK):
            try:
                if self._lead() and (collection := self._due()):
                    self._carry_out(collection, stop)
                away.over()
            except StoreUnavailable as error:
                away.tell(str(error))
        with contextlib.suppress(StoreUnavailable), guarded():
            if self._client.get("instep:reconciler") == self._mine:
                self._client.delete("instep:reconciler")

    def _lead(self) -> bool:
        with guarded():
            key = "instep:reconciler"
            if self._client.set(key, self._mine, nx=True, px=_LOCK_MS):
                return True
            if self._client.get(key) != self._mine:
                return False
            return bool(self._client.pexpire(key, _LOCK_MS))

    def _due(self) -> Collection | None:
        now = datetime.now(UTC)
        runs = last_runs(self._client, self._settings.collections)
        for collection in scheduled(self._settings):
            began = runs.get(collection.name, {}).get("began")
            last = datetime.fromisoformat(began) if began else None
            due = due_at(collection.reconcile, last, now)
            if due is not None and due <= now:
                return collection
        return None

    def _carry_out(self, collection: Collection, stop: threading.Event) -> None:
        note_begin(self._client, collection.name)
        begun = time.monotonic()
        words = ("reconcile", collection.name, "--scheduled", "--limit", "0")
        process = subprocess.Popen(  # noqa: S603  # our own argv
            tether.module("service", *words),
            env=dict(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        said = self._watched(process, stop)
        code = process.returncode
        level = logging.INFO if code == 0 else logging.WARNING
        extra = {"collection": collection.name, "code": code, "said": said[-_LONGEST:]}
        _log.log(level, "reconciled", extra=extra | {"seconds": round(time.monotonic() - begun, 1)})
        if code != 0 and not last_runs(self._client, [collection.name])[collection.name]["ended"]:
            note_end(self._client, collection.name, code, said)

    def _watched(self, process: subprocess.Popen[str], stop: threading.Event) -> str:
        """Wait for its end, holding the lock; return what it said."""
        while True:
            try:
                return process.communicate(timeout=_LOOK)[0]
            except subprocess.TimeoutExpired:
                pass
            with contextlib.suppress(StoreUnavailable):
                self._lead()
            if stop.is_set():
                process.send_signal(signal.SIGTERM)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    return process.communicate(timeout=_GRACE)[0]
                process.kill()
