"""The state of write-backs, and their pause by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

from workers.config.settings import Settings
from workers.store import clock, keys, writeback_keys
from workers.store.circuit_breaker import OPERATOR
from workers.store.connection import guarded
from workers.store.scripts import Steps

_PAUSE: Final = ("paused", "by", "who", "since", "till", "mark")
_OUTAGE: Final = ("failures", "until", "failing", "reason")


class WriteBackStates:
    """Every method raises StoreUnavailable if the store does not answer."""

    def __init__(self, steps: Steps, settings: Settings) -> None:
        self._steps = steps
        self._client: Any = steps.client  # typed as if it might not decode
        self._settings = settings

    def read(self) -> dict[str, dict[str, Any]]:
        """
        Return ``{NAME: {collection, state, reason, since, by, who, until, waiting, oldest_seconds,
        told, dead}}``; a state is flowing, outage or paused.
        """
        names = list(self._settings.writebacks)
        if not names:
            return {}
        with guarded(), self._client.pipeline(transaction=True) as pipeline:
            pipeline.time()
            pipeline.get(keys.CLOCK)
            for name in names:
                pipeline.hgetall(writeback_keys.writeback(name))
                pipeline.zcard(writeback_keys.due(name))
                pipeline.zrange(writeback_keys.due(name), 0, 0)
            found = iter(pipeline.execute())
        seconds, micros = next(found)
        now = (int(seconds) + int(micros) / 1e6) * 1000 + self._steps.clock_offset_ms
        now += clock.behind_ms(next(found))
        told = {name: tuple(islice(found, 3)) for name in names}
        return {
            name: {
                "collection": self._settings.writebacks[name].collection,
                **_state(held, now),
                "waiting": waiting,
                "oldest_seconds": self._age(name, first, now),
                "told": int(held.get("told", 0)),
                "dead": int(held.get("dead", 0)),
            }
            for name, (held, waiting, first) in told.items()
        }

    def is_due(self, name: str, seconds: float) -> bool:
        """Return whether something is to be told by *name* within *seconds*."""
        with guarded():
            micros = self._client.time()
            now = (int(micros[0]) + int(micros[1]) / 1e6) * 1000 + self._steps.clock_offset_ms
            key, till = writeback_keys.due(name), now + 1000 * seconds
            return bool(self._client.zcount(key, "-inf", till))

    def pause(self, name: str, reason: str, *, who: str, seconds: float | None = None) -> None:
        """Tell nothing more by *name*; what is to be told waits."""
        with guarded():
            micros = self._client.time()
            now = (int(micros[0]) + int(micros[1]) / 1e6) * 1000 + self._steps.clock_offset_ms
            pause = {"paused": reason, "by": OPERATOR, "who": who, "since": round(now)}
            if seconds is not None:
                pause["till"] = round(now + 1000 * seconds)
            with self._client.pipeline(transaction=True) as pipeline:
                pipeline.hdel(writeback_keys.writeback(name), *_PAUSE)
                pipeline.hset(writeback_keys.writeback(name), mapping=pause)
                pipeline.execute()

    def resume(self, name: str) -> None:
        with guarded():
            self._client.hdel(writeback_keys.writeback(name), *_PAUSE, *_OUTAGE)

    def _age(self, name: str, first: Sequence[str], now: float) -> float:
        """Return for how many seconds the *first* record that is due has waited."""
        if not first:
            return 0.0
        with guarded():
            text = self._client.hget(writeback_keys.records(name), first[0])
        at = json.loads(text)["at"] if text else now
        return round(max(0.0, now - at) / 1000, 3)


def _state(held: Mapping[str, str], now: float) -> dict[str, Any]:
    found: dict[str, Any] = {"state": "flowing", "reason": "", "since": None, "by": None}
    found |= {"who": None, "until": None}
    till = held.get("till")
    if "paused" in held and not (till and float(till) <= now):
        by = OPERATOR if held.get("by") == OPERATOR else "instep"
        found |= {"state": "paused", "reason": held["paused"], "by": by}
        found |= {"since": _moment(held["since"]), "who": held.get("who") or None}
        found |= {"until": _moment(till) if till else None}
    elif int(held.get("failures", 0)):
        since = _moment(held["failing"]) if "failing" in held else None
        found |= {"state": "outage", "reason": held.get("reason", ""), "since": since}
    return found


def _moment(ms: str) -> str:
    return datetime.fromtimestamp(float(ms) / 1000, UTC).isoformat(timespec="seconds")
