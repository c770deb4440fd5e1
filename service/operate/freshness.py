"""How fresh the site is: what waits longest now, and how long written values took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from workers.store.histograms import FRESHNESS, INF, cumulative, quantile


@dataclass(frozen=True, slots=True)
class Step:
    """Values that took up to *seconds*, and longer than the step before; None: longer than all."""

    seconds: float | None
    values: int


@dataclass(frozen=True, slots=True)
class Spread:
    """
    How long values took from the arrival of their event to the answer of the CMS, in s.

    Args:
        p50, p99: Half of them, and 99 of 100, took no longer; None: nothing was written.
    """

    p50: float | None
    p99: float | None
    values: int
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Freshness:
    """
    Args:
        oldest_seconds: Age of the value that waits longest; 0: nothing waits.
        collection: Where that is.
        hour: Of the last hour; None: it is not known by destination.
        all: Since the counters began.
    """

    oldest_seconds: float
    collection: str | None
    hour: Spread | None
    all: Spread


def spread_of(counts: Mapping[str, int]) -> Spread:
    """Return the spread of *counts*, values by the bound in ms (`histograms.py`)."""
    buckets = cumulative(counts, FRESHNESS)
    steps = [Step(bound / 1000, counts.get(str(bound), 0)) for bound in FRESHNESS]
    return Spread(
        quantile(0.5, buckets),
        quantile(0.99, buckets),
        int(buckets[-1][1]),
        (*steps, Step(None, counts.get(INF, 0))),
    )


def counts_of(metrics: Mapping[str, str], collections: Collection[str]) -> Counter[str]:
    """Return bound → values of *collections*, from `keys.METRICS`."""
    counts: Counter[str] = Counter()
    for name, number in metrics.items():
        kind, _, rest = name.partition(":")
        if kind == "fresh":
            collection, copy, bound = rest.split(":")
            # What was published later is among the staged ones already.
            if collection in collections and copy != "site":
                counts[bound] += int(number)
    return counts


def oldest_of(collections: Mapping[str, Mapping[str, Any]]) -> tuple[float, str | None]:
    """Return the age in s of what waits longest, and in which of *collections* that is."""
    ages = [(entry["oldest_seconds"], name) for name, entry in collections.items()]
    seconds, name = max(ages, default=(0.0, ""))
    return (seconds, name) if seconds else (0.0, None)
