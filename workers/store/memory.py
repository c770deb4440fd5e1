"""
The store's memory: usage, limit, what fills it, and a warning before it is full.

`keys.MEMORY` is JSON: bytes per family of keys, when they were measured, and since when memory is
short.
"""

from __future__ import annotations

import json
import logging
import time
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

import redis

from workers.errors import StoreUnavailable
from workers.store import keys
from workers.store.connection import FULL, guarded, is_full
from workers.store.families import SERVER, Sampler
from workers.store.undo_keys import UNDO_STATE

HIGH: Final = 0.7  # of the limit: a warning is logged
LEVELS: Final[Mapping[str, float]] = MappingProxyType({"full": FULL, "high": HIGH})
SLACK: Final = 0.05  # of the limit: how far usage must fall below a level to end it
EVERY: Final = 1.0  # s between reads of the usage
PASS_EVERY: Final = 10.0  # s between passes over the keys, at least
SLICES: Final = 10  # of a pass, per look
REMEMBERED: Final = 60  # passes kept, to tell what grows

_log = logging.getLogger(__name__)


def read(client: redis.Redis) -> dict[str, Any]:
    """
    Return ``{used, limit, families, measured, level, since, full, lives, undo}``, in bytes.

    *limit* is None without one; *full*: new deliveries are refused; *lives*, *undo*: the entries
    that the lives of records and the undo log have lost, and when the newest of those happened.
    StoreUnavailable if the store does not answer.
    """
    with guarded():
        used, limit = _used(client.info("memory"))
        told = json.loads(client.get(keys.MEMORY) or "{}")
        lives = client.hmget(keys.LIVES_STATE, "dropped", "till")
        undo = client.hmget(UNDO_STATE, "dropped", "till")
    return {
        "used": used,
        "limit": limit,
        "families": told.get("families", {}),
        "measured": told.get("measured"),
        "level": level_of(used, limit, told.get("level", "")),
        "full": is_full(used, limit),
        "since": told.get("since"),
        "lives": _lost(*lives),
        "undo": _lost(*undo),
    }


def _lost(dropped: Any, till: Any) -> dict[str, Any]:
    return {"dropped": int(dropped or 0), "till": till and _moment(int(till))}


def _moment(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds")


def level_of(used: int, limit: int | None, before: str) -> str:
    """
    Return "full", "high" or ""; *before*, the current level, ends only clearly below its limit.
    """
    share = used / limit if limit else 0.0
    for name, least in LEVELS.items():
        if share >= least or (name == before and share >= least - SLACK):
            return name
    return ""


def growing(before: Mapping[str, int], now: Mapping[str, int]) -> str | None:
    """Return the family that has grown most, or the largest if none has."""
    grown = {name: size - before.get(name, 0) for name, size in now.items() if name != SERVER}
    if not grown:
        return None
    most = max(grown, key=lambda name: grown[name])
    return most if grown[most] > 0 else max(grown, key=lambda name: now[name])


class MemoryMonitor:
    """
    Measures and stores the usage, and warns once per level.

    Every method raises StoreUnavailable if the store does not answer. *clock*: monotonic seconds.
    """

    def __init__(
        self,
        client: redis.Redis,
        *,
        clock: Callable[[], float] = time.monotonic,
        sampler: Sampler | None = None,
    ) -> None:
        self._client = client
        self._clock = clock
        self._sampler = sampler or Sampler(client)
        self._next = self._pass = float("-inf")
        self._going = False
        self._passes: deque[Mapping[str, int]] = deque(maxlen=REMEMBERED)
        self._told: dict[str, Any] | None = None  # as it is stored

    def look(self) -> None:
        """Read the usage and measure some keys; at most once a second."""
        if self._clock() < self._next:
            return
        self._next = self._clock() + EVERY
        with guarded():
            used, limit = _used(self._client.info("memory"))
            if self._told is None:
                self._told = json.loads(self._client.get(keys.MEMORY) or "{}")
        told = {**self._told, **self._measure(used)}
        level = level_of(used, limit, told.get("level", ""))
        if level != told.get("level", ""):
            self._tell(level, told.get("level", ""), used, limit, told.get("families", {}))
            told["level"] = level
            told["since"] = datetime.now(UTC).isoformat() if level else None
        if told != self._told:
            with guarded():
                self._client.set(keys.MEMORY, json.dumps(told))
            self._told = told

    def _measure(self, used: int) -> dict[str, Any]:
        """Continue a pass; return new results."""
        try:
            return self._go_on(used)
        except StoreUnavailable as error:
            if not isinstance(error.__cause__, redis.ResponseError):
                raise
            # Some hosts forbid MEMORY USAGE or SCAN: total usage is still reported.
            _log.warning("families of keys cannot be measured", extra={"reason": str(error)})
            self._going, self._pass = False, float("inf")
            return {}

    def _go_on(self, used: int) -> dict[str, Any]:
        if not self._going and self._clock() < self._pass:
            return {}
        if not self._going:
            self._going, self._pass = True, self._clock() + PASS_EVERY
        for _ in range(SLICES):
            found = self._sampler.slice()
            if found is not None:
                self._going = False
                break
        else:
            if self._passes:
                return {}
            return _measured(self._sampler.so_far(), used)  # the first pass: better than nothing
        self._passes.append(found)
        return _measured(found, used)

    def _tell(
        self, level: str, before: str, used: int, limit: int | None, families: Mapping[str, int]
    ) -> None:
        first = self._passes[0] if self._passes else {}
        values = {"used": used, "limit": limit, "grows": growing(first, families)}
        if level == "full":
            _log.warning("store memory is full: new deliveries are refused", extra=values)
        elif level and not before:
            _log.warning("store memory is short", extra=values)
        elif before == "full":
            _log.info("store memory has room again: deliveries are taken", extra=values)
        if not level:
            _log.info("store memory is no longer short", extra={"used": used, "limit": limit})


def _used(info: Mapping[str, Any]) -> tuple[int, int | None]:
    return int(info["used_memory"]), int(info.get("maxmemory") or 0) or None


def _measured(families: Mapping[str, int], used: int) -> dict[str, Any]:
    rest = {SERVER: max(0, used - sum(families.values()))}
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {"families": {**families, **rest}, "measured": now}
