"""A sample: what the counters said at one moment, of which charts and rates are made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class SourceTotals:
    """What one source has sent so far, in deliveries; *refused*: requests, for any reason."""

    deliveries: int
    duplicates: int
    refused: int


@dataclass(frozen=True, slots=True)
class DestinationTotals:
    """
    The calls of one destination so far.

    Args:
        rate_limited: Calls that the CMS refused for their number.
        pending: Items that waited at that moment.
    """

    calls: int
    rate_limited: int
    pending: int


@dataclass(frozen=True, slots=True)
class Sample:
    """
    One reading of all counters.

    Args:
        at: ms since 1970, on the store's clock.
        accepted: Field values, of all sources.
        sources, destinations: Those that instep.toml had then.
    """

    at: float
    accepted: int
    sources: Mapping[str, SourceTotals] = field(default_factory=dict)
    destinations: Mapping[str, DestinationTotals] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Sample:
        """Return the sample that ``sample.lua`` has written; a later release may write more."""
        held: dict[str, Any] = json.loads(text)
        return cls(
            float(held["at"]),
            int(held["accepted"]),
            {name: SourceTotals(*map(int, own[:3])) for name, own in held["sources"].items()},
            {
                name: DestinationTotals(*map(int, own[:3]))
                for name, own in held["destinations"].items()
            },
        )


@dataclass(frozen=True, slots=True)
class Grain:
    """Slots of *ms*, beginning at 1970, of which the last *slots* have a sample."""

    name: str
    ms: int
    slots: int


MINUTES: Final = Grain("minute", 60_000, 122)  # 2 h, and the two ends
QUARTERS: Final = Grain("quarter", 900_000, 106)  # 26 h: this hour, and the same one of yesterday
