"""
Histograms of times: a counter for each of a few fixed bounds, and a sum.

Stored in `keys.METRICS` under a name and the bound in ms, ``inf`` for what is above all, and
``sum``. A counter holds the times above the bound before; Prometheus wants them added up.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from workers.store import keys
from workers.store.background_counts import BackgroundCounts

# As in freshness.lua.
FRESHNESS: Final = (
    *(1000, 2000, 5000, 10000, 20000, 30000, 60000, 120000, 300000, 600000, 1800000, 3600000),
    *(21600000, 86400000),
)
ACK: Final = (5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000)
INF: Final = "inf"
_QUARTER: Final = 900_000  # ms
_QUARTERS: Final = 4  # of an hour that count as of late, beside the present one


def cumulative(held: Mapping[str, int], bounds: Sequence[int]) -> list[tuple[str, float]]:
    """Return upper bound in s, as Prometheus writes it → values up to it."""
    total = 0
    buckets: list[tuple[str, float]] = []
    for bound in bounds:
        total += held.get(str(bound), 0)
        buckets.append((str(bound / 1000), total))
    return [*buckets, ("+Inf", total + held.get(INF, 0))]


def quantile(share: float, buckets: Sequence[tuple[str, float]]) -> float | None:
    """Return the time in s that *share* of the values do not exceed, as Prometheus estimates it."""
    total = buckets[-1][1]
    if not total:
        return None
    below, low = 0.0, 0.0
    for bound, count in buckets[:-1]:
        if count >= share * total:
            part = (share * total - below) / (count - below)
            return round(low + (float(bound) - low) * part, 3)
        below, low = count, float(bound)
    return low


def late_counts(held: Mapping[str, str], now_ms: float) -> dict[str, int]:
    """Return bound → values of the last hour, from `keys.FRESHNESS`."""
    this = int(now_ms // _QUARTER)
    counts: dict[str, int] = {}
    for name, number in held.items():
        quarter, _, bound = name.partition(":")
        if this - _QUARTERS <= int(quarter) <= this:
            counts[bound] = counts.get(bound, 0) + int(number)
    return counts


def of_late(held: Mapping[str, str], now_ms: float) -> dict[str, float | None]:
    """Return p50 and p99 of the last hour from `keys.FRESHNESS`; None: nothing was written."""
    buckets = cumulative(late_counts(held, now_ms), FRESHNESS)
    return {"p50": quantile(0.5, buckets), "p99": quantile(0.99, buckets)}


class AckTimes:
    """How long senders waited for their answers, as one web process measured it."""

    def __init__(self, counts: BackgroundCounts) -> None:
        self._counts = counts

    def observe(self, source: str, seconds: float) -> None:
        """Count one answer without waiting for the store."""
        counter, total = _ack_fields(source, bisect_left(ACK, seconds * 1000))
        micros = round(seconds * 1_000_000)
        self._counts.add((keys.METRICS, counter, 1), (keys.METRICS, total, micros))


@lru_cache(maxsize=1024)
def _ack_fields(source: str, place: int) -> tuple[str, str]:
    """Return the names of a counter, that of the bound at *place*, and of the sum."""
    bound = ACK[place] if place < len(ACK) else INF
    return f"ack:{source}:{bound}", f"ack:{source}:sum"
