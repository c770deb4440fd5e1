"""
Samples of the counters, from which charts and rates are made (``sample.lua``).

The process that sweeps takes one each minute, and keeps the first of each quarter of an hour for
longer. A delivery costs nothing more: its counters stand anyway.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from workers.config.settings import Settings
from workers.model.samples import MINUTES, QUARTERS, Grain, Sample
from workers.store import clock, keys
from workers.store.connection import guarded
from workers.store.refusals import REASONS
from workers.store.scripts import Steps

_GRAINS: Final = (MINUTES, QUARTERS)  # the shortest first


@dataclass(frozen=True, slots=True)
class Samples:
    """
    The samples that are held, by the number of their slot.

    Args:
        now: ms since 1970, on the store's clock.
        secrets: (source, mark of a secret) → ms at which its use was noted last, within a minute.
    """

    now: float
    minutes: Mapping[int, Sample]
    quarters: Mapping[int, Sample]
    secrets: Mapping[tuple[str, str], float]


class MinuteSamples:
    """
    Every method raises StoreUnavailable if the store does not answer.

    Args:
        monotonic: Seconds.
    """

    def __init__(
        self, steps: Steps, settings: Settings, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._steps = steps
        self._monotonic = monotonic
        self._next = float("-inf")
        self._request = _request(settings)

    def look(self) -> None:
        """Take a sample if none was taken in this minute."""
        if self._monotonic() < self._next:
            return
        answer = self._steps.run("sample", self._request)
        self._next = self._monotonic() + float(answer["ms"]) / 1000

    def read(self) -> Samples:
        client = self._steps.client
        with guarded(), client.pipeline(transaction=True) as pipeline:
            pipeline.time()
            pipeline.get(keys.CLOCK)
            for grain in _GRAINS:
                pipeline.hgetall(keys.samples(grain.name))
            pipeline.hgetall(keys.SECRETS_USED)
            (seconds, micros), back, minutes, quarters, used = pipeline.execute()
        now = int(seconds) * 1000 + int(micros) / 1000 + clock.behind_ms(back)
        now += self._steps.clock_offset_ms
        parsed = [
            _parsed(held, grain, now)
            for held, grain in zip((minutes, quarters), _GRAINS, strict=True)
        ]
        return Samples(now, parsed[0], parsed[1], _secrets(used))


def _request(settings: Settings) -> dict[str, Any]:
    return {
        "grains": [{"name": each.name, "ms": each.ms, "slots": each.slots} for each in _GRAINS],
        "sources": [
            {"name": name, "secrets": each.marks} for name, each in settings.sources.items()
        ],
        "refused": [f"refused:{reason}" for reason in REASONS],
        "destinations": [
            {"name": name, "collections": [each.name for each in settings.collections_of(name)]}
            for name in settings.destinations
        ],
    }


def _parsed(held: Mapping[str, str], grain: Grain, now: float) -> dict[int, Sample]:
    """Return those of *held* that are neither too old nor ahead: nobody may have sampled since."""
    last = int(now // grain.ms)
    slots = {int(name): text for name, text in held.items()}
    chosen = (slot for slot in slots if last - grain.slots < slot <= last)
    return {slot: Sample.parse(slots[slot]) for slot in sorted(chosen)}


def _secrets(used: Mapping[str, str]) -> dict[tuple[str, str], float]:
    found: dict[tuple[str, str], float] = {}
    for name, text in used.items():
        source, _, mark = name.rpartition(":")
        if at := float(text.partition(" ")[2]):
            found[source, mark] = at
    return found
