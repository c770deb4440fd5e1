"""
Refused requests as they are listed: why, and what was checked; nothing of a body or a proof.

Anybody can send requests that are refused. So those of one cause share an entry, entries are
written at a bounded rate, and a source keeps the newest of them only.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from workers.store import delivery_keys

MOST: Final = 500  # entries of a source
LASTS_MS: Final = 7 * 86_400_000
BURST: Final = 20  # entries of a source that a process writes at once, then one in
EVERY: Final = 30.0  # s
CAUSES: Final = 64  # of all sources that wait to be written; the requests of others are counted
LONG: Final = 200  # characters of a message
UNLISTED: Final = "refused-unlisted"  # field of a source's hash: requests that are in no entry


@dataclass(frozen=True, slots=True)
class Refused:
    """
    Why a request was refused.

    Args:
        reason: One of ``workers.store.refusals.REASONS``.
        status: As answered.
        message: In words; "": those of the reason.
    """

    reason: str
    status: int
    message: str = ""


@dataclass(slots=True)
class Cause:
    """
    The refused requests of one cause that share an entry.

    Args:
        at_us: When the first came.
        checked: What was looked at.
    """

    source: str
    refused: Refused
    at_us: int
    checked: Mapping[str, Any]
    times: int = 1


class RefusalList:
    """
    The entries of one process that are not written yet. Not safe to share between threads.

    Args:
        monotonic: Seconds; the rate is measured by it.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._causes: dict[tuple[str, Refused], Cause] = {}
        self._room: dict[str, tuple[float, float]] = {}  # source → entries it may write, and when
        self._unlisted: Counter[str] = Counter()

    @property
    def waits(self) -> bool:
        """Whether there is something to write."""
        return bool(self._causes or self._unlisted)

    def is_new(self, source: str, refused: Refused) -> bool:
        """Tell whether *refused* would make an entry: only then is what was checked of interest."""
        return (source, refused) not in self._causes and len(self._causes) < CAUSES

    def add(self, source: str, refused: Refused, checked: Mapping[str, Any]) -> None:
        cause = self._causes.get((source, refused))
        if cause is not None:
            cause.times += 1
        elif len(self._causes) < CAUSES:
            now_us = time.time_ns() // 1000
            self._causes[source, refused] = Cause(source, refused, now_us, checked)
        else:
            self._unlisted[source] += 1

    def take(self) -> tuple[list[Cause], Counter[str]]:
        """Return what may be written now, and how many requests by source are in no entry."""
        found = [each for key, each in self._causes.items() if self._may_write(key[0])]
        for each in found:
            del self._causes[each.source, each.refused]
        unlisted, self._unlisted = self._unlisted, Counter()
        return found, unlisted

    def _may_write(self, source: str) -> bool:
        now = self._monotonic()
        room, since = self._room.get(source, (float(BURST), now))
        room = min(float(BURST), room + (now - since) / EVERY)
        self._room[source] = (room - 1 if room >= 1 else room, now)
        return room >= 1


def entry(cause: Cause) -> tuple[Any, ...]:
    """Return the entry that lists *cause*, as `Counts` wants it."""
    key = delivery_keys.refused(cause.source)
    return key, MOST, LASTS_MS, "t", cause.at_us, "d", _text(cause)


def _text(cause: Cause) -> str:
    values = {
        "reason": cause.refused.reason,
        "status": cause.refused.status,
        "message": cause.refused.message[:LONG],
        "times": cause.times,
        "checked": cause.checked,
    }
    return json.dumps({name: value for name, value in values.items() if value}, ensure_ascii=False)
